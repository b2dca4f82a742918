"""When it happens: a measure by weekday and hour, where the viewer is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import IntegerField
from django.db.models.functions import Cast, ExtractHour, ExtractIsoWeekDay

from reports.measures import Measure
from reports.queries.figures import Total, nothing, parts_of
from reports.queries.question import Question

WEEKDAYS, HOURS = range(1, 8), range(24)  # Monday is 1


@dataclass(frozen=True)
class Cell:
    """An hour of a weekday. `days` is how many such weekdays the period has."""

    weekday: int
    hour: int
    total: Total
    days: int

    @property
    def query(self) -> str:
        """As `part=` has it in an address."""
        return f"hour:{self.weekday}-{self.hour}"

    @property
    def each(self) -> float:
        """How many on such a day, in the mean."""
        return self.total.now.n / self.days if self.days else 0.0


def heat(measure: Measure, question: Question) -> list[list[Cell]]:
    """Seven rows of twenty-four."""
    zone, period = question.period.zone, question.period
    of_week = ExtractIsoWeekDay("at", tzinfo=zone) * 24 + ExtractHour("at", tzinfo=zone)
    found = parts_of([measure], question, Cast(of_week, IntegerField()))
    days = [(period.first + timedelta(days=ahead)).isoweekday() for ahead in range(period.days)]
    empty = {measure.key: Total(measure, nothing(measure), nothing(measure))}
    return [
        [Cell(day, hour, found.get(day * 24 + hour, empty)[measure.key], days.count(day)) for hour in HOURS]
        for day in WEEKDAYS
    ]
