"""Measures over facts: a total beside that of the period before, a course over time, and parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Avg, Case, Count, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import Trunc

from recovery.queries.beyond import Percentile
from reports.measures import How, Kind, Measure
from reports.periods import Period
from reports.queries.question import HITS, Question

MEDIAN, NINETY = 0.5, 0.9


@dataclass(frozen=True)
class Found:
    """What a measure says of n facts: a count, a share from 0 to 1, a mean, or a median in seconds, and then with it
    the 90th percentile. `value` is None where there is nothing to reckon with."""

    n: int = 0
    value: float | None = None
    ninety: float | None = None


NOTHING = Found()


@dataclass(frozen=True)
class Total:
    """Of the period, and of as many days before."""

    measure: Measure
    now: Found
    before: Found

    @property
    def change(self) -> float | None:
        """By how much it is more than before, in the measure's own unit."""
        if self.now.value is None or self.before.value is None:
            return None
        return self.now.value - self.before.value

    @property
    def is_better(self) -> bool | None:
        """None where it has not changed, or more is neither good nor bad."""
        if not self.change or self.measure.is_less_better is None:
            return None
        return (self.change < 0) == self.measure.is_less_better


@dataclass(frozen=True)
class Step:
    """A day, week or month of a course."""

    period: Period
    found: Found


def totals(measures: Iterable[Measure], question: Question) -> dict[str, Total]:
    """By the measure's key. One query for each kind of fact."""
    found: dict[str, Total] = {}
    by_kind: dict[Kind, list[Measure]] = {}
    for measure in measures:
        by_kind.setdefault(measure.kind, []).append(measure)
    for of_kind in by_kind.values():
        found |= _totals_of_kind(of_kind, question)
    return found


def total(measure: Measure, question: Question) -> Total:
    return totals([measure], question)[measure.key]


def course(measure: Measure, question: Question) -> list[Step]:
    """Over the period, by its unit; also of days on which nothing was."""
    period = question.period
    start = Trunc("at", period.unit, tzinfo=period.zone)
    rows: QuerySet[Any] = question.behind(measure).annotate(start=start).values("start")
    rows = rows.annotate(**_reckoned([measure], question)).order_by()
    by_day = {_day(row["start"], period): _found(measure, row) for row in rows}
    return [Step(step, by_day.get(_trunc(step, period), nothing(measure))) for step in period.steps()]


def parts(measure: Measure, question: Question, by: str) -> dict[Any, Total]:
    """Of each value of a field, also as it was before. Its parts are the whole, but where a ticket has several (tags).

    `by` is a field of `Fact` or of what it points to, such as `team`, `channel` or `ticket__tags`.
    """
    rows = _both(question, measure.kind).values(by, "is_now").annotate(**_reckoned([measure], question))
    found: dict[Any, dict[bool, Found]] = {}
    for row in rows:
        found.setdefault(row[by], {})[row["is_now"]] = _found(measure, row)
    empty = nothing(measure)
    return {key: Total(measure, both.get(True, empty), both.get(False, empty)) for key, both in found.items()}


def nothing(measure: Measure) -> Found:
    return Found(0, 0.0) if measure.how is How.COUNT else NOTHING


def _totals_of_kind(measures: list[Measure], question: Question) -> dict[str, Total]:
    rows = _both(question, measures[0].kind).values("is_now").annotate(**_reckoned(measures, question))
    sides = {row["is_now"]: row for row in rows}
    return {
        measure.key: Total(
            measure,
            *(_found(measure, sides[side]) if side in sides else nothing(measure) for side in (True, False)),
        )
        for measure in measures
    }


def _both(question: Question, kind: Kind) -> QuerySet[Any]:
    """Of this period and of the one before, told apart by `is_now`."""
    start, middle, end = question.period.before.start, question.period.start, question.period.end
    is_now = Case(When(at__gte=middle, then=Value(True)), default=Value(False))
    return question.facts_ever(kind).between(start, end).annotate(is_now=is_now).order_by()


def _reckoned(measures: list[Measure], question: Question) -> dict[str, Any]:
    """What the database reckons for each of them: its n, value and ninety."""
    found: dict[str, Any] = {}
    for measure in measures:
        key, only = measure.key, _only(measure, question)
        found[f"{key}_n"] = Count("pk", filter=only)
        if measure.how is How.TIME:
            found[f"{key}_value"] = Percentile(question.length, MEDIAN, filter=only, output_field=FloatField())
            found[f"{key}_ninety"] = Percentile(question.length, NINETY, filter=only, output_field=FloatField())
        elif measure.how is How.MEAN:
            found[f"{key}_value"] = Avg("number", filter=only)
        elif measure.hit:
            found[f"{key}_hits"] = Count("pk", filter=only & Q(**HITS[measure.hit]))
    return found


def _only(measure: Measure, question: Question) -> Q:
    only = Q(kind=measure.kind)
    if measure.only_lasting:
        only &= Q(is_undone=False)
    if measure.how is How.TIME:
        only &= Q(**{f"{question.length}__isnull": False})
    return only


def _found(measure: Measure, row: Mapping[str, Any]) -> Found:
    n = row[f"{measure.key}_n"]
    if measure.how is How.COUNT:
        return Found(n, float(n))
    if not n:
        return NOTHING
    if measure.how is How.SHARE:
        return Found(n, row[f"{measure.key}_hits"] / n)
    return Found(n, row[f"{measure.key}_value"], row.get(f"{measure.key}_ninety"))


def _day(start: datetime, period: Period) -> date:
    return start.astimezone(period.zone).date()


def _trunc(step: Period, period: Period) -> date:
    """The day that the database calls the step's beginning, which may lie before the period."""
    if period.unit == "week":
        return step.first.fromordinal(step.first.toordinal() - step.first.weekday())
    return step.first.replace(day=1) if period.unit == "month" else step.first
