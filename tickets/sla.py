"""Promise arithmetic: pure functions of times and opening hours.

Time runs while a calendar is open. Without a calendar, or with one that never opens, it runs day and night.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from accounts.models import Calendar

NOTHING = timedelta(0)
Span = tuple[datetime, datetime]  # from when to when, in UTC


def answer_due(since: datetime, minutes: int, calendar: Calendar | None) -> datetime:
    """When `minutes` of opening hours have passed since `since` (both aware)."""
    return due_after(since, timedelta(minutes=minutes), calendar)


def due_after(since: datetime, length: timedelta, calendar: Calendar | None) -> datetime:
    """The first moment at which it has been open for `length` since `since` (both aware); of no length, the next moment
    at which it is open."""
    if calendar is None or _never_opens(calendar):
        return since + length
    left = length
    for opens, closes in _open_spans(since, calendar):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    raise AssertionError("it opens every week")


def open_between(start: datetime, end: datetime, calendar: Calendar | None) -> timedelta:
    """How long it was open from `start` to `end` (both aware); nothing if that is backwards."""
    if end <= start:
        return NOTHING
    if calendar is None or _never_opens(calendar):
        return end.astimezone(UTC) - start.astimezone(UTC)
    passed = NOTHING
    for opens, closes in _open_spans(start, calendar):
        if opens >= end:
            break
        passed += min(closes, end.astimezone(UTC)) - opens
    return passed


def warn_at(since: datetime, length: timedelta, of: timedelta, calendar: Calendar | None) -> datetime:
    """When of a promise of the length `of`, with `length` left at `since`, only a quarter will be left; then, if that
    is so already."""
    return due_after(since, max(length - of / 4, NOTHING), calendar)


class OpenHours:
    """`open_between` for many lengths under one calendar: sums are kept, so that each costs two look-ups, however long
    it is."""

    def __init__(self, calendar: Calendar | None) -> None:
        self._calendar = None if calendar is None or _never_opens(calendar) else calendar
        self._years = range(0)  # that are reckoned
        self._opens: list[datetime] = []
        self._sums: list[timedelta] = []  # how long it was open before each opening, since the first
        self._spans: list[timedelta] = []  # for how long it opens each time

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How long it was open from `start` to `end` (both aware); nothing if that is backwards."""
        if end <= start:
            return NOTHING
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if self._calendar is None:
            return end - start
        if start.year not in self._years or end.year not in self._years:
            self._reckon(self._calendar, start.year, end.year)
        return self._until(end) - self._until(start)

    def _until(self, at: datetime) -> timedelta:
        place = bisect_right(self._opens, at) - 1
        return self._sums[place] + min(at - self._opens[place], self._spans[place]) if place >= 0 else NOTHING

    def _reckon(self, calendar: Calendar, first: int, last: int) -> None:
        """For these years in UTC, and those that were reckoned before."""
        years = self._years or range(first, last + 1)
        self._years = range(min(first, years.start), max(last + 1, years.stop))
        begin, end = datetime(self._years.start - 1, 12, 30, tzinfo=UTC), datetime(self._years.stop, 1, 2, tzinfo=UTC)
        passed = NOTHING
        self._opens, self._sums, self._spans = [], [], []
        for opens, closes in takewhile(lambda span: span[0] < end, _open_spans(begin, calendar)):
            self._opens.append(opens)
            self._sums.append(passed)
            self._spans.append(closes - opens)
            passed += closes - opens


def _never_opens(calendar: Calendar) -> bool:
    spans = (span for day in range(7) for span in calendar.hours.get(str(day), []))
    return all(start >= end for start, end in spans)


def _open_spans(since: datetime, calendar: Calendar) -> Iterator[Span]:
    """From when to when it is open from `since` on, day after day, for ever; what overlaps counts once."""
    zone = ZoneInfo(calendar.time_zone)
    reached = since.astimezone(UTC)  # reckoned in UTC: wall-clock subtraction is an hour off when the clocks change
    day = since.astimezone(zone).date()
    while True:
        if day.isoformat() not in calendar.holidays:
            for start, end in sorted(calendar.hours.get(str(day.weekday()), [])):
                opens, closes = max(_moment(day, start, zone), reached), _moment(day, end, zone)
                if closes > opens:
                    yield opens, closes
                    reached = closes
        day += timedelta(days=1)


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone).astimezone(UTC)
