"""The lists of making good: open cases by when they are due, what was decided, and how a case stands in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q, Value, When
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from recovery.models import Case, Decision
from recovery.models.cases import CaseQuerySet
from recovery.queries.cases import person_of
from tickets.models import Ticket
from tickets.queries.inbox import Cursor

State = Case.State
PAGE_SIZE = 50
COUNT_CAP = 99
MINE, TEAMS, ALL = "mine", "teams", "all"
MADE_GOOD = [State.ACCEPTED, State.VERIFIED]
WORK, DONE = "w", "q"  # the two stretches of the list: what is to be put right, then what only waits to be closed


# --- The queue -----------------------------------------------------------------------------
@dataclass(frozen=True)
class Asked:
    """What the reader wants to see of the cases."""

    whose: str = ALL
    state: str = ""  # empty: all that are open
    trigger: str = ""
    is_second: bool = False


@dataclass(frozen=True)
class CasePage:
    """Cases with `due` (when the next thing is due), the earliest first, and where the next page begins."""

    cases: list[Case]
    next_cursor: Cursor | None


def case_page(user: User, asked: Asked, *, cursor: str = "") -> CasePage:
    """A page of the queue: what is overdue is at its top, because it was due first; what is made good comes last."""
    if asked.state == State.CLOSED:
        return _closed_page(user, asked, cursor)
    rows = _ordered(cases_for(user, asked))
    after = Cursor.parse(cursor)
    if after is not None:
        place = Value(int(after.stretch == DONE))
        later = Q(due__gt=after.at) | Q(due=after.at, pk__gt=after.number)
        rows = rows.filter(Q(place__gt=place) | Q(place=place) & later)
    page = list(rows.select_related(*_BESIDE)[: PAGE_SIZE + 1])
    shown = page[:PAGE_SIZE]
    return CasePage(shown, _cursor(shown[-1]) if len(page) > PAGE_SIZE else None)


def _closed_page(user: User, asked: Asked, cursor: str) -> CasePage:
    """What is over, the newest first: nothing of it is due, and there are many, so that an index gives the order."""
    rows = cases_for(user, asked).order_by("-opened_at", "-pk")
    after = Cursor.parse(cursor)
    if after is not None:
        earlier = Q(opened_at__lt=after.at) | Q(opened_at=after.at, pk__lt=after.number)
        rows = rows.filter(earlier, opened_at__lte=after.at)
    page = list(rows.select_related(*_BESIDE)[: PAGE_SIZE + 1])
    last = page[PAGE_SIZE - 1] if len(page) > PAGE_SIZE else None
    return CasePage(page[:PAGE_SIZE], Cursor(DONE, last.opened_at, last.pk) if last else None)


_BESIDE = ("ticket__customer__merged_into", "owner", "ticket__team", "opened_by")


def cases_for(user: User, asked: Asked) -> CaseQuerySet:
    """The cases that they may see and want to."""
    rows = Case.objects.visible_to(user)
    rows = rows.filter(state=asked.state) if asked.state else rows.open()
    if asked.whose == MINE:
        rows = rows.filter(owner=user)
    elif asked.whose == TEAMS:
        rows = rows.filter(ticket__team__in=[team.pk for team in user.teams.all()])
    if asked.trigger:
        rows = rows.filter(trigger=asked.trigger)
    if asked.is_second:
        rows = rows.filter(is_second_failure=True)
    return rows


def _ordered(rows: CaseQuerySet) -> Any:
    due = models.Case(When(contacted_at=None, then=F("contact_due_at")), default=F("resolution_due_at"))
    place = models.Case(When(state__in=[*MADE_GOOD, State.CLOSED], then=Value(1)), default=Value(0))
    return rows.annotate(due=due, place=place).order_by("place", "due", "pk")


def _cursor(case: Any) -> Cursor:
    return Cursor(DONE if case.place else WORK, case.due, case.pk)


def count_mine(user: User) -> int:
    """How many open cases are theirs and not put right yet, counted up to one more than the cap: from one index."""
    mine = Case.objects.open().filter(owner=user, ticket__trashed_at=None).exclude(state__in=MADE_GOOD)
    return len(mine.order_by().values_list("pk", flat=True)[: COUNT_CAP + 1])


# --- How one stands ------------------------------------------------------------------------
def due_of(case: Case) -> datetime:
    """When the next thing is due."""
    return case.contact_due_at if case.contacted_at is None else case.resolution_due_at


def is_overdue(case: Case, now: datetime) -> bool:
    return case.is_open and case.state not in MADE_GOOD and due_of(case) < now


def stretch_of(case: Case, now: datetime) -> str:
    """Under which heading of the list it stands."""
    if case.state in [*MADE_GOOD, State.CLOSED]:
        return "done"
    due = due_of(case)
    if due < now:
        return "overdue"
    return "today" if timezone.localtime(due).date() == timezone.localtime(now).date() else "later"


def due_words(case: Case, now: datetime) -> str:
    """What is due when, in words."""
    if case.state == State.CLOSED:
        return _("closed")
    if case.state == State.VERIFIED:
        return _("made good: it can be closed")
    if case.state == State.ACCEPTED:
        return _("accepted: see that it is done")
    values = {"time": moment_words(due_of(case), now)}
    if case.contacted_at is None:
        if due_of(case) < now:
            return _("should have heard from us by %(time)s") % values
        return _("first word by %(time)s") % values
    if due_of(case) < now:
        return _("should have been put right by %(time)s") % values
    return _("to be put right by %(time)s") % values


def moment_words(at: datetime, now: datetime) -> str:
    """ "9:00" today, "yesterday 9:00", "tomorrow 9:00", else "30 Nov, 9:00", in the viewer's zone."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    days = (local.date() - today).days
    time = date_format(local, _("G:i"))
    if days == 0:
        return time
    if days == 1:
        return _("tomorrow %(time)s") % {"time": time}
    if days == -1:
        return _("yesterday %(time)s") % {"time": time}
    return date_format(local, _("j M, G:i") if local.year == today.year else _("j M Y, G:i"))


@dataclass(frozen=True)
class Step:
    """A step on the way of a case: `is_done`, `is_now`, or neither."""

    label: str
    at: datetime | None
    is_now: bool = False

    @property
    def is_done(self) -> bool:
        return self.at is not None


def steps_of(case: Case) -> list[Step]:
    """How far it is: the way of every case, with what came of the offer in its place."""
    ended = {State.DECLINED: State.DECLINED, State.EXPIRED: State.EXPIRED}
    answer = ended.get(State(case.state), State.ACCEPTED)
    if case.state in (State.VERIFIED, State.CLOSED) and case.answered_at is None:
        answer = State.ACCEPTED
    times: list[tuple[State, datetime | None]] = [
        (State.DETECTED, case.opened_at),
        (State.CONTACTED, case.contacted_at),
        (State.OFFERED, case.offered_at),
        (answer, case.answered_at),
        (State.VERIFIED, case.verified_at),
        (State.CLOSED, case.closed_at),
    ]
    return [Step(str(state.label), at, is_now=state == case.state) for state, at in times]


def watching(ticket: Ticket, *, now: datetime) -> Case | None:
    """The case by which this ticket's customer is on watch; not the ticket's own."""
    person = person_of(ticket.customer)
    theirs = Case.objects.filter(Q(customer=person) | Q(customer__merged_into=person), watch_until__gt=now)
    return theirs.exclude(ticket=ticket).select_related("ticket").order_by("-watch_until").first()


# --- Decisions -----------------------------------------------------------------------------
@dataclass(frozen=True)
class DecisionPage:
    decisions: list[Decision]
    next_cursor: Cursor | None


def decision_page(user: User, *, trigger: str = "", outcome: str = "", cursor: str = "") -> DecisionPage:
    """What triggers asked and what became of it, on tickets that they may see, the newest first."""
    rows = Decision.objects.filter(ticket__in=Ticket.objects.visible_to(user)).exclude(outcome=Decision.Outcome.ASKED)
    if trigger:
        rows = rows.filter(trigger=trigger)
    if outcome:
        rows = rows.filter(outcome=outcome)
    after = Cursor.parse(cursor)
    if after is not None:
        rows = rows.filter(at__lte=after.at).filter(Q(at__lt=after.at) | Q(at=after.at, pk__lt=after.number))
    page = list(rows.select_related("ticket__customer", "case").order_by("-at", "-pk")[: PAGE_SIZE + 1])
    shown = page[:PAGE_SIZE]
    last = shown[-1] if len(page) > PAGE_SIZE else None
    return DecisionPage(shown, Cursor(WORK, last.at, last.pk) if last else None)


def decisions_on(ticket: Ticket) -> list[Decision]:
    """The newest of them on one ticket: why there is no case, though one may wonder."""
    rows = ticket.recovery_decisions.exclude(outcome=Decision.Outcome.ASKED)
    return list(rows.order_by("-at", "-pk")[:3])
