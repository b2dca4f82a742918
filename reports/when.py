"""When a report goes by mail, and which days it is about. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MONDAY = 0


def next_time(every: str, hour: int, after: datetime, zone: ZoneInfo) -> datetime:
    """The next moment after this one at which it is that hour there: any `day`, the Monday of a `week`, or the first
    of a `month`. Where the clocks skip the hour, the one that they skip to; where it comes twice, the first."""
    day = after.astimezone(zone).date()
    while True:
        found = datetime.combine(day, time(hour), zone).astimezone(UTC)
        if found > after and _is_day(every, day):
            return found
        day += timedelta(days=1)


def end_of_yesterday(now: datetime, zone: ZoneInfo) -> datetime:
    """The last moment of the day before: what goes by mail is about whole days."""
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)
    return midnight - timedelta(microseconds=1)


def _is_day(every: str, day: date) -> bool:
    if every == "week":
        return day.weekday() == MONDAY
    return every == "day" or day.day == 1
