"""Who carries how much, so that nobody carries too much. There is no clock in it, and no order by speed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Breather, Team, User
from chat.presence import ONLINE_SECONDS
from chat.queries import live_chats
from tickets.models import Event, Ticket
from tickets.queries.inbox import AWAKE, UNSOLVED

SHIFT = timedelta(hours=12)  # what is read of the log: a long day
NEWEST_EVENTS = 50_000  # at most, of all of us together
PAUSE = timedelta(minutes=15)  # without a trace in the log
HERE = timedelta(minutes=15)  # whoever left none for longer is taken to be away
LONG = timedelta(hours=3)  # without a pause
BREATHERS_KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Here:
    """One whose workspace is open now, and what they have on their hands."""

    user: User
    open: int
    waiting: int
    chats: int
    is_on_breather: bool

    @property
    def takes_chats(self) -> bool:
        return self.user.availability == User.Availability.ONLINE and not self.is_on_breather

    @property
    def free(self) -> int:
        """How many chats they could still take."""
        return max(self.user.capacity - self.chats, 0) if self.takes_chats else 0

    @property
    def is_full(self) -> bool:
        return self.chats >= self.user.capacity


@dataclass(frozen=True)
class Load:
    """What one person has on their hands now. `since_pause` is None for whoever is not at work, as far as we know."""

    user: User
    is_here: bool
    open: int
    waiting: int
    late: int
    chats: int
    hard_in_a_row: int
    since_pause: timedelta | None
    breathers: int
    is_on_breather: bool

    @property
    def is_full(self) -> bool:
        return self.chats >= self.user.capacity

    @property
    def is_long(self) -> bool:
        """Whether it is time for a pause."""
        return self.since_pause is not None and self.since_pause >= LONG

    @property
    def hours(self) -> str:
        """Since the last pause, to the half hour: it is a hint, not a clock."""
        halves = round((self.since_pause or timedelta(0)) / timedelta(minutes=30))
        return f"{halves // 2}½" if halves % 2 else str(halves // 2)


class Trace(NamedTuple):
    """What somebody did, as the log says it."""

    at: datetime
    ticket: int
    type: str
    is_public: bool


@dataclass(frozen=True)
class Loads:
    """Of some of us together. `nobodys` are the open tickets that nobody has, `waiting_for_nobody` those of them in
    which the customer waits."""

    people: list[Load]
    nobodys: int
    waiting_for_nobody: int

    @property
    def here(self) -> int:
        return sum(one.is_here for one in self.people)

    @property
    def open(self) -> int:
        return sum(one.open for one in self.people)

    @property
    def waiting(self) -> int:
        return sum(one.waiting for one in self.people)

    @property
    def most_open(self) -> int:
        return max((one.open for one in self.people), default=0)

    @property
    def chats(self) -> int:
        return sum(one.chats for one in self.people)

    @property
    def breathers(self) -> int:
        return sum(one.breathers for one in self.people)


def people_here(viewer: User, now: datetime, team: Team | None = None) -> list[Here]:
    """Those of the viewer's teams, or of the house, whose workspace is open; who takes chats stands first. One query.

    Tickets are counted as far as the viewer may see them; chats are all that somebody has.
    """
    theirs = Ticket.objects.visible_to(viewer).filter(UNSOLVED & AWAKE)
    counts = {
        "n_chats": _count_of(live_chats(now)),
        "n_open": _count_of(theirs),
        "n_waiting": _count_of(theirs.waiting()),
    }
    here: Any = (
        people_of(viewer, team).filter(last_seen_at__gt=now - timedelta(seconds=ONLINE_SECONDS)).annotate(**counts)
    )
    found = [Here(one, one.n_open, one.n_waiting, one.n_chats, one.is_on_breather(now)) for one in here]
    return sorted(found, key=lambda one: not one.takes_chats)


def team_load(viewer: User, now: datetime, *, by_load: bool = False, team: Team | None = None) -> list[Load]:
    """Everybody of the viewer's teams, or of the house: by name, or with most open work first.

    Tickets are counted as far as the viewer may see them, so that each number leads to its tickets.
    """
    people = list(people_of(viewer, team))
    keys = [user.pk for user in people]
    open_, waiting, late = _tickets_of(viewer, keys, now)
    chats = dict(live_chats(now).filter(assignee__in=keys).order_by().values_list("assignee").annotate(n=Count("pk")))
    traces = _traces(keys, now)
    taken = _breathers(keys, now)
    loads = [
        Load(
            user=user,
            is_here=_is_here(user, now),
            open=open_[user.pk],
            waiting=waiting[user.pk],
            late=late[user.pk],
            chats=chats.get(user.pk, 0),
            hard_in_a_row=hard_in_a_row(traces[user.pk]),
            since_pause=since_pause(traces[user.pk], taken[user.pk], now),
            breathers=len(taken[user.pk]),
            is_on_breather=user.is_on_breather(now),
        )
        for user in people
    ]
    return sorted(loads, key=lambda one: (-one.waiting, -one.open, one.user.name)) if by_load else loads


def hard_in_a_row(traces: list[Trace]) -> int:
    """How many of the latest conversations, without a kinder one between them, had words that they noted as abusive.

    A conversation is a ticket on which they said something to the customer, or noted such words; `traces` in order.
    """
    latest: dict[int, datetime] = {}
    for one in traces:
        if one.type == "abuse.marked" or (one.type == "message.posted" and one.is_public):
            latest[one.ticket] = one.at
    hard = {one.ticket for one in traces if one.type == "abuse.marked"}
    count = 0
    for ticket in sorted(latest, key=lambda key: latest[key], reverse=True):
        if ticket not in hard:
            break
        count += 1
    return count


def since_pause(traces: list[Trace], breathers: list[Breather], now: datetime) -> timedelta | None:
    """How long since a breather, or since a quarter of an hour in which they left no trace; `traces` in order.

    None if they left none lately: then they are away, and that is their pause.
    """
    if not traces or now - traces[-1].at > HERE:
        return None
    begun = traces[-1].at
    for earlier, later in zip(reversed(traces[:-1]), reversed(traces), strict=False):
        if later.at - earlier.at >= PAUSE:
            break
        begun = earlier.at
    ends = [one.ended_at for one in breathers if one.began_at <= now]
    return max(now - max([begun, *ends]), timedelta(0))


def people_of(viewer: User, team: Team | None = None) -> QuerySet[User]:
    """Who works in the viewer's teams, or in the house; of one team only, if the viewer sees it."""
    people = User.objects.filter(is_active=True).order_by("name", "pk")
    if not viewer.has_perm("tickets.view_all"):
        people = people.filter(Q(teams__in=viewer.teams.all()) | Q(pk=viewer.pk)).distinct()
    return people.filter(pk__in=team.members.values("pk")) if team else people


def nobodys(viewer: User, team: Team | None = None) -> tuple[int, int]:
    """How many open tickets nobody has, and in how many of them the customer waits for us."""
    free = Ticket.objects.visible_to(viewer).filter(UNSOLVED & AWAKE, assignee=None)
    if team:
        free = free.filter(team=team)
    found = free.aggregate(n=Count("pk"), waiting=Count("pk", filter=Q(waiting_since__isnull=False)))
    return found["n"], found["waiting"]


def _is_here(user: User, now: datetime) -> bool:
    return user.last_seen_at is not None and now - user.last_seen_at < timedelta(seconds=ONLINE_SECONDS)


def _count_of(tickets: QuerySet[Ticket]) -> Coalesce:
    """How many of these somebody has, to be annotated on them."""
    counted = tickets.filter(assignee=OuterRef("pk")).order_by().values("assignee").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), 0)


def _tickets_of(viewer: User, people: list[int], now: datetime) -> tuple[Counter[int], Counter[int], Counter[int]]:
    """How many each has that are neither solved nor snoozed, of these, where the customer waits for us, and where they
    wait for longer than was promised."""
    awake = Ticket.objects.visible_to(viewer).filter(UNSOLVED & AWAKE, assignee__in=people)
    waits = Q(waiting_since__isnull=False)
    rows = (
        awake.order_by()
        .values_list("assignee")
        .annotate(
            n=Count("pk"), waiting=Count("pk", filter=waits), late=Count("pk", filter=waits & Q(answer_due_at__lt=now))
        )
    )
    open_, waiting, late = Counter[int](), Counter[int](), Counter[int]()
    for user, count, waits_n, late_n in rows:
        open_[user], waiting[user], late[user] = count, waits_n, late_n
    return open_, waiting, late


def _traces(people: list[int], now: datetime) -> dict[int, list[Trace]]:
    """What each did in the last hours, oldest first, read from the end of the log."""
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    lately = Event.objects.filter(pk__gt=newest - NEWEST_EVENTS, at__gt=now - SHIFT, at__lte=now, by_user__in=people)
    found: dict[int, list[Trace]] = defaultdict(list)
    rows = lately.order_by("at", "pk").values_list("by_user", "at", "ticket", "type", "is_public")
    for user, at, ticket, type_, is_public in rows:
        found[user or 0].append(Trace(at, ticket, type_, is_public))
    return found


def _breathers(people: list[int], now: datetime) -> dict[int, list[Breather]]:
    found: dict[int, list[Breather]] = defaultdict(list)
    for one in Breather.objects.filter(user__in=people, began_at__gt=now - BREATHERS_KEPT).order_by("began_at"):
        found[one.user_id].append(one)
    return found
