"""Tickets: list, open, change, assign, resolve, reopen."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Team, User
from api.errors import Conflict, refuse
from api.schema import READING, WRITING, operation
from api.serializers import AssignIn, ResolveIn, TicketChangeIn, TicketFilters, TicketIn, TicketOut
from api.views.base import Door, body, each, find_ticket, found, known, named_team, one, page, query, viewer, with_all
from customers.actions import get_or_create_customer
from customers.models import Customer
from tickets import actions
from tickets.actions.sorting import UNCHANGED, Unchanged
from tickets.models import NamedStatus, RootCause, Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries import inbox_views, keep_of, looked_up, understand, visible_customers
from tickets.queries.inbox import TRASH
from tickets.queries.searching import TooSlowError, limited_in_time
from tickets.queries.viewing import KEY, kept_in_view, opened_view, saved_views

NO_CAUSE = "none"


class Tickets(Door):
    @operation(
        "tickets_list",
        "List tickets, the newest first",
        filters=TicketFilters,
        answers={200: TicketOut(many=True)},
        errors=READING,
        tag="tickets",
    )
    def get(self, request: Request) -> Response:
        """Newest first by number, an order that no change shifts: a walk through all pages sees every ticket once.

        With `updated_after` the longest unchanged come first, so that a copy can be kept up to date: a ticket that
        changes during the walk comes again at its end, none is missed.
        """
        wanted = query(request, TicketFilters)
        rows = narrowed(with_all(_searched(wanted, viewer(request))), wanted, viewer(request))
        order = ["updated_at", "number"] if "updated_after" in wanted else ["-number"]
        try:
            with limited_in_time() if "q" in wanted else nullcontext():
                return page(request, rows.order_by(*order), each(TicketOut))
        except TooSlowError:
            raise refuse(q="This finds too much to be read in time. Add a word, or a date.") from None

    @operation(
        "tickets_open",
        "Open a ticket with a customer's words",
        takes=TicketIn,
        answers={201: TicketOut},
        errors=WRITING,
        tag="tickets",
    )
    @transaction.atomic
    def post(self, request: Request) -> Response:
        """The customer is its author and waits for an answer from now on."""
        wanted = body(request, TicketIn)
        team = named_team(wanted.get("team"))
        customer = _customer(viewer(request), **wanted["customer"])
        if customer.is_blocked:
            raise Conflict("This customer is blocked.")
        ticket = actions.open_ticket(
            customer,
            by=customer,
            subject=wanted["subject"],
            body=wanted["body"],
            channel=wanted["channel"],
            team=team,
            priority=wanted["priority"],
            tags=wanted.get("tags"),
        )
        if "fields" in wanted:  # its customer fills none
            actions.set_fields(ticket, by=viewer(request), values=wanted["fields"])
        return answer(ticket, status=201)


class OneTicket(Door):
    @operation("tickets_read", "Read a ticket", answers={200: TicketOut}, errors=[*READING, 404], tag="tickets")
    def get(self, request: Request, number: int) -> Response:
        """One in the trash can be read as well, and nothing else but restored."""
        seen = Ticket.objects.visible_to(viewer(request)) | Ticket.objects.trash_of(viewer(request))
        return answer(found(seen.filter(pk=number)))

    @operation(
        "tickets_change",
        "Change a ticket's status, priority, tags, team or assignee",
        takes=TicketChangeIn,
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    @transaction.atomic
    def patch(self, request: Request, number: int) -> Response:
        """All of it or nothing; what is not named stays."""
        ticket = find_ticket(request, number)
        wanted = body(request, TicketChangeIn)
        _set_status(ticket, wanted, by=viewer(request))
        if "fields" in wanted:
            actions.set_fields(ticket, by=viewer(request), values=wanted["fields"])
        if "priority" in wanted:
            actions.set_priority(ticket, by=viewer(request), priority=wanted["priority"])
        if "tags" in wanted:
            actions.tag_ticket(ticket, by=viewer(request), tags=wanted["tags"])
        if "assignee" in wanted or "team" in wanted:
            give(ticket, wanted, by=viewer(request), user_field="assignee")
        return answer(ticket)


class Assign(Door):
    @operation(
        "tickets_assign",
        "Give a ticket to a person, a team or both",
        takes=AssignIn,
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """What is not named stays; null is nobody. The answer shows the ticket even if you no longer see it."""
        ticket = find_ticket(request, number)
        return answer(give(ticket, body(request, AssignIn), by=viewer(request), user_field="user"))


class Resolve(Door):
    @operation(
        "tickets_resolve",
        "Solve a ticket and name its cause",
        takes=ResolveIn,
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """A ticket that is solved already answers 409 with the code `closed`; one on which a field is empty that must
        not be, 400 with the code `needed`."""
        ticket = find_ticket(request, number)
        wanted = body(request, ResolveIn)
        cause = _cause(wanted["root_cause"])
        named = _named(wanted.get("named_status"))
        by, note = viewer(request), wanted["note"]
        return answer(actions.resolve_ticket(ticket, by=by, root_cause=cause, note=note, named=named))


class Reopen(Door):
    @operation(
        "tickets_reopen",
        "Take up a solved ticket again",
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """A ticket that is not solved answers 400."""
        return answer(actions.reopen_ticket(find_ticket(request, number), by=viewer(request)))


def _set_status(ticket: Ticket, wanted: dict[str, Any], *, by: User) -> None:
    """As a body says it: a status, a word of the company's own, which brings its status, or (null) only the former."""
    if "status" not in wanted and "named_status" not in wanted:
        return
    named = _named(wanted.get("named_status"))
    ticket.refresh_from_db(fields=["status"])
    status = wanted.get("status", named.status if named else ticket.status)
    actions.set_status(ticket, by=by, status=status, named=named)


def _named(pk: int | None) -> NamedStatus | None:
    return None if pk is None else known(NamedStatus.objects.all(), pk, "named_status")


def give(ticket: Ticket, wanted: dict[str, Any], *, by: User, user_field: str) -> Ticket:
    """Assign as a body says it; what it does not name stays."""
    user: User | Unchanged | None = UNCHANGED
    team: Team | Unchanged | None = UNCHANGED
    if user_field in wanted:
        pk = wanted[user_field]
        user = None if pk is None else known(User.objects.filter(is_active=True), pk, user_field)
    if "team" in wanted:
        team = named_team(wanted["team"])
    return actions.assign_ticket(ticket, by=by, user=user, team=team)


def answer(ticket: Ticket, status: int = 200) -> Response:
    """The ticket as an action left it, whether or not the viewer may still see it."""
    return one(TicketOut, with_all(Ticket.objects.filter(pk=ticket.pk)).get(), status)


def _customer(by: User, *, id: int | None = None, email: str = "", name: str = "") -> Customer:  # noqa: A002
    if id is not None:
        return known(visible_customers(by), id, "customer.id")
    return get_or_create_customer(by=by, email=email, name=name)[0]


def _cause(slug: str) -> RootCause | None:
    if slug == NO_CAUSE:
        return None
    cause = RootCause.objects.known_as(slug)
    if cause is None or cause.archived_at is not None:
        raise refuse(root_cause="There is no root cause with this slug; `none` if there is none to name.")
    return cause


_LOOKUPS = {
    "number": "number",
    "reference": "reference",
    "status": "status",
    "team": "team",
    "assignee": "assignee",
    "customer": "customer",
    "channel": "channel",
    "tag": "tags__name__iexact",
    "updated_after": "updated_at__gt",
}


def narrowed(rows: QuerySet[Ticket], wanted: dict[str, Any], by: User) -> QuerySet[Ticket]:
    """Only the tickets that the filters keep."""
    if "view" in wanted:
        rows = rows.filter(_kept_in_view(wanted["view"], by))
    if "q" in wanted:
        actions.index_due()  # what was said a second ago is found, too
        search = understand(wanted["q"], by)
        rows = rows.filter(keep_of(looked_up(search, by), by)) if search.parts else rows.none()
    for name, lookup in _LOOKUPS.items():
        if name in wanted:
            value = wanted[name]
            if name in ("team", "assignee"):
                value = {"none": None, "me": by.pk}.get(value, value)
            rows = rows.filter(**{lookup: value})
    return rows


def _searched(wanted: dict[str, Any], by: User) -> TicketQuerySet:
    """Among which tickets the filters choose: those that are seen, or those in the trash if these are asked for."""
    asks = [understand(wanted["q"], by)] if "q" in wanted else []
    saved = opened_view(wanted["view"], saved_views(by)) if wanted.get("view", "").startswith(KEY) else None
    asks += [understand(saved.query, by)] if saved else []
    is_of_trash = wanted.get("view") == TRASH or any(search.is_of_trash for search in asks)
    return Ticket.objects.trash_of(by) if is_of_trash else Ticket.objects.visible_to(by)


def _kept_in_view(key: str, by: User) -> Q:
    """What a place of the inbox or a saved view holds."""
    saved = opened_view(key, saved_views(by)) if key.startswith(KEY) else None
    if saved is not None:
        return kept_in_view(understand(saved.query, by), by)
    views = inbox_views(by, list(Team.objects.all()))
    if key not in views:
        raise refuse(view=f"One of {', '.join(views)}, or {KEY}<id> for a saved view.")
    return views[key].keep
