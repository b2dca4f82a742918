"""Promise arithmetic: pure functions of times and opening hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Calendar

_SEARCH_DAYS = 370  # a calendar without one open hour in a year is a mistake, not a schedule


def answer_due(since: datetime, minutes: int, calendar: Calendar | None) -> datetime:
    """When `minutes` of opening hours have passed since `since` (both aware).

    Without a calendar, or with one that never opens, the clock runs day and night.
    """
    if calendar is None or not calendar.hours:
        return since + timedelta(minutes=minutes)
    zone = ZoneInfo(calendar.time_zone)
    left = timedelta(minutes=minutes)
    day = since.astimezone(zone).date()
    for _ in range(_SEARCH_DAYS):
        if day.isoformat() not in calendar.holidays:
            for start, end in sorted(calendar.hours.get(str(day.weekday()), [])):
                # Reckoned in UTC: wall-clock subtraction is an hour off when the clocks change.
                opens = max(_moment(day, start, zone), since.astimezone(UTC))
                open_for = _moment(day, end, zone) - opens
                if open_for > timedelta(0) and left <= open_for:
                    return opens + left
                left -= max(open_for, timedelta(0))
        day += timedelta(days=1)
    return since + timedelta(minutes=minutes)


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone).astimezone(UTC)
