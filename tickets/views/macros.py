"""Macros: kept under Settings, chosen beside the words that one writes, and their steps done at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import User
from customers.models import Customer
from tickets import actions
from tickets.actions.standard_macros import add_standard_macros, has_standard_macros
from tickets.forms import ApplyForm, MacroForm
from tickets.macros import VARIABLES, Steps, unknown_names
from tickets.macros import render as render_words
from tickets.models import Macro, Ticket
from tickets.queries.macros import find_macros
from tickets.views.acting import UNPROCESSABLE, act_on
from tickets.views.inbox import viewer_with_teams

MOST = 50
MOST_LISTED = 500
MAX_WORDS = 100


@dataclass(frozen=True)
class Shown:
    """A macro as a page shows it."""

    macro: Macro
    steps: list[dict[str, str]]
    words: str = ""
    is_changeable: bool = False


# --- Under Settings ----------------------------------------------------------------------
@requires("tickets.reply")
@require_safe
def macros(request: HttpRequest) -> HttpResponse:
    """All that one sees, or what `?q=` finds."""
    user, words = viewer_with_teams(request), _words(request)
    found, steps = list(find_macros(user, words)[: MOST_LISTED + 1]), Steps()
    may_share = user.has_perm("tickets.share")
    shown = [
        Shown(macro, steps.shown(macro.steps), is_changeable=may_share or macro.is_private)
        for macro in found[:MOST_LISTED]
    ]
    groups = [
        (_("Only you"), [row for row in shown if row.macro.is_private]),
        (_("Your teams"), [row for row in shown if row.macro.team_id]),
        (_("Everybody"), [row for row in shown if not row.macro.is_private and not row.macro.team_id]),
    ]
    context = {"groups": [group for group in groups if group[1]], "q": words, "has_more": len(found) > MOST_LISTED}
    context["lacks_standard"] = may_share and not words and not has_standard_macros()
    return render(request, "tickets/macros.html", context | {"section": "macros", "most": MOST_LISTED})


@requires("tickets.share")
@require_POST
def add_standard(request: HttpRequest) -> HttpResponse:
    """Those that every company needs, for everybody; pressed twice, they are added once."""
    if add_standard_macros(by=viewer(request)):
        messages.success(request, _("Everybody has them now. Make their words your own."))
    return redirect("macros:list")


@requires("tickets.reply")
@require_http_methods(["GET", "HEAD", "POST"])
def new_macro(request: HttpRequest) -> HttpResponse:
    user = viewer_with_teams(request)
    form = MacroForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            macro = actions.create_macro(by=user, **form.chosen())
        except ValidationError as error:
            refuse(form, error)
        else:
            said = _("“%(name)s” is kept. Press m or # on a ticket to use it.")
            messages.success(request, said % {"name": macro.name})
            return redirect("macros:list")
    return _form_page(request, form)


@requires("tickets.reply")
@require_http_methods(["GET", "HEAD", "POST"])
def macro(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one; who may not change it sees it, and can make a copy of their own."""
    user = viewer_with_teams(request)
    found = _visible(user, pk)
    if not Macro.objects.changeable_by(user).filter(pk=pk).exists():
        if request.method == "POST":
            raise PermissionDenied
        context = _preview(user, found.body, Steps().shown(found.steps))
        return render(request, "tickets/macro_seen.html", context | {"macro": found, "section": "macros"})
    form = MacroForm(request.POST if request.method == "POST" else None, user=user, macro=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_macro(found, by=user, **form.chosen())
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("macros:list")
    return _form_page(request, form, found)


@requires("tickets.reply")
@require_POST
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    """A copy of one's own, open to be changed."""
    user = viewer_with_teams(request)
    try:
        copy = actions.copy_macro(_visible(user, pk), by=user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("macros:list")
    messages.success(request, _("This is your own copy."))
    return redirect("macros:macro", copy.pk)


@requires("tickets.reply")
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """For good: the page asks before it sends this."""
    user = viewer_with_teams(request)
    found = _visible(user, pk)
    actions.delete_macro(found, by=user)
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
    return redirect("macros:list")


@requires("tickets.reply")
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """How what stands in the form would read; nothing is kept."""
    user = viewer_with_teams(request)
    form = MacroForm(request.POST, user=user)
    form.is_valid()
    steps = form.steps.shown(form.cleaned_data.get("steps", []))
    context = _preview(user, form.cleaned_data.get("body", form["body"].value() or ""), steps)
    return render(request, "tickets/_macro_preview.html", context)


def _form_page(request: HttpRequest, form: MacroForm, macro: Macro | None = None) -> HttpResponse:
    steps = form.steps.shown(form.cleaned_data["steps"] if form.is_bound else macro.steps if macro else [])
    context = _preview(form.user, form["body"].value() or "", steps) | {
        "form": form,
        "macro": macro,
        "variables": VARIABLES.values(),
        "section": "macros",
    }
    return render(request, "tickets/macro.html", context, status=UNPROCESSABLE if form.errors else 200)


def _preview(user: User, body: str, steps: list[dict[str, str]]) -> dict[str, Any]:
    """The words for somebody made up: no customer's name belongs on a page of settings."""
    example = Ticket(
        number=1042,
        reference="7k2m9q4x0b3dn",
        subject=_("The tyre is too wide"),
        customer=Customer(name="Nadia Okafor"),
    )
    return {"words": render_words(body, example, user), "steps": steps, "unknown": unknown_names(body)}


# --- On a ticket -------------------------------------------------------------------------
@requires("tickets.reply")
@require_safe
def choices(request: HttpRequest, number: int) -> HttpResponse:
    """What `?q=` finds, as the options of a list: the most used first."""
    user = viewer_with_teams(request)
    ticket = get_object_or_404(Ticket.objects.visible_to(user).select_related("customer"), pk=number)
    words = _words(request)
    found, steps = find_macros(user, words)[:MOST], Steps()
    shown = [
        Shown(macro, steps.shown(macro.steps), words=render_words(macro.body, ticket, user).strip()) for macro in found
    ]
    return render(request, "tickets/_macro_options.html", {"ticket": ticket, "shown": shown, "q": words})


@requires("tickets.reply")
@require_safe
def choice(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """One macro as it would be on this very ticket: its words, and what it will do."""
    user = viewer_with_teams(request)
    ticket = get_object_or_404(Ticket.objects.visible_to(user).select_related("customer"), pk=number)
    found = _visible(user, pk)
    context = {
        "macro": found,
        "words": render_words(found.body, ticket, user),
        "steps": Steps().shown(found.steps),
        "unknown": unknown_names(found.body),
    }
    return render(request, "tickets/_macro_choice.html", context)


@requires("tickets.reply")
@require_POST
def apply(request: HttpRequest, number: int) -> HttpResponse:
    """Do the steps that are chosen, without a word; all but a note can be undone for a while."""
    form, user = ApplyForm(request.POST), viewer(request)

    def act(ticket: Ticket) -> None:
        chosen = form.cleaned_data
        actions.apply_steps(
            ticket, by=user, steps=chosen["step"], macros=chosen["macro"], client_id=chosen["client_id"]
        )

    return act_on(request, number, form, act, is_undoable=True)


def _visible(user: User, pk: int) -> Macro:
    return get_object_or_404(Macro.objects.visible_to(user).select_related("team"), pk=pk)


def _words(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "")[:MAX_WORDS].strip()
