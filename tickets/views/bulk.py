"""What is done to many tickets at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import reswap, retarget, trigger_client_event

from accounts.access import requires, viewer
from accounts.models import Team, User
from tickets import actions
from tickets.actions.bulk import Changed
from tickets.actions.planning import due_at_of
from tickets.forms import (
    BulkAssignForm,
    BulkFieldForm,
    BulkForm,
    BulkReplyForm,
    BulkTagsForm,
    FieldsForm,
    PriorityForm,
    ResolveForm,
    StatusForm,
    new_client_id,
    problems_of,
)
from tickets.forms.planning import USUAL, BulkPlanForm
from tickets.models import BulkReply, Ticket, Undo
from tickets.queries.bulk import BULK_COOKIE, BULK_COOKIE_AGE, Progress, shown_bulk_replies
from tickets.queries.causes import choosable_causes
from tickets.queries.fields import named_rows, unfilled
from tickets.queries.follow_ups import templates_for
from tickets.views.acting import UNPROCESSABLE, see_other
from tickets.views.fields import status_choices
from tickets.views.inbox import know_names, viewer_with_teams, wants_fragment
from tickets.views.snoozing import SnoozeForm
from tickets.views.undoing import back, offer_undo

NAMED = 5  # tickets whose trouble is said one by one
FIELD = "field"
RESTORE = "restore"
FOLLOW_UP = "follow_up"
Change = Callable[[Ticket], Ticket]


def _assign(form: forms.Form, user: User) -> Change:
    return lambda ticket: actions.assign_ticket(ticket, by=user, **form.cleaned_data["to"])


def _set_status(form: forms.Form, user: User) -> Change:
    return lambda ticket: actions.set_status(ticket, by=user, **form.cleaned_data)


def _set_priority(form: forms.Form, user: User) -> Change:
    return lambda ticket: actions.set_priority(ticket, by=user, **form.cleaned_data)


def _tag(form: forms.Form, user: User) -> Change:
    how = form.cleaned_data["how"] or "add"
    return lambda ticket: actions.retag_ticket(ticket, by=user, **{how: form.cleaned_data["tags"]})


def _fill(form: forms.Form, user: User) -> Change:
    return lambda ticket: actions.set_fields(ticket, by=user, **form.cleaned_data)


def _snooze(form: forms.Form, user: User) -> Change:
    return lambda ticket: actions.snooze_ticket(ticket, by=user, until=form.cleaned_data["wake"].at)


def _plan(form: BulkPlanForm, user: User) -> Change:
    """On each customer's own clock. Sent twice, it is planned once; that is undone in one go (`_undo_plans`)."""
    asked = dict(form.cleaned_data)
    words, client_id = asked.pop("words"), asked.pop("client_id") or new_client_id()

    def plan(ticket: Ticket) -> Ticket:
        once = f"{client_id[:40]}-{ticket.pk}"
        row = actions.plan_follow_up(ticket, by=user, due_at=due_at_of(words, ticket), client_id=once, **asked)
        form.planned[ticket.pk] = {"follow_up": row.pk}
        return row.ticket

    return plan


def _resolve(form: forms.Form, user: User) -> Change:
    return lambda ticket: actions.resolve_ticket(ticket, by=user, **form.cleaned_data)


def _trash(form: forms.Form, user: User) -> Change:
    return lambda ticket: actions.trash_ticket(ticket, by=user)


def _restore(form: forms.Form, user: User) -> Change:
    return lambda ticket: actions.restore_ticket(ticket, by=user)


class Deed(NamedTuple):
    """What can be done to many: its title, who may, the form that says how, the change that follows, and its past
    (a sentence with a `count`)."""

    title: Promise
    permission: str
    form: type[forms.Form]
    change: Callable[[Any, User], Change]
    past: Promise


ASSIGNED = ngettext_lazy("%(count)s ticket assigned.", "%(count)s tickets assigned.", "count")
CHANGED = ngettext_lazy("%(count)s ticket changed.", "%(count)s tickets changed.", "count")
SNOOZED = ngettext_lazy("%(count)s ticket snoozed.", "%(count)s tickets snoozed.", "count")
SOLVED = ngettext_lazy("%(count)s ticket solved.", "%(count)s tickets solved.", "count")
PLANNED = ngettext_lazy("Planned on %(count)s ticket.", "Planned on %(count)s tickets.", "count")
TRASHED = ngettext_lazy("%(count)s ticket moved to the trash.", "%(count)s tickets moved to the trash.", "count")
RESTORED = ngettext_lazy("%(count)s ticket restored.", "%(count)s tickets restored.", "count")
DEEDS = {
    "assign": Deed(gettext_lazy("Assign"), "tickets.assign", BulkAssignForm, _assign, ASSIGNED),
    "status": Deed(gettext_lazy("Status"), "tickets.set_status", StatusForm, _set_status, CHANGED),
    "priority": Deed(gettext_lazy("Priority"), "tickets.set_priority", PriorityForm, _set_priority, CHANGED),
    "tag": Deed(gettext_lazy("Tags"), "tickets.tag", BulkTagsForm, _tag, CHANGED),
    FIELD: Deed(gettext_lazy("Field"), "tickets.set_fields", BulkFieldForm, _fill, CHANGED),
    "snooze": Deed(gettext_lazy("Snooze"), "tickets.set_status", SnoozeForm, _snooze, SNOOZED),
    FOLLOW_UP: Deed(gettext_lazy("Plan a follow-up"), "tickets.reply", BulkPlanForm, _plan, PLANNED),
    "resolve": Deed(gettext_lazy("Solve"), "tickets.resolve", ResolveForm, _resolve, SOLVED),
    "trash": Deed(pgettext_lazy("verb", "Trash"), "tickets.trash", forms.Form, _trash, TRASHED),
    RESTORE: Deed(gettext_lazy("Restore"), "tickets.trash", forms.Form, _restore, RESTORED),
}
REPLY = "reply"


@requires("tickets.view")
@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: HttpRequest) -> HttpResponse:
    """Ask what to do with up to 200 tickets that the viewer sees, and do it."""
    return _change(request) if request.method == "POST" else _ask(request)


def _ask(request: HttpRequest) -> HttpResponse:
    """One thing to do for the bar's panel, or a page with all of them for a browser without a script."""
    user = viewer(request)
    if wants_fragment(request):
        do = request.GET.get("do", "")
        title = dict(_deeds(user)).get(do)
        if title is None:
            raise Http404
        context = _choices() | {"do": do, "title": title}
        if do == FOLLOW_UP:
            context |= _plan_choices(request)
        return render(request, "tickets/_bulk_panel.html", context)
    asked = BulkForm({"do": "ask"} | {"number": request.GET.getlist("number")})
    if not asked.is_valid():
        messages.error(request, problems_of(asked))
        return redirect(back(request))
    return _page(request, asked.cleaned_data["number"])


def _plan_choices(request: HttpRequest) -> dict[str, Any]:
    """The form of a follow-up, filled from a template if one is chosen, and with what was typed if it was refused."""
    templates, pk = list(templates_for(viewer_with_teams(request))), request.GET.get("template", "")
    chosen = next((one for one in templates if str(one.pk) == pk), None)
    told = (
        {"kind": chosen.kind, "body": chosen.body, "words": chosen.when, "unless": chosen.unless} if chosen else USUAL
    )
    is_typed = request.POST.get("do") == FOLLOW_UP
    form = BulkPlanForm(request.POST if is_typed else None, initial=told)
    return {"plan_templates": templates, "chosen": chosen, "plan_form": form}


def _deeds(user: User) -> list[tuple[str, str]]:
    """What they may do, with its title."""
    deeds = [(do, str(deed.title)) for do, deed in DEEDS.items() if user.has_perm(deed.permission)]
    return [*deeds, (REPLY, pgettext("verb", "Reply"))] if user.has_perm("tickets.reply") else deeds


def _choices(typed: QueryDict | None = None) -> dict[str, Any]:
    """What the forms ask; `typed` is what was typed there."""
    return {
        "people": User.objects.filter(is_active=True),
        "teams": Team.objects.all(),
        "root_causes": choosable_causes(),
        "client_id": new_client_id(),
        "fields": unfilled(FieldsForm(typed).values),
        **status_choices(named_rows()),
    }


def _page(request: HttpRequest, numbers: list[int], *, wrong: str = "") -> HttpResponse:
    """All forms for these tickets; with what is wrong in one of them, and what was typed there."""
    user = viewer(request)
    chosen = Ticket.objects.visible_to(user).filter(pk__in=numbers).select_related("customer").order_by("-pk")
    in_trash = Ticket.objects.trash_of(user).filter(pk__in=numbers).select_related("customer").order_by("-pk")
    tickets = list(chosen) or list(in_trash)
    is_trash = bool(tickets) and tickets[0].trashed_at is not None
    know_names(tickets)
    choices = _choices(request.POST)
    usable = [(do, title) for do, title in _deeds(user) if do != FIELD or choices["fields"]]
    context = (
        choices
        | _plan_choices(request)
        | {
            "deeds": [(do, title) for do, title in usable if (do == RESTORE) == is_trash],
            "tickets": tickets,
            "numbers": [ticket.pk for ticket in tickets],
            "wrong": wrong,
            "typed": request.POST,
        }
    )
    return render(request, "tickets/bulk.html", context, status=UNPROCESSABLE if wrong else 200)


def _refuse(request: HttpRequest, numbers: list[int], words: str) -> HttpResponse:
    """What is wrong, and what was typed is kept: the panel still has it, the page gets it back."""
    if wants_fragment(request):
        return _answer(request, [words], is_error=True)
    return _page(request, numbers, wrong=words)


def _change(request: HttpRequest) -> HttpResponse:
    """Do one thing to all of them, and say how many it was and which it was not."""
    asked, user = BulkForm(request.POST), viewer(request)
    if not asked.is_valid():
        return _answer(request, [problems_of(asked)], is_error=True)
    numbers, do = asked.cleaned_data["number"], asked.cleaned_data["do"]
    if do == REPLY:
        return _reply(request, numbers)
    if do not in DEEDS:
        return _answer(request, [_("There is no such thing to do.")], is_error=True)
    deed = DEEDS[do]
    form = deed.form(request.POST)
    if not form.is_valid():
        return _refuse(request, numbers, problems_of(form))
    meant = Ticket.objects.trash_of(user) if do == RESTORE else Ticket.objects.visible_to(user)
    seen = list(meant.filter(pk__in=numbers))
    changed = actions.change_many(seen, by=user, change=deed.change(form, user)) if seen else Changed()
    if isinstance(form, BulkPlanForm):
        changed.undo = _undo_plans(form, changed, user)
    missing = sorted(set(numbers) - {ticket.pk for ticket in seen})
    changed.left |= dict.fromkeys(missing, _("It is not there any more, or not yours to see."))
    return _answer(request, *_said(changed, deed.past), undo=changed.undo, numbers=changed.done + changed.same)


def _undo_plans(form: BulkPlanForm, changed: Changed, user: User) -> Undo | None:
    """What was planned on all of them is called off again in one go."""
    was = {number: form.planned[number] for number in changed.done}
    if not was:
        return None
    return actions.offer_to_undo_each(was, by=user, do="plan", label=str(PLANNED % {"count": len(was)}).rstrip("."))


def _said(changed: Changed, past: Any) -> tuple[list[str], bool]:
    """What became of it, in sentences, and whether that is trouble."""
    said = [past % {"count": len(changed.done)}] if changed.done else []
    if changed.same:
        so = ngettext("%(count)s ticket was so already.", "%(count)s tickets were so already.", len(changed.same))
        said.append(so % {"count": len(changed.same)})
    if changed.left:
        left = ngettext("%(count)s ticket left as it is.", "%(count)s tickets left as they are.", len(changed.left))
        said.append(left % {"count": len(changed.left)})
        named = list(changed.left.items())[:NAMED]
        said += [_("Ticket %(number)s: %(why)s") % {"number": number, "why": why} for number, why in named]
        if len(changed.left) > NAMED:
            said.append("…")
    return said, bool(changed.left)


def _answer(
    request: HttpRequest,
    said: list[str],
    is_error: bool = False,
    *,
    undo: Undo | None = None,
    numbers: list[int] | None = None,
) -> HttpResponse:
    """To a browser with a script the words and what it may forget of its selection; else the list with the words."""
    words = " ".join(said)
    if wants_fragment(request):
        response = HttpResponse(status=204 if numbers is not None else UNPROCESSABLE)
        # The offer to undo says itself what was done.
        if is_error or undo is None:
            trigger_client_event(response, "desk:toast", {"text": words, "isError": is_error})
        trigger_client_event(response, "desk:bulk", {"numbers": numbers or [], "text": words, "isError": is_error})
    else:
        if is_error or undo is None:
            (messages.error if is_error else messages.info)(request, words)
        response = see_other(back(request))
    offer_undo(response, undo)
    return response


# --- Replying ------------------------------------------------------------------------------


def _reply(request: HttpRequest, numbers: list[int]) -> HttpResponse:
    """Promise the same words on many tickets."""
    form, user = BulkReplyForm(request.POST), viewer(request)
    if not user.has_perm("tickets.reply"):
        raise PermissionDenied
    if not form.is_valid():
        return _refuse(request, numbers, problems_of(form))
    seen = Ticket.objects.visible_to(user).filter(pk__in=numbers)
    body, client_id = form.cleaned_data["body"], form.cleaned_data["client_id"] or new_client_id()
    try:
        promised = actions.begin_bulk_reply(seen, by=user, body=body, client_id=client_id)
    except ValidationError as error:
        return _refuse(request, numbers, " ".join(error.messages))
    response = _show(request, *shown_bulk_replies(user)) if wants_fragment(request) else see_other(back(request))
    # Other pages need not ask whether there is one.
    response.set_cookie(BULK_COOKIE, "1", max_age=BULK_COOKIE_AGE, httponly=True, samesite="Lax")
    if wants_fragment(request):
        retarget(reswap(response, "outerHTML"), "#bulk-progress")
        meant = list(promised.rows.values_list("ticket", flat=True))
        trigger_client_event(response, "desk:bulk", {"numbers": meant, "text": "", "isError": False})
    return response


@requires("tickets.reply")
@require_safe
def replies(request: HttpRequest) -> HttpResponse:
    """How far one's replies to many have come; nothing if there is none under way or just done."""
    return _show(request, *shown_bulk_replies(viewer(request)))


@requires("tickets.reply")
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Send no more of it; what has not begun is taken back."""
    promised = get_object_or_404(BulkReply, pk=pk, user=viewer(request))
    actions.stop_bulk_reply(promised, by=viewer(request))
    if not wants_fragment(request):
        return see_other(back(request))
    return _show(request, *shown_bulk_replies(viewer(request)))


def _show(request: HttpRequest, *shown: Progress) -> HttpResponse:
    return render(request, "tickets/_bulk_progress.html", {"bulk_replies": shown})
