"""What the doors of a ticket share: a form acts on it and its page is shown again, or says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import HttpResponseClientRedirect, push_url, trigger_client_event

from accounts.access import viewer
from accounts.models import User
from customers.models import Customer
from tickets import actions
from tickets.forms import (
    ChecklistForm,
    CopyForm,
    InviteForm,
    LinkForm,
    ReplyForm,
    ResolveForm,
    TransferForm,
    problems_of,
)
from tickets.models import (
    ChecklistItem,
    Copied,
    Draft,
    Event,
    Follow,
    FollowUp,
    ReadMark,
    ScheduledReply,
    Tag,
    Ticket,
)
from tickets.models.ticket import TicketQuerySet
from tickets.queries import timeline
from tickets.queries.causes import choosable_causes
from tickets.queries.checklists import checklist_of
from tickets.queries.copied import copies_of
from tickets.queries.fields import shape_rows
from tickets.queries.follow_ups import planned_on
from tickets.queries.hardship import was_hard
from tickets.queries.people import (
    all_teams,
    follower_names,
    helper_rows,
    helpers,
    possible_assignees,
    who_snoozed,
)
from tickets.queries.prepared import KINDS, Kind, Prepared, keys_of, slot
from tickets.queries.promises import promise_rows, standings
from tickets.queries.relating import Links, has_links, links_of
from tickets.queries.removed_files import know_removers
from tickets.views.drafts import composing
from tickets.views.fields import shape_context
from tickets.views.inbox import answer, know_names, viewer_with_teams, wants_fragment, workspace
from tickets.views.undoing import offer_undo

OTHERS = 8
IN_TRASH = gettext_lazy("This ticket is in the trash. Restore it first.")
UNPROCESSABLE = 422
# The forms whose templates have a place for it.
SAY_WHAT_IS_WRONG = {
    "reply_form",
    "resolve_form",
    "transfer_form",
    "invite_form",
    "snooze_form",
    "link_form",
    "checklist_form",
}


def act_on(
    request: HttpRequest,
    number: int,
    form: forms.Form,
    act: Callable[[Ticket], object],
    *,
    shown_as: str = "",
    is_undoable: bool = False,
) -> HttpResponse:
    """Let a valid form act on the ticket and show it again; otherwise say what is wrong, with what was typed.

    `shown_as` is the form's name in the templates, if they show what was typed in it.
    """
    ticket = Ticket.objects.visible_to(viewer(request)).filter(pk=number).first()
    if ticket is None:
        return _refuse_in_trash(request, number, form)
    if form.is_valid():
        try:
            if not is_undoable:
                act(ticket)
                return after(request, ticket)
            with actions.remembering([ticket], by=viewer(request)) as noted:
                act(ticket)
            return offer_undo(after(request, ticket), noted.undo)
        except ValidationError as error:
            form.add_error(None, error)
    return _refuse(request, ticket, form, shown_as)


def _refuse_in_trash(request: HttpRequest, number: int, form: forms.Form) -> HttpResponse:
    """Nothing is done to what is in the trash, and whoever may see it there is told so; 404 for all others."""
    ticket = get_object_or_404(Ticket.objects.trash_of(viewer(request)), pk=number)
    form.is_valid()
    form.add_error(None, IN_TRASH)
    return _refuse(request, ticket, form, "")


def after(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """The ticket as it is now, or the inbox if it went where the viewer cannot follow."""
    query = "?" + urlencode({"view": request.GET["view"]}) if "view" in request.GET else ""
    if not Ticket.objects.visible_to(viewer(request)).filter(pk=ticket.pk).exists():
        if Ticket.objects.trash_of(viewer(request)).filter(pk=ticket.pk).exists():
            return _close(request, ticket, reverse("tickets:inbox") + query)
        messages.info(request, _("Ticket %(number)s is now with another team.") % {"number": ticket.number})
        inbox = reverse("tickets:inbox") + query
        return HttpResponseClientRedirect(inbox) if wants_fragment(request) else see_other(inbox)
    if wants_fragment(request):
        return _show_again(request, ticket.pk)
    return see_other(ticket.get_absolute_url() + query)


def _close(request: HttpRequest, ticket: Ticket, inbox: str) -> HttpResponse:
    """Back to the list, without what is in the trash now."""
    if not wants_fragment(request):
        messages.info(request, _("Ticket %(number)s is in the trash.") % {"number": ticket.number})
        return see_other(inbox)
    response = render(request, "tickets/_closed.html", {"tickets": []})
    trigger_client_event(response, "desk:reload", {}, after="settle")
    return push_url(response, inbox)


def _show_again(request: HttpRequest, number: int) -> HttpResponse:
    ticket = ticket_in_full(request, number)
    actions.mark_seen(ticket, by=viewer(request), seq=ticket.last_seq)
    return ticket_page(request, ticket)


def see_other(url: str) -> HttpResponse:
    response = redirect(url)
    response.status_code = 303  # the answer to a POST is to GET that page
    return response


def _refuse(request: HttpRequest, ticket: Ticket, form: forms.Form, shown_as: str) -> HttpResponse:
    """The page again, 422, with what was typed and what is wrong with it: in the form, or as a toast."""
    ticket = ticket_in_full(request, ticket.pk)
    has_place = shown_as in SAY_WHAT_IS_WRONG and not (shown_as != "reply_form" and ticket.is_solved)
    words = problems_of(form)
    if not has_place and not wants_fragment(request):
        messages.error(request, words)
    response = ticket_page(request, ticket, status=UNPROCESSABLE, **({shown_as: form} if shown_as else {}))
    if not has_place and wants_fragment(request):
        trigger_client_event(response, "desk:toast", {"text": words, "isError": True})
    return response


def ticket_in_full(request: HttpRequest, number: int) -> Ticket:
    """The ticket with what its page shows of it, also from the trash; 404 if the viewer may not see it."""
    user = viewer_with_teams(request)
    found = _prepared(Kind.of(user)).rows(keys_of(user, number))
    return found[0] if found else get_object_or_404(_in_full(Ticket.objects.trash_of(user), user), pk=number)


@lru_cache(KINDS)
def _prepared(kind: Kind) -> Prepared[Ticket]:
    somebody = kind.stand_in()
    tickets = _in_full(Ticket.objects.visible_to(somebody), somebody)
    return Prepared(tickets.filter(pk=slot(kind.next_slot)))


def _in_full(tickets: TicketQuerySet, user: User) -> TicketQuerySet:
    """It is prepared: nothing here may depend on the time, or on more of the user than their `Kind` and keys."""
    tickets = tickets.select_related("customer__company", "customer__merged_into", "site", "rating", "named_status")
    names = Tag.objects.filter(tickets=OuterRef("pk")).values("name")
    asks = FollowUp.objects.scheduled().filter(ticket=OuterRef("pk"), kind=FollowUp.Kind.AFTER_SOLVING).values("due_at")
    read = ReadMark.objects.filter(ticket=OuterRef("pk"), customer=OuterRef("customer"))
    return tickets.annotate(
        tag_names=ArraySubquery(names),
        follow_up_at=Subquery(asks[:1]),
        read_seq=Subquery(read.values("seq")),
        read_at=Subquery(read.values("at")),
        helper_rows=helper_rows(),
        follower_names=follower_names(),
        is_followed=Exists(Follow.objects.filter(ticket=OuterRef("pk"), user=user)),
        **shape_rows(),
        has_draft=Exists(Draft.objects.filter(ticket=OuterRef("pk"), user=user)),
        has_later=Exists(ScheduledReply.objects.filter(ticket=OuterRef("pk"), state__in=ScheduledReply.OPEN)),
        has_links=has_links(),
        has_checklist=Exists(ChecklistItem.objects.filter(ticket=OuterRef("pk"))),
        has_follow_ups=Exists(FollowUp.objects.planned().open().filter(ticket=OuterRef("pk"))),
        has_copied=Exists(Copied.objects.current().filter(ticket=OuterRef("pk"))),
        promise_rows=promise_rows(),
        has_merged=Exists(Ticket.objects.visible_to(user).filter(merged_into=OuterRef("pk"))),
    )


def ticket_page(request: HttpRequest, ticket: Ticket, *, status: int = 200, **forms_shown: forms.Form) -> HttpResponse:
    """The workspace with this ticket open; htmx gets the conversation and the side."""
    user = viewer(request)
    teams = all_teams()
    has_merged: bool = ticket.has_merged  # type: ignore[attr-defined]  # annotated
    events = timeline(ticket, user, before=_before(request), has_merged=has_merged)
    know_removers(events.events)
    context = _no_list(request) if wants_fragment(request) else workspace(request, teams)
    know_names(context["tickets"], ticket.customer)
    assignees = possible_assignees(ticket)
    # They are read anyway, and with fewer joins the ticket is planned in half the time.
    ticket.team = next((team for team in teams if team.pk == ticket.team_id), None)
    ticket.assignee = next((one for one in assignees if one.pk == ticket.assignee_id), None)
    context |= {
        "ticket": ticket,
        "open_number": ticket.number,
        "events": events.events,
        "earlier": events.earlier,
        "seen": _seen(ticket, events.events),
        "snoozed_by": who_snoozed(ticket, events.events),
        **shape_context(ticket, forms_shown),
        "helpers": helpers(ticket.helper_rows),  # type: ignore[attr-defined]  # annotated
        "teams": teams,
        "assignees": assignees,
        "mentionable": SimpleLazyObject(lambda: [*(user.name for user in assignees), *(team.name for team in teams)]),
        "other_tickets": SimpleLazyObject(lambda: _others(ticket, user)),
        "root_causes": SimpleLazyObject(choosable_causes),
        "is_hard": was_hard(ticket, events.events, user, timezone.now()),
        "copied": copies_of(ticket) if ticket.has_copied else [],  # type: ignore[attr-defined]  # annotated
        "copy_form": CopyForm(),
        "reply_form": ReplyForm(),
        "resolve_form": ResolveForm(),
        "transfer_form": TransferForm(),
        "invite_form": InviteForm(),
        "link_form": LinkForm(tickets=Ticket.objects.none()),
        "checklist_form": ChecklistForm(),
        "follow_ups": planned_on(ticket) if ticket.has_follow_ups else [],  # type: ignore[attr-defined]  # annotated
        "standings": standings(ticket.promise_rows, timezone.now()),  # type: ignore[attr-defined]  # annotated
        "links": links_of(ticket, user) if ticket.has_links else Links(),  # type: ignore[attr-defined]  # annotated
        "checklist": checklist_of(ticket) if ticket.has_checklist else None,  # type: ignore[attr-defined]  # annotated
    }
    forms_shown |= composing(ticket, user, forms_shown.get("reply_form"))
    return answer(
        request, context | forms_shown, page="tickets/ticket.html", fragment="tickets/_panes.html", status=status
    )


def _others(ticket: Ticket, user: User) -> list[Ticket]:
    """The newest tickets of the same person."""
    person = ticket.customer.merged_into_id or ticket.customer.pk
    return _prepared_others(Kind.of(user)).rows(keys_of(user, person, ticket.pk))


@lru_cache(KINDS)
def _prepared_others(kind: Kind) -> Prepared[Ticket]:
    theirs = Ticket.objects.visible_to(kind.stand_in()).of_person(Customer(pk=slot(kind.next_slot)))
    return Prepared(theirs.exclude(pk=slot(kind.next_slot + 1)).order_by("-number")[:OTHERS])


def _seen(ticket: Ticket, events: list[Event]) -> dict[str, Any]:
    """Which of our answers is the last that the customer has seen, and when; `seq` 0 if none of these."""
    ours = (event.seq for event in events if event.message and event.by_user_id and not event.message.is_note)
    read_seq: int = ticket.read_seq or 0  # type: ignore[attr-defined]  # annotated
    return {"seq": max((seq for seq in ours if seq <= read_seq), default=0), "at": ticket.read_at}  # type: ignore[attr-defined]


def _no_list(request: HttpRequest) -> dict[str, Any]:
    """What stands for the workspace where only the ticket's panes are wanted."""
    return {"current_view": request.GET.get("view", ""), "tickets": []}


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
