"""The inbox: which tickets a view holds, who needs an answer first, and how many they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.models import Draft, ReadMark, ScheduledReply, Status, Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries.mentions import mentions_me
from tickets.queries.prepared import KINDS, Kind, Prepared, keys_of, slot
from tickets.search_words import Search

PAGE_SIZE = 30
COUNT_CAP = 99  # beyond it a count says "many", and nothing is counted
DEFAULT_VIEW = "all"
MENTIONS = "mentions"  # its list goes by when one was mentioned
TRASH = "trash"  # its list is of `trash_of`, all others are of `visible_to`
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([wqzstmf])([0-9a-f]{1,16})-([0-9a-f]{1,15})")


@dataclass(frozen=True)
class Stretch:
    """A part of the list with one order, and an index that holds exactly it (see Ticket.Meta.indexes)."""

    keep: Q
    time: str
    is_newest_first: bool

    @property
    def order(self) -> tuple[str, str]:
        return (f"-{self.time}", "-number") if self.is_newest_first else (self.time, "number")

    def beyond(self, at: datetime, number: int) -> Q:
        """Those after the row with this time and number. The first bound is what lets the index seek."""
        side = "lt" if self.is_newest_first else "gt"
        return Q(**{f"{self.time}__{side}e": at}) & (
            Q(**{f"{self.time}__{side}": at}) | Q(**{f"number__{side}": number})
        )


AWAKE = Q(snoozed_at=None)
UNSOLVED = ~Q(status=Status.SOLVED)
# In the order in which they stand where a list has several.
STRETCHES = {
    "w": Stretch(Q(waiting_since__isnull=False) & AWAKE, "answer_due_at", is_newest_first=False),
    "q": Stretch(Q(waiting_since=None) & UNSOLVED & AWAKE, "updated_at", is_newest_first=True),
    "z": Stretch(Q(snoozed_at__isnull=False), "snoozed_at", is_newest_first=True),
    "s": Stretch(Q(status=Status.SOLVED), "solved_at", is_newest_first=True),
    "t": Stretch(Q(trashed_at__isnull=False), "trashed_at", is_newest_first=True),
}


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: where the next one begins."""

    stretch: str
    at: datetime
    number: int

    def __str__(self) -> str:
        return f"{self.stretch}{(self.at - _EPOCH) // timedelta(microseconds=1):x}-{self.number:x}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """The cursor, or None for anything that we did not write: then the list starts at its top."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            return None
        try:
            at = _EPOCH + timedelta(microseconds=int(match[2], 16))
        except OverflowError:
            return None
        return cls(match[1], at, int(match[3], 16))


@dataclass(frozen=True)
class View:
    """One place of the rail. `stretches` are the parts of its list, in order; `teams` counts as a group of its own."""

    key: str
    label: str
    icon: str
    keep: Q
    stretches: str = "wq"
    is_counted: bool = True
    is_team: bool = False
    counted: Q | None = None  # what its number counts, where that is less than it lists
    search: Search | None = None  # of a saved view: what it asks for


@dataclass(frozen=True)
class Page:
    tickets: list[Ticket]
    next_cursor: Cursor | None


def inbox_views(viewer: User, teams: list[Team]) -> dict[str, View]:
    """The places of the viewer's rail by key; `teams` are those that get one."""
    unsolved = UNSOLVED & AWAKE
    solved = Q(status=Status.SOLVED, merged_into=None)
    views = [
        View("mine", _("Mine"), "inbox", unsolved & Q(assignee=viewer)),
        View("waiting", _("Waiting for us"), "clock", Q(waiting_since__isnull=False) & AWAKE, stretches="w"),
        View("unassigned", _("Unassigned"), "plus", unsolved & Q(assignee=None)),
        View("all", _("All open"), "layers", unsolved),
        View(MENTIONS, _("Mentions"), "at-sign", mentions_me(viewer), counted=mentions_me(viewer, is_unread_only=True)),
        View("snoozed", _("Snoozed"), "alarm-clock", Q(snoozed_at__isnull=False), stretches="z"),
        View("solved", _("Solved"), "circle-check", solved, stretches="s", is_counted=False),
        View(TRASH, _("Trash"), "trash-2", Q(trashed_at__isnull=False), stretches="t", is_counted=False),
        *(View(f"team-{team.slug}", team.name, "users", unsolved & Q(team=team), is_team=True) for team in teams),
    ]
    return {view.key: view for view in views}


def count_views(tickets: TicketQuerySet, viewer: User, views: list[View], **also: Exists) -> dict[str, int]:
    """How many tickets the views hold, each counted up to one more than the cap, in one query; whatever else is asked
    by the way is answered under its own name."""
    row = counted(tickets, viewer, views, **also).get()
    return counts_by_name(row, views, also)


def counted(tickets: TicketQuerySet, viewer: User, views: list[View], **also: Exists) -> QuerySet[User, dict[str, Any]]:
    """What `count_views` asks: one row."""
    counts = {
        # A key may hold dashes, which a column's name cannot.
        f"view{place}": Func(
            ArraySubquery(tickets.filter(view.counted or view.keep).order_by().values("pk")[: COUNT_CAP + 1]),
            function="CARDINALITY",
            output_field=IntegerField(),
        )
        for place, view in enumerate(views)
    }
    return User.objects.filter(pk=viewer.pk).values(**counts, **also)  # type: ignore[return-value]


def counts_by_name(row: dict[str, Any], views: list[View], also: Iterable[str]) -> dict[str, int]:
    return {view.key: row[f"view{place}"] for place, view in enumerate(views)} | {name: row[name] for name in also}


def inbox_page(tickets: TicketQuerySet, viewer: User, view: View, cursor: Cursor | None) -> Page:
    """A page of the view, sorted by who needs an answer first, in one query."""
    stretches = view.stretches
    if cursor is not None and cursor.stretch in stretches:
        stretches = stretches[stretches.index(cursor.stretch) :]
    else:
        cursor = None
    return _page_of(_rows(tickets, viewer, view, stretches, cursor))


def first_page(viewer: User, teams: list[Team], place: int) -> Page:
    """The first page of that place in their rail, which has these teams: as `inbox_page` reads it, but prepared."""
    prepared = _prepared_page(Kind.of(viewer), len(teams), place)
    return _page_of(prepared.rows(keys_of(viewer, *(team.pk for team in teams))))


@lru_cache(KINDS)
def _prepared_page(kind: Kind, teams: int, place: int) -> Prepared[Ticket]:
    somebody = kind.stand_in()
    view = list(inbox_views(somebody, rail_slots(kind, teams)).values())[place]
    tickets = Ticket.objects.trash_of(somebody) if view.key == TRASH else Ticket.objects.visible_to(somebody)
    return Prepared(_rows(tickets, somebody, view, view.stretches, None))


def rail_slots(kind: Kind, teams: int) -> list[Team]:
    """So many teams whose keys are the slots after those of a stand-in of this kind."""
    return [Team(pk=slot(kind.next_slot + place), slug=str(place)) for place in range(teams)]


def _rows(tickets: TicketQuerySet, viewer: User, view: View, stretches: str, cursor: Cursor | None) -> QuerySet[Ticket]:
    parts = [_part(tickets.filter(view.keep), mark, cursor) for mark in stretches]
    wanted = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return with_row_details(Ticket.objects.filter(pk__in=wanted), viewer)


def _page_of(found: Iterable[Ticket]) -> Page:
    rows = sorted(found, key=_place)
    page, has_more = rows[:PAGE_SIZE], len(rows) > PAGE_SIZE
    return Page(page, _cursor_at(page[-1]) if has_more else None)


def with_row_details(tickets: QuerySet[Ticket], viewer: User) -> QuerySet[Ticket]:
    """What a row of the list shows. Unread is what was said or done in public since the viewer last looked:
    that our own answer left by mail a second later is no news to whoever wrote it."""
    seen = ReadMark.objects.filter(ticket=OuterRef("pk"), user=viewer).values("seq")
    held = ScheduledReply.objects.filter(ticket=OuterRef("pk"), user=viewer, state=ScheduledReply.State.HELD)
    return tickets.select_related("customer", "assignee", "named_status").annotate(
        is_unread=GreaterThan(F("public_last_seq"), Coalesce(Subquery(seen), 0)),
        has_draft=Exists(Draft.objects.filter(ticket=OuterRef("pk"), user=viewer)),
        has_held=Exists(held),
    )


def _part(tickets: QuerySet[Ticket], mark: str, cursor: Cursor | None) -> QuerySet[Ticket, Any]:
    """The keys of one stretch's next rows, one more than fits so that we know whether there are more."""
    stretch = STRETCHES[mark]
    rows = tickets.filter(stretch.keep)
    if cursor is not None and cursor.stretch == mark:
        rows = rows.filter(stretch.beyond(cursor.at, cursor.number))
    return rows.order_by(*stretch.order).values("pk")[: PAGE_SIZE + 1]


def _mark(ticket: Ticket) -> str:
    if ticket.trashed_at is not None:
        return "t"
    if ticket.snoozed_at is not None:
        return "z"
    if ticket.waiting_since is not None:
        return "w"
    return "s" if ticket.is_solved else "q"


def _place(ticket: Ticket) -> tuple[int, float, int]:
    """Where a row stands among those of its page: stretch after stretch, the waiting ones first."""
    mark = _mark(ticket)
    stretch = STRETCHES[mark]
    sign = -1 if stretch.is_newest_first else 1
    micros = (getattr(ticket, stretch.time) - _EPOCH) // timedelta(microseconds=1)
    return ("wqzst".index(mark), sign * micros, sign * ticket.number)


def _cursor_at(ticket: Ticket) -> Cursor:
    mark = _mark(ticket)
    return Cursor(mark, getattr(ticket, STRETCHES[mark].time), ticket.number)
