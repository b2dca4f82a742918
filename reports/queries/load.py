"""Who carries how much, so that nobody carries too much. There is no clock in it, and no order by speed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet

from accounts.models import Breather, User
from chat.queries import live_chats
from tickets.models import Event, Ticket

SHIFT = timedelta(hours=12)  # what is read of the log: a long day
NEWEST_EVENTS = 50_000  # at most, of all of us together
PAUSE = timedelta(minutes=15)  # without a trace in the log
HERE = timedelta(minutes=15)  # whoever left none for longer is taken to be away
BREATHERS_KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Load:
    """What one person has on their hands now. `since_pause` is None for whoever is not at work, as far as we know."""

    user: User
    open: int
    waiting: int
    chats: int
    hard_in_a_row: int
    since_pause: timedelta | None
    breathers: int
    is_on_breather: bool

    @property
    def is_full(self) -> bool:
        return self.chats >= self.user.capacity

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


def team_load(viewer: User, now: datetime, *, by_load: bool = False) -> list[Load]:
    """Everybody of the viewer's teams, or of the house: by name, or with most open work first.

    Tickets are counted as far as the viewer may see them, so that each number leads to its tickets.
    """
    people = list(_people(viewer))
    keys = [user.pk for user in people]
    open_, waiting = _tickets_of(viewer, keys)
    chats = dict(live_chats(now).filter(assignee__in=keys).order_by().values_list("assignee").annotate(n=Count("pk")))
    traces = _traces(keys, now)
    taken = _breathers(keys, now)
    loads = [
        Load(
            user=user,
            open=open_[user.pk],
            waiting=waiting[user.pk],
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


def _people(viewer: User) -> QuerySet[User]:
    everybody = User.objects.filter(is_active=True).order_by("name", "pk")
    if viewer.has_perm("tickets.view_all"):
        return everybody
    return everybody.filter(Q(teams__in=viewer.teams.all()) | Q(pk=viewer.pk)).distinct()


def _tickets_of(viewer: User, people: list[int]) -> tuple[Counter[int], Counter[int]]:
    """How many each has that are neither solved nor snoozed, and of these, where the customer waits for us."""
    awake = Ticket.objects.visible_to(viewer).unsolved().filter(snoozed_at=None, assignee__in=people)
    rows = (
        awake.order_by()
        .values_list("assignee")
        .annotate(n=Count("pk"), waiting=Count("pk", filter=Q(waiting_since__isnull=False)))
    )
    open_, waiting = Counter[int](), Counter[int]()
    for user, count, late in rows:
        open_[user], waiting[user] = count, late
    return open_, waiting


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
