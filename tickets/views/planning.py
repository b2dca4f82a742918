"""Follow-ups: planned on a ticket, changed and done there, and a page of all that is due."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import reselect, reswap, retarget, trigger_client_event

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import User
from tickets import actions, when
from tickets.actions import follow_up_templates
from tickets.forms.fields import is_key
from tickets.forms.planning import ChangePlanForm, FollowUpDeedForm, PlanForm, TemplateForm
from tickets.macros import render as render_words
from tickets.macros import unknown_names
from tickets.models import FollowUp, FollowUpTemplate, Ticket, Undo
from tickets.queries.follow_ups import ALL, MINE, TEAMS, due_page, shown, stretch_of, templates_for, zone_of
from tickets.queries.inbox import Cursor
from tickets.views.acting import UNPROCESSABLE, after, see_other
from tickets.views.inbox import answer, know_names, viewer_with_teams, wants_fragment
from tickets.views.undoing import offer_undo

MAX_WORDS = 5000
STRETCHES = {
    "overdue": gettext_lazy("Due"),
    "today": gettext_lazy("Today"),
    "week": gettext_lazy("Within a week"),
    "later": gettext_lazy("Later"),
}
SAID = {
    "call_off": gettext_lazy("Follow-up called off"),
    "done": gettext_lazy("Task done"),
    "plan": gettext_lazy("Follow-up planned"),
    "change": gettext_lazy("Follow-up changed"),
}


# --- On a ticket ---------------------------------------------------------------------------
@requires("tickets.note")
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, number: int) -> HttpResponse:
    """Ask what is to happen when, and plan it. `?template=` fills the form, as does `?again=` from one that is over."""
    user = viewer_with_teams(request)
    ticket = _ticket(request, number)
    chosen = _template(request, user)
    if request.method == "POST":
        form = PlanForm(request.POST, ticket=ticket)
    else:
        told = chosen or _over(request, ticket)
        form = PlanForm(ticket=ticket, initial=PlanForm.said_by(told, ticket) if told else {})
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.plan_follow_up(ticket, by=user, **form.planned())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            undo = _offer(ticket, row, user, do="plan", said="plan")
            return offer_undo(_show_ticket(request, ticket), undo)
    return _ask(request, form, chosen)


@requires("tickets.note")
@require_http_methods(["GET", "HEAD", "POST"])
def planned(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Change one that is planned."""
    user = viewer_with_teams(request)
    ticket = _ticket(request, number)
    row = get_object_or_404(FollowUp.objects.planned().select_related("assignee"), pk=pk, ticket=ticket)
    told = PlanForm.said_by(row, ticket)
    form = ChangePlanForm(request.POST if request.method == "POST" else None, ticket=ticket, initial=told)
    if request.method == "POST" and form.is_valid():
        was = {"by": row.by_id, "body": row.body, "due_at": row.due_at.isoformat(), "unless": row.unless}
        was["assignee"] = row.assignee_id
        try:
            actions.change_follow_up(row, by=user, **form.changed(row))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            undo = _offer(ticket, row, user, do="rechange", said="change", **was)
            return offer_undo(_show_ticket(request, ticket), undo)
    return _ask(request, form, None, row)


@requires("tickets.note")
@require_POST
def deed(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Send it now, call it off, plan it again; tick a task off. `from=list` goes back to the list that it stands in."""
    user, ticket = viewer(request), _ticket(request, number)
    row = get_object_or_404(FollowUp.objects.planned(), pk=pk, ticket=ticket)
    form = FollowUpDeedForm(request.POST)
    undo: Undo | None = None
    wrong = _("There is no such thing to do.")
    if form.is_valid():
        try:
            undo, wrong = _do(form.cleaned_data["do"], ticket, row, user), ""
        except ValidationError as error:
            wrong = " ".join(error.messages)
    response = _show_list(request) if request.POST.get("from") == "list" else _show_ticket(request, ticket)
    if wrong:
        _say_wrong(request, response, wrong)
    return offer_undo(response, undo)


def _do(do: str, ticket: Ticket, row: FollowUp, user: User) -> Undo | None:
    if do == "now":
        actions.do_follow_up_now(row, by=user)
        return None
    if do == "restore":
        actions.restore_follow_up(row, by=user)
        return None
    if do == "done":
        actions.complete_task(row, by=user)
    else:
        actions.drop_follow_up(row, by=user)
    return _offer(ticket, row, user, do="replan", said=do)


def _offer(ticket: Ticket, row: FollowUp, user: User, *, do: str, said: str, **was: Any) -> Undo:
    """What was done can be undone for a while."""
    return actions.offer_to_undo(ticket, by=user, do=do, was={"follow_up": row.pk} | was, label=str(SAID[said]))


def _say_wrong(request: HttpRequest, response: HttpResponse, words: str) -> None:
    if wants_fragment(request):
        trigger_client_event(response, "desk:toast", {"text": words, "isError": True})
    else:
        messages.error(request, words)


def _ticket(request: HttpRequest, number: int) -> Ticket:
    seen = Ticket.objects.visible_to(viewer(request)).select_related("customer", "site__calendar")
    return get_object_or_404(seen, pk=number)


def _template(request: HttpRequest, user: User) -> FollowUpTemplate | None:
    pk = request.GET.get("template", "")
    return templates_for(user).filter(pk=int(pk)).first() if is_key(pk) else None


def _over(request: HttpRequest, ticket: Ticket) -> FollowUp | None:
    """One that could not leave, say, and is to be planned anew."""
    pk = request.GET.get("again", "")
    return FollowUp.objects.planned().filter(pk=int(pk), ticket=ticket).first() if is_key(pk) else None


def _show_ticket(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    response = after(request, ticket)
    if wants_fragment(request):
        retarget(reswap(reselect(response, "#conversation"), "outerHTML"), "#conversation")
        trigger_client_event(response, "desk:due", {}, after="settle")
    return response


def _ask(
    request: HttpRequest, form: PlanForm, template: FollowUpTemplate | None, row: FollowUp | None = None
) -> HttpResponse:
    """The panel, or a page of its own, with what was typed so far and how it reads."""
    user, ticket = viewer_with_teams(request), form.ticket
    know_names([ticket])
    zone = zone_of(ticket)
    context = {
        "ticket": ticket,
        "form": form,
        "row": row,
        "templates": list(templates_for(user)) if row is None else [],
        "chosen": template,
        "zone": zone,
        "assignees": User.objects.filter(is_active=True),
        "current_view": request.GET.get("view", ""),
        "moments": [(f"{one.at:%Y-%m-%d %H:%M}", one.label) for one in when.choices(timezone.now(), zone) if one.at],
    } | _preview(user, ticket, form, row)
    page = "tickets/_plan.html" if wants_fragment(request) else "tickets/plan.html"
    return render(request, page, context, status=UNPROCESSABLE if form.errors else 200)


@requires("tickets.note")
@require_POST
def preview(request: HttpRequest, number: int) -> HttpResponse:
    """How what stands in the form would read, and when that is; nothing is kept."""
    user, ticket = viewer(request), _ticket(request, number)
    context = _preview(user, ticket, PlanForm(request.POST, ticket=ticket))
    return render(request, "tickets/_plan_preview.html", context | {"zone": zone_of(ticket), "ticket": ticket})


def _preview(user: User, ticket: Ticket, form: PlanForm, row: FollowUp | None = None) -> dict[str, Any]:
    words, body = str(form["words"].value() or ""), str(form["body"].value() or "")[:MAX_WORDS]
    wake = when.read(words, now=timezone.now(), zone=zone_of(ticket)) if words else None
    is_task = row.is_task if row else form["kind"].value() == FollowUp.Kind.TASK
    return {
        "typed": words.strip(),
        "due_at": wake.at if wake else None,
        "is_task": is_task,
        "words": "" if is_task else render_words(body, ticket, user, is_markdown=True),
        "unknown": unknown_names(body),
    }


# --- What is due ---------------------------------------------------------------------------
@requires("tickets.view")
@require_safe
def due(request: HttpRequest) -> HttpResponse:
    """What is planned on the tickets that one sees: one's own, one's teams', or all."""
    return _list(request, request.GET.get("show", MINE), request.GET.get("cursor", ""))


def _show_list(request: HttpRequest) -> HttpResponse:
    """The list from which something was done, as it is now."""
    show = request.POST.get("show", MINE)
    if wants_fragment(request):
        response = _list(request, show, "")
        trigger_client_event(response, "desk:due", {}, after="settle")
        return response
    return see_other(reverse("tickets:due") + "?" + urlencode({"show": show if show in (MINE, TEAMS, ALL) else MINE}))


def _list(request: HttpRequest, show: str, cursor: str) -> HttpResponse:
    user, now = viewer_with_teams(request), timezone.localtime()
    whose = show if show in (MINE, TEAMS, ALL) else MINE
    place = Cursor.parse(cursor)
    page = due_page(user, whose, place if place and place.stretch == "f" else None)
    know_names([row.ticket for row in page.rows])
    context = {
        "groups": _groups(page.rows, now),
        "show": whose,
        "shows": _shows(user),
        "next_cursor": str(page.next_cursor) if page.next_cursor else "",
        "is_first_page": place is None,
        "section": "follow-ups",
    }
    return answer(request, context, page="follow_ups/list.html", fragment="follow_ups/_list.html")


def _groups(rows: list[FollowUp], now: datetime) -> list[dict[str, Any]]:
    """The rows in order of time, under what one calls that time."""
    parts = groupby(rows, key=lambda row: stretch_of(row.due_at, now))
    return [
        {"key": key, "label": STRETCHES[key], "rows": [shown(row, row.ticket) for row in part]} for key, part in parts
    ]


def _shows(user: User) -> list[tuple[str, str]]:
    shows = [(MINE, pgettext("follow-ups", "Mine"))]
    if user.teams.all():
        shows.append((TEAMS, pgettext("follow-ups", "My teams’")))
    return [*shows, (ALL, pgettext("follow-ups", "All"))]


# --- Templates, under Settings -------------------------------------------------------------
@requires("tickets.shape")
@require_safe
def templates(request: HttpRequest) -> HttpResponse:
    """All of them, and those that are put away."""
    found = list(FollowUpTemplate.objects.select_related("team"))
    context = {
        "templates": [one for one in found if one.archived_at is None],
        "archived": [one for one in found if one.archived_at is not None],
        "section": "follow-up-templates",
    }
    return render(request, "follow_ups/templates.html", context)


@requires("tickets.shape")
@require_http_methods(["GET", "HEAD", "POST"])
def new_template(request: HttpRequest) -> HttpResponse:
    form = TemplateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            template = follow_up_templates.create_template(by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            said = _("“%(name)s” is kept. Press f on a ticket to use it.")
            messages.success(request, said % {"name": template.name})
            return redirect("shaping:follow_ups")
    return _template_page(request, form)


@requires("tickets.shape")
@require_http_methods(["GET", "HEAD", "POST"])
def template(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one; what was planned with it stays."""
    found = get_object_or_404(FollowUpTemplate, pk=pk)
    form = TemplateForm(request.POST if request.method == "POST" else None, template=found)
    if request.method == "POST" and form.is_valid():
        try:
            follow_up_templates.change_template(found, by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("shaping:follow_ups")
    return _template_page(request, form, found)


@requires("tickets.shape")
@require_POST
def archive_template(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer it no more, or again (`do=restore`)."""
    found, is_archived = get_object_or_404(FollowUpTemplate, pk=pk), request.POST.get("do") != "restore"
    follow_up_templates.archive_template(found, by=viewer(request), is_archived=is_archived)
    said = _("“%(name)s” is put away. What was planned with it stays.") if is_archived else _("“%(name)s” is back.")
    messages.success(request, said % {"name": found.name})
    return redirect("shaping:follow_ups")


def _template_page(request: HttpRequest, form: TemplateForm, found: FollowUpTemplate | None = None) -> HttpResponse:
    context = {"form": form, "template": found, "section": "follow-up-templates"}
    return render(request, "follow_ups/template.html", context, status=UNPROCESSABLE if form.errors else 200)
