"""Facts are kept equal to what the log of events says: what is new as it comes, the past from the newest ticket back.

Facts are written here only, by one at a time (an advisory lock), and in whole tickets: whoever recounts one reads its
log under the lock, so that nothing older is ever written over something newer. A worker that dies takes its batch back.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from reports.facts import TYPES, Entry, Length, facts_of, taken_in
from reports.models import Counting, Fact
from reports.queries.counting import READER, calendars_by_site, hours_digest
from tickets.actions.sweeping import has_settled, sweep_log
from tickets.models import Event, EventMark, Ticket
from tickets.sla import OpenHours, open_between

log = logging.getLogger(__name__)
BATCH = 1000  # tickets in one transaction
TOUCHING = (*TYPES, "ticket.trashed", "ticket.restored")  # events after which the facts of a ticket may be others
_LOCK = 0x7265706F727473  # "reports"
Row = tuple[Any, ...]  # a fact's columns, as in _COLUMNS
Key = tuple[int, int, int]  # ticket, kind, seq

_COLUMNS = "ticket_id, kind, seq, at, seconds, open_seconds, number, is_undone, channel, team_id"
_COPY = f"COPY reports_fact ({_COLUMNS}) FROM STDIN"  # noqa: S608, our own names
_STORED = f"SELECT id, {_COLUMNS} FROM reports_fact WHERE ticket_id = ANY(%s)"  # noqa: S608
# What went into another ticket, or into the trash, has no facts.
_TICKETS = """
    SELECT number, channel, team_id, site_id FROM tickets_ticket
    WHERE number = ANY(%s) AND merged_into_id IS NULL AND trashed_at IS NULL
"""
# Of most events nothing is said in their data that counts; reading it would take most of the time.
_EVENTS = """
    SELECT ticket_id, id, seq, type, at, by_user_id, by_customer_id, is_public,
        CASE WHEN type = 'ticket.resolved' THEN NULL
            WHEN type = 'message.posted' AND NOT data ?| ARRAY['imported', 'calls'] THEN NULL
            ELSE data::text END
    FROM tickets_event WHERE ticket_id = ANY(%s) AND type = ANY(%s) ORDER BY ticket_id, seq
"""


@dataclass
class Differences:
    """Between what is stored and what the log says."""

    wrong: list[Row] = field(default_factory=list)  # stored, with their keys before them
    missing: list[Row] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)  # tickets that could not be counted

    @property
    def tickets(self) -> set[int]:
        return {row[1] for row in self.wrong} | {row[0] for row in self.missing} | self.failed

    @property
    def facts(self) -> int:
        """How many are not so, or not there."""
        return len({row[1:4] for row in self.wrong} | {row[:3] for row in self.missing})


@transaction.atomic
def recount(tickets: Iterable[int]) -> int:
    """Make the facts of these tickets, by their numbers, what their logs say; returns how many that changed."""
    _lock()
    found = _compare(list(tickets), _rulers())
    with connection.cursor() as cursor:
        if found.wrong:
            cursor.execute("DELETE FROM reports_fact WHERE id = ANY(%s)", [[row[0] for row in found.wrong]])
        if found.missing:
            cursor.copy_expert(_COPY, StringIO("".join(_lines(found.missing))))
    return found.facts


@transaction.atomic
def differences(tickets: Iterable[int]) -> set[int]:
    """The numbers of those of these tickets whose facts are not what their logs say, reckoned with the plain
    arithmetic of opening hours; without those on which something happened that is not read yet."""
    _lock()
    found = _compare(list(tickets), _plain_rulers()).tickets
    done = EventMark.objects.filter(reader=READER).values_list("done_id", flat=True).first()
    if done is None:
        return found
    ahead = Event.objects.filter(ticket__in=found, pk__gt=done).values_list("ticket", flat=True)
    return found - set(ahead)


def sweep() -> bool:
    """Count what has happened since the last time; whether its mark has moved, and there may be more to read. Two
    clocks are harmless: one of them goes."""
    marks = EventMark.objects.filter(reader=READER).values_list("done_id", flat=True)
    before = marks.first()
    sweep_log(READER, _recount_touched)
    return marks.first() != before


def _recount_touched(events: QuerySet[Event]) -> int:
    touched = events.filter(type__in=TOUCHING).order_by().values_list("ticket", flat=True).distinct()
    numbers = sorted(touched)
    return recount(numbers) if numbers else 0


@transaction.atomic
def count_past() -> bool:
    """Count the next batch of the past, from the newest ticket back; whether there may be more. It begins as soon as
    the log is read from somewhere on for certain, and anew when opening hours change. Two clocks are harmless."""
    row = Counting.objects.select_for_update(skip_locked=True).first()
    hours = hours_digest()
    if row is None:
        if Counting.objects.exists() or not has_settled(READER):
            return False
        row, is_new = Counting.objects.get_or_create(defaults=_begun(hours))
        return is_new
    if row.hours != hours:
        for name, value in _begun(hours).items():
            setattr(row, name, value)
    if row.left:
        _count_next(row)
    row.save()
    return bool(row.left)


def _count_next(row: Counting) -> None:
    older = Ticket.objects.filter(pk__lte=row.left).order_by("-pk").values_list("pk", flat=True)
    numbers = list(older[:BATCH])
    recount(numbers)
    row.left = numbers[-1] - 1 if len(numbers) == BATCH else 0
    row.ended_at = None if row.left else timezone.now()


def _begun(hours: str) -> dict[str, Any]:
    newest = Ticket.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    now = timezone.now()
    return {"hours": hours, "left": newest, "begun_at": now, "ended_at": None if newest else now}


@transaction.atomic
def skip_counted(first: int) -> None:
    """Everything from this ticket's number on is counted already, and nobody else writes (demo, seed): read the log
    from here on, and the past from the ticket before."""
    newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    mark = {"done_id": newest, "seen_id": newest, "seen_xid": 0}
    EventMark.objects.get_or_create(reader=READER, defaults=mark)
    now, left = timezone.now(), first - 1
    begun = {"hours": hours_digest(), "left": left, "begun_at": now, "ended_at": None if left else now}
    Counting.objects.get_or_create(defaults=begun)


@transaction.atomic
def note_recounted(hours: str) -> None:
    """All that there is was counted by these opening hours (`hours_digest`, asked before): the past is done, if it had
    begun. If not, the clock begins it."""
    Counting.objects.update(hours=hours, left=0, ended_at=timezone.now())


def without_ticket() -> QuerySet[Fact]:
    """Facts of tickets that are not there: nothing makes them, and nothing would ever look at them again."""
    return Fact.objects.filter(~Exists(Ticket.objects.filter(pk=OuterRef("ticket"))))


# --- Steps ---------------------------------------------------------------------------------
def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


@dataclass(frozen=True)
class Rulers:
    """How long it was open, for the tickets of each site."""

    by_site: dict[int, Length]
    always: Length

    def of(self, site: int | None) -> Length:
        return self.always if site is None else self.by_site.get(site, self.always)


def _rulers() -> Rulers:
    """With kept sums, for many lengths."""
    by_site: dict[int, Length] = {}
    for site, calendar in calendars_by_site().items():
        by_site[site] = OpenHours(calendar).between
    return Rulers(by_site, OpenHours(None).between)


def _plain_rulers() -> Rulers:
    def ruler(calendar: Any) -> Length:
        return lambda start, end: open_between(start, end, calendar)

    return Rulers({site: ruler(calendar) for site, calendar in calendars_by_site().items()}, ruler(None))


def _compare(tickets: list[int], rulers: Rulers) -> Differences:
    with connection.cursor() as cursor:
        cursor.execute(_TICKETS, [tickets])
        counting = cursor.fetchall()
        logs = _logs(cursor, [row[0] for row in counting])
        cursor.execute(_STORED, [tickets])
        stored: dict[Key, Row] = {(row[1], row[2], row[3]): row for row in cursor}
    found = Differences()
    for number, channel, team, site in counting:
        try:
            facts = facts_of(number, logs, rulers.of(site))
        except Exception:
            log.exception("ticket %s could not be counted", number)  # the others can; it keeps what it had
            found.failed.add(number)
            continue
        for fact in facts:
            wanted = (number, *fact, channel, team)
            known = stored.pop((number, fact.kind, fact.seq), None)
            if known is None:
                found.missing.append(wanted)
            elif known[1:] != wanted:
                found.wrong.append(known)
                found.missing.append(wanted)
    found.wrong += [row for row in stored.values() if row[1] not in found.failed]
    return found


def _logs(cursor: Any, tickets: list[int]) -> dict[int, list[Entry]]:
    """The logs of these, and of those that went into them."""
    logs: dict[int, list[Entry]] = {}
    wanted = set(tickets)
    while wanted:
        logs |= {number: [] for number in wanted}
        cursor.execute(_EVENTS, [list(wanted), list(TYPES)])
        for number, *rest, data in cursor.fetchall():
            logs[number].append((*rest, json.loads(data) if data else None))
        wanted = taken_in({number: logs[number] for number in wanted}) - logs.keys()
    return logs


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    """As COPY reads them. No value of a fact has a character that would need escaping."""
    for row in rows:
        yield "\t".join(["\\N" if value is None else str(value) for value in row]) + "\n"
