"""Read the log of events so that none is missed, however late its transaction commits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from django.db import connection, transaction
from django.db.models import QuerySet

from tickets.models import Event, EventMark

log = logging.getLogger(__name__)
AT_ONCE = 5000
_SNAPSHOT = "SELECT pg_snapshot_{}(pg_current_snapshot())::text::bigint"
_OLDEST_RUNNING, _NEXT = _SNAPSHOT.format("xmin"), _SNAPSHOT.format("xmax")


def sweep_log(reader: str, work: Callable[[QuerySet[Event]], int]) -> int:
    """Let `work` see what happened since its reader's mark, at once, and again until it is certain that nothing was
    committed late among it; returns the sum of what `work` returns. What was done already it must leave out itself.

    Two clocks are harmless: one of them goes. A new reader begins at the newest event.
    """
    with transaction.atomic():
        mark = _mark_of(reader)
        if mark is None:
            return 0
        is_settled = _is_settled(mark)
        since = Event.objects.filter(pk__gt=mark.done_id).order_by("pk")
        newest = max(since.values_list("pk", flat=True)[:AT_ONCE], default=mark.seen_id)
        done = work(since.filter(pk__lte=newest))
        if is_settled:
            mark.done_id = min(mark.seen_id, newest)
        _look_on(mark, newest)
    return done


def read_log(reader: str, work: Callable[[Event], int], *, types: Iterable[str]) -> int:
    """Let `work` have each event of these types exactly once, in the order of their keys, as soon as it is certain that
    none before it is still to come: at the second look, as a rule. Returns the sum of what `work` returns.

    What `work` writes commits together with the mark. An event that it fails on is logged and passed over, because the
    others must not wait for it. Two clocks are harmless, and a new reader begins at the newest event, as above.
    """
    done = 0
    with transaction.atomic():
        mark = _mark_of(reader)
        if mark is None:
            return 0
        if _is_settled(mark):
            ahead = Event.objects.filter(pk__gt=mark.done_id, pk__lte=mark.seen_id).order_by("pk")
            upto = max(ahead.values_list("pk", flat=True)[:AT_ONCE], default=mark.seen_id)
            for event in ahead.filter(pk__lte=upto, type__in=list(types)).select_related("ticket", "message"):
                done += _work_or_log(reader, work, event)
            mark.done_id = upto
        _look_on(mark, Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0)
    return done


def has_settled(reader: str) -> bool:
    """Whether nothing can be committed any more that the reader, who is new, began beyond."""
    mark = EventMark.objects.filter(reader=reader).first()
    return mark is not None and _is_settled(mark)


def _work_or_log(reader: str, work: Callable[[Event], int], event: Event) -> int:
    try:
        with transaction.atomic():
            return work(event)
    except Exception:
        log.exception("%s failed on event %s", reader, event.pk)
        return 0


def _mark_of(reader: str) -> EventMark | None:
    """The reader's mark, locked; None if another clock has it, or if it has only just been made."""
    mark = EventMark.objects.select_for_update(skip_locked=True).filter(reader=reader).first()
    if mark is None:
        newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        begun = {"done_id": newest, "seen_id": newest, "seen_xid": _number(_NEXT)}
        EventMark.objects.get_or_create(reader=reader, defaults=begun)
    return mark


def _is_settled(mark: EventMark) -> bool:
    return mark.seen_xid <= _number(_OLDEST_RUNNING)


def _look_on(mark: EventMark, newest: int) -> None:
    if mark.done_id == mark.seen_id and newest > mark.seen_id:
        mark.seen_id, mark.seen_xid = newest, _number(_NEXT)
    mark.save(update_fields=["done_id", "seen_id", "seen_xid"])


def _number(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])
