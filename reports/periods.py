"""Stretches of days as reports ask for them, in the time zone of whoever asks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = (7, 30, 90, 365)
USUAL_DAYS = 30
MOST_DAYS = 3660
BY_DAY_UP_TO, BY_WEEK_UP_TO = 45, 200  # days; beyond, by month
LEAST_DAYS = {"week": 21, "month": 85}  # for a chart by these


@dataclass(frozen=True)
class Period:
    """Whole days: `first` and `last` both count."""

    first: date
    last: date
    zone: ZoneInfo
    by: str = ""  # what a chart of it goes by, if not what is usual for so many days

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The midnight after the last day: it does not count."""
        return midnight(self.last + timedelta(days=1), self.zone)

    @property
    def before(self) -> Period:
        """As many days that end where this begins."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1), self.zone, self.by)

    @property
    def unit(self) -> str:
        """What a chart of it goes by: `day`, `week` (from Monday) or `month`."""
        if self.by:
            return self.by
        if self.days <= BY_DAY_UP_TO:
            return "day"
        return "week" if self.days <= BY_WEEK_UP_TO else "month"

    @property
    def coarser(self) -> Period:
        """The same days by weeks instead of days, by months instead of weeks, where that leaves some steps to see."""
        by = {"day": "week", "week": "month"}.get(self.unit)
        return replace(self, by=by) if by and self.days >= LEAST_DAYS[by] else self

    def steps(self) -> Iterator[Period]:
        """Its days, weeks or months in order; the first and the last may be parts of one."""
        first = self.first
        while first <= self.last:
            last = min(_last_of(first, self.unit), self.last)
            yield Period(first, last, self.zone)
            first = last + timedelta(days=1)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of that day there, in UTC. Where the clocks skip midnight, the moment they skip to."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def last_days(days: int, now: datetime, zone: ZoneInfo) -> Period:
    """So many days, of which today is the last."""
    today = now.astimezone(zone).date()
    return Period(today - timedelta(days=days - 1), today, zone)


def month_of(day: date, zone: ZoneInfo) -> Period:
    return Period(day.replace(day=1), _last_of(day, "month"), zone)


def _last_of(day: date, unit: str) -> date:
    if unit == "day":
        return day
    if unit == "week":
        return day + timedelta(days=6 - day.weekday())
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
