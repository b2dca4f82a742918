"""What is planned on tickets: whether it still makes sense, on whose clock it is, and the lists of what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from accounts.models import Desk, User
from tickets.formatting import to_text
from tickets.macros import render
from tickets.models import Event, FollowUp, FollowUpTemplate, Ticket, Unless
from tickets.models.follow_up import FollowUpQuerySet
from tickets.queries.inbox import Cursor

# What can make a planned follow-up pointless.
CAUSES = ["message.posted", "ticket.resolved", "ticket.reopened"]
# Why it was, as a row keeps it; whoever shows it translates.
REASONS = {
    Unless.CUSTOMER_WRITES: gettext_noop("the customer wrote"),
    Unless.WE_ANSWER: gettext_noop("one of us answered"),
    Unless.SOLVED: gettext_noop("the ticket was solved"),
    Unless.REOPENED: gettext_noop("the ticket was reopened"),
}
MINE, TEAMS, ALL = "mine", "teams", "all"
PAGE_SIZE = 50
COUNT_CAP = 99


# --- Whether it still makes sense ----------------------------------------------------------
def why_pointless(row: FollowUp, ticket: Ticket) -> str:
    """Why it must not happen any more, from what happened on the ticket since it was planned; or nothing.

    The log is the truth: what was solved by mistake and put back has never been solved.
    """
    if not row.unless:
        return ""
    is_solved = False
    since = Event.objects.filter(ticket=ticket, seq__gt=row.anchor_seq, type__in=CAUSES).order_by("seq")
    for event in since.only("type", "is_public", "by_user", "by_customer", "data").iterator():
        is_undo = bool(event.data.get("undo"))
        if event.type == "message.posted":
            happened = _said(event)
            if happened in row.unless:
                return REASONS[Unless(happened)]
        elif event.type == "ticket.resolved":
            is_solved = True
        elif is_undo:
            is_solved = False
        elif Unless.REOPENED in row.unless:
            return REASONS[Unless.REOPENED]
    if is_solved and Unless.SOLVED in row.unless:
        return REASONS[Unless.SOLVED]
    return _why_elsewhere(row, ticket)


def _said(event: Event) -> str:
    if not event.is_public:
        return ""
    if event.by_customer_id:
        return Unless.CUSTOMER_WRITES
    return Unless.WE_ANSWER if event.by_user_id else ""


def _why_elsewhere(row: FollowUp, ticket: Ticket) -> str:
    """Who writes long after solving writes on the ticket that continues this one."""
    if not ticket.is_solved or Unless.CUSTOMER_WRITES not in row.unless:
        return ""
    theirs = Event.objects.filter(ticket__continues=ticket, by_customer__isnull=False, at__gt=row.created_at)
    said = theirs.filter(type="message.posted", is_public=True).exists()
    return REASONS[Unless.CUSTOMER_WRITES] if said else ""


def perhaps_pointless(events: QuerySet[Event]) -> list[int]:
    """The planned follow-ups of the tickets on which one of these events may have made them so: one query."""
    touched = events.order_by().filter(type__in=CAUSES).values("ticket")
    rows = FollowUp.objects.scheduled().planned().exclude(unless=[]).filter(ticket__in=touched)
    return list(rows.order_by("ticket", "pk").values_list("pk", flat=True))


# --- On whose clock ------------------------------------------------------------------------
def zone_of(ticket: Ticket) -> ZoneInfo:
    """The customer's: their own, else that of the hours of the site they write from, else the company's."""
    calendar = ticket.site.calendar if ticket.site else None
    names = [ticket.customer.time_zone, calendar.time_zone if calendar else "", Desk.current().time_zone]
    found = (_zone(name) for name in names if name)
    return next((zone for zone in found if zone), ZoneInfo("UTC"))


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


# --- Lists ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Planned:
    """A follow-up, the clock that it goes by, and its words as they would read now."""

    row: FollowUp
    zone: ZoneInfo
    words: str


def shown(row: FollowUp, ticket: Ticket, zone: ZoneInfo | None = None) -> Planned:
    """A follow-up as a list shows it. The ticket comes with its customer and its site's calendar."""
    is_message = not row.is_task and row.by is not None
    words = to_text(render(row.body, ticket, row.by)) if is_message and row.by else row.body
    return Planned(row, zone or zone_of(ticket), words)


def planned_on(ticket: Ticket) -> list[Planned]:
    """What is still to happen on a ticket or to be done there, the next one first."""
    rows = ticket.follow_ups.planned().open().select_related("by", "assignee").order_by("due_at", "pk")
    zone = zone_of(ticket)
    return [shown(row, ticket, zone) for row in rows]


def templates_for(user: User) -> QuerySet[FollowUpTemplate]:
    """Those that this person can choose: everybody's and their teams'."""
    rows = FollowUpTemplate.objects.filter(archived_at=None).select_related("team")
    if user.has_perm("tickets.view_all"):
        return rows
    return rows.filter(Q(team=None) | Q(team__in=[team.pk for team in user.teams.all()]))


def planned_for(user: User, whose: str = ALL) -> FollowUpQuerySet:
    """What is planned on tickets that they may see: theirs, their teams', or all."""
    rows = FollowUp.objects.planned().open()
    if whose == MINE:
        return rows.filter(_is_mine(user), ticket__trashed_at=None, ticket__in=Ticket.objects.visible_to(user))
    seen = Ticket.objects.visible_to(user)
    if whose == TEAMS:
        seen = seen.filter(team__in=[team.pk for team in user.teams.all()])
    return rows.filter(ticket__in=seen)


def _is_mine(user: User) -> Q:
    """Tasks that were given to them, those of nobody on their tickets, and what leaves in their name."""
    task = Q(kind=FollowUp.Kind.TASK)
    of_nobody = Q(assignee=None) & (Q(ticket__assignee=user) | Q(ticket__assignee=None, by=user))
    return (task & (Q(assignee=user) | of_nobody)) | Q(kind=FollowUp.Kind.MESSAGE, by=user)


def count_due(user: User) -> int:
    """How many tasks of theirs are due, counted up to one more than the cap."""
    due = planned_for(user, MINE).filter(state=FollowUp.State.DUE)
    return len(due.order_by().values_list("pk", flat=True)[: COUNT_CAP + 1])


@dataclass(frozen=True)
class DuePage:
    """Rows of a list, the earliest first, and where the next page begins."""

    rows: list[FollowUp]
    next_cursor: Cursor | None


def due_page(user: User, whose: str, cursor: Cursor | None) -> DuePage:
    """A page of what is planned, in the order of time."""
    rows = planned_for(user, whose)
    if cursor is not None:
        rows = rows.filter(Q(due_at__gte=cursor.at) & (Q(due_at__gt=cursor.at) | Q(pk__gt=cursor.number)))
    people = ("by", "assignee", "ticket__customer", "ticket__assignee", "ticket__team", "ticket__site__calendar")
    found = list(rows.select_related(*people).order_by("due_at", "pk")[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE]
    return DuePage(page, Cursor("f", page[-1].due_at, page[-1].pk) if len(found) > PAGE_SIZE else None)


def stretch_of(due_at: datetime, now: datetime) -> str:
    """In which part of the list it stands: `overdue`, `today`, `week` or `later`, by the clock of `now`."""
    day = due_at.astimezone(now.tzinfo).date()
    if due_at <= now:
        return "overdue"
    if day == now.date():
        return "today"
    return "week" if day < now.date() + timedelta(days=7) else "later"
