"""When somebody is left in peace, and when their mail is put together: arithmetic on their own clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

SATURDAY = 5


@dataclass(frozen=True)
class Quiet:
    """From one time of the day until another, over midnight if it must be, and perhaps all weekend."""

    zone: ZoneInfo
    start: time | None = None
    end: time | None = None
    at_weekends: bool = False

    def at(self, moment: datetime) -> bool:
        """Whether `moment` (aware) is to be quiet."""
        local = moment.astimezone(self.zone)
        if self.at_weekends and local.weekday() >= SATURDAY:
            return True
        if self.start is None or self.end is None:
            return False
        clock = local.time()
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def over(self, moment: datetime) -> datetime:
        """The first moment from this one on that is not quiet."""
        if not self.at(moment):
            return moment
        for edge in self._edges(moment):
            if edge > moment and not self.at(edge):
                return edge
        return moment  # it never ends: then it is no rest but a mistake

    def _edges(self, moment: datetime) -> list[datetime]:
        """When quiet may end in the next days, in order: at its hour, or with a day."""
        today = moment.astimezone(self.zone).date()
        clocks = [time(0), *([self.end] if self.end else [])]
        days = [today + timedelta(days=number) for number in range(5)]
        local = [datetime.combine(day, clock.replace(fold=fold), self.zone)
                 for day in days for clock in clocks for fold in (0, 1)]  # fmt: skip
        return sorted({edge.astimezone(UTC) for edge in local})


def next_hour(moment: datetime) -> datetime:
    """The next full hour."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def next_time(moment: datetime, clock: time, zone: ZoneInfo) -> datetime:
    """The next moment at which the clock in this zone shows this."""
    today = moment.astimezone(zone).date()
    for number in range(3):
        found = datetime.combine(today + timedelta(days=number), clock, zone).astimezone(UTC)
        if found > moment:
            return found
    raise AssertionError("a day has every time of the day")
