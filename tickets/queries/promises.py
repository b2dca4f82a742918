"""Which promises hold, how each ticket stands with them, and how often they were kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime, parse_duration

from accounts.models import Calendar, Desk, Site
from tickets.models import Channel, Priority, Promise, PromiseRun, Ticket
from tickets.sla import answer_due, open_between

DAYS = 30  # over which it is told how often a promise was kept
ENOUGH = 20  # fewer times say nothing yet
TOLD = 3  # as many as fit above the first words of a chat
_PROMISES, _CALENDARS = "promises", "calendars of sites"
ANSWERS = (Promise.Measure.FIRST_ANSWER, Promise.Measure.NEXT_ANSWER)
COUNTED = (PromiseRun.State.KEPT, PromiseRun.State.BROKEN)


# --- Which hold ----------------------------------------------------------------------------
def all_promises() -> list[Promise]:
    """Those in force and those that have ended, with their calendars; read once where the company is read once."""
    kept = Desk.current().kept
    if _PROMISES not in kept:
        kept[_PROMISES] = list(Promise.objects.select_related("calendar"))
    return list(kept[_PROMISES])


def forget_promises() -> None:
    """They have changed: whoever asks next reads them anew."""
    Desk.current().kept.pop(_PROMISES, None)


def calendar_of_site(site_id: int | None) -> Calendar | None:
    """The opening hours of the site that a customer wrote from; read once, as above."""
    if site_id is None:
        return None
    kept: dict[int, Calendar | None] = Desk.current().kept.setdefault(_CALENDARS, {})
    if site_id not in kept:
        kept[site_id] = Calendar.objects.filter(sites=site_id).first()
    return kept[site_id]


@Desk.read_once()
def answer_due_at(ticket: Ticket, since: datetime) -> datetime:
    """Until when a customer who waits since then is to be answered: by the strictest promise of an answer that holds on
    this ticket, or else within the minutes that the company goes by where it has promised nothing."""
    hours = calendar_of_site(ticket.site_id)
    is_first = ticket.first_answered_at is None
    promised = [
        promise.due_at(since, hours)
        for promise in all_promises()
        if promise.is_on
        and promise.measure in ANSWERS
        and (is_first or promise.measure != Promise.Measure.FIRST_ANSWER)
        and promise.concerns(ticket.channel, ticket.team_id, ticket.priority)
    ]
    return min(promised) if promised else answer_due(since, Desk.current().promise_minutes, hours)


# --- How often they were kept --------------------------------------------------------------
@dataclass(frozen=True)
class Share:
    """How often a promise was kept, of the times that are decided; `of` is never hidden."""

    kept: int = 0
    of: int = 0

    @property
    def is_enough(self) -> bool:
        return self.of >= ENOUGH

    @property
    def percent(self) -> int:
        """In whole per cent, rounded down: 99.6 % is not always."""
        return self.kept * 100 // self.of if self.of else 0


def kept_shares(promises: Iterable[Promise], *, since: datetime, until: datetime) -> dict[int, Share]:
    """Of the times that each promise began in this period and that are decided, how many were kept; by its key.

    What still runs, and what does not count, is in neither number. Reads one index only (`promise_run_lately`).
    """
    runs = PromiseRun.objects.filter(
        promise__in=[promise.pk for promise in promises], began_at__gte=since, began_at__lt=until
    )
    kept = Count("state", filter=Q(state=PromiseRun.State.KEPT))
    decided = Count("state", filter=Q(state__in=COUNTED))
    counted = runs.order_by().values("promise").annotate(kept=kept, of=decided)
    return {row["promise"]: Share(row["kept"], row["of"]) for row in counted}


def lately(promises: Iterable[Promise], now: datetime) -> dict[int, Share]:
    """`kept_shares` of the last 30 days; every one of them is in it."""
    asked = list(promises)
    found = kept_shares(asked, since=now - timedelta(days=DAYS), until=now) if asked else {}
    return {promise.pk: found.get(promise.pk, Share()) for promise in asked}


def told_to_customers(site: Site, now: datetime) -> list[dict[str, Any]]:
    """What a site's chat says: each promise that customers may read and that holds there, with how often it was kept
    (`kept` and `of` are None while that would say little)."""
    rows = Promise.objects.filter(Q(channel="") | Q(channel=Channel.CHAT), is_on=True, is_public=True)
    promises = list(
        rows.filter(Q(team=None) | Q(team=site.team_id), Q(priority=None) | Q(priority__lte=Priority.NORMAL))
    )
    shares = lately(promises[:TOLD], now)
    return [{"words": one.words} | _told(shares[one.pk]) for one in promises[:TOLD]]


def _told(share: Share) -> dict[str, int | None]:
    return {"kept": share.kept, "of": share.of} if share.is_enough else {"kept": None, "of": None}


def near_runs(now: datetime) -> QuerySet[PromiseRun]:
    """What runs now, and has less than a quarter of its time left. `warn_at` is gone once somebody was warned."""
    is_near = Q(warn_at=None) | Q(warn_at__lte=now)
    return PromiseRun.objects.filter(is_near, state=PromiseRun.State.RUNNING, ended_at=None, due_at__gt=now)


# --- How a ticket stands with them ---------------------------------------------------------
SHOWN = 6


@dataclass(frozen=True)
class Standing:
    """How one promise stands, or stood, on a ticket. Lengths are of the hours that count for it (`is_in_hours`)."""

    words: str
    state: str
    due_at: datetime | None
    is_ended: bool
    is_in_hours: bool
    took: timedelta | None  # from its beginning to its end
    left: timedelta | None  # while it runs
    late: timedelta | None  # beyond what was promised, until its end or until now
    is_near: bool = False  # less than a quarter of it is left

    @property
    def is_paused(self) -> bool:
        return self.left is not None and self.due_at is None


def promise_rows() -> ArraySubquery:
    """The newest runs of a ticket's promises that run or count, to be annotated on it: a page has no query to spare."""
    hours = {
        f"{name}_{field}": f"{path}__{field}"
        for name, path in (("own", "promise__calendar"), ("site", "ticket__site__calendar"))
        for field in ("hours", "holidays", "time_zone")
    }
    times = {name: name for name in ("state", "began_at", "due_at", "ended_at", "left")}
    times["minutes"] = "promise__minutes"
    facts = JSONObject(words="promise__words", is_always="promise__is_round_the_clock", **times, **hours)
    rows = PromiseRun.objects.filter(ticket=OuterRef("pk")).exclude(state=PromiseRun.State.VOID)
    return ArraySubquery(rows.order_by("-began_at", "-pk").values(facts=facts)[:SHOWN])


def standings(rows: list[dict[str, Any]], now: datetime) -> list[Standing]:
    """What `promise_rows` said, as of now."""
    return [_standing(row, now) for row in rows]


def _standing(row: dict[str, Any], now: datetime) -> Standing:
    began_at, due_at, ended_at = (_time(row[name]) for name in ("began_at", "due_at", "ended_at"))
    hours = _hours(row)
    is_running = row["state"] == PromiseRun.State.RUNNING and ended_at is None
    left = parse_duration(row["left"]) if row["left"] else None
    if is_running and due_at is not None:
        left = open_between(now, due_at, hours)
    until = ended_at or now
    late = open_between(due_at, until, hours) if due_at is not None and until > due_at else None
    is_timed = due_at is not None or left is not None
    is_open = is_running and late is None
    return Standing(
        words=row["words"],
        state=PromiseRun.State.BROKEN if late is not None else row["state"],
        due_at=due_at,
        is_ended=ended_at is not None,
        is_in_hours=hours is not None,
        took=open_between(began_at, ended_at, hours) if began_at and ended_at and is_timed else None,
        left=left if is_open else None,
        late=late,
        is_near=is_open and due_at is not None and left is not None and left * 4 < timedelta(minutes=row["minutes"]),
    )


def _hours(row: dict[str, Any]) -> Calendar | None:
    if row["is_always"]:
        return None
    name = next((name for name in ("own", "site") if row[f"{name}_time_zone"]), None)
    return Calendar(**{field: row[f"{name}_{field}"] for field in ("hours", "holidays", "time_zone")}) if name else None


def _time(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
