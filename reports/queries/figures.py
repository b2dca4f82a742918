"""Measures over facts: a total beside that of the period before, a course over time, and parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any

from django.db.models import (
    Avg,
    BigIntegerField,
    Case,
    Count,
    F,
    FloatField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Trunc

from recovery.queries.beyond import Percentile
from recovery.shares import ENOUGH, Compared, Share
from reports.measures import How, Kind, Measure
from reports.periods import Period
from reports.queries.question import HITS, Question

MEDIAN, NINETY = 0.5, 0.9
LEAST_CHANGE, LEAST_STARS = 0.1, 0.3  # of the greater one; of five
COLUMNS = ("n", "hits", "value", "ninety")
Row = dict[str, Any]


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

    @property
    def is_clearly_better(self) -> bool | None:
        """The same, but None also where it is so little, or of so few, that chance would do it."""
        return self.is_better if self._is_clear else None

    @property
    def _is_clear(self) -> bool:
        now, before = self.now, self.before
        if now.value is None or before.value is None or min(now.n, before.n) < ENOUGH:
            return False
        if self.measure.how is How.SHARE:
            shares = (Share(round(one.n * (one.value or 0)), one.n) for one in (now, before))
            difference = Compared(*shares).difference
            return difference is not None and difference.excludes_zero
        if self.measure.how is How.MEAN:
            return abs(now.value - before.value) >= LEAST_STARS
        return abs(now.value - before.value) >= LEAST_CHANGE * max(now.value, before.value)


@dataclass(frozen=True)
class Step:
    """A day, week or month of a course."""

    period: Period
    found: Found


def totals(measures: Iterable[Measure], question: Question) -> dict[str, Total]:
    """By the measure's key. One query for all of them."""
    asked = list(measures)
    sides = {(kind, row["is_now"]): row for kind, row in _gathered(asked, question, _both, "is_now")}
    return {one.key: _total(one, sides.get((one.kind, True)), sides.get((one.kind, False))) for one in asked}


def total(measure: Measure, question: Question) -> Total:
    return totals([measure], question)[measure.key]


@dataclass(frozen=True)
class Steps:
    """Over the period, by its unit, and over as many days before; also of days on which nothing was."""

    now: list[Step]
    before: list[Step]


def courses_beside(measures: Iterable[Measure], question: Question) -> dict[str, Steps]:
    """By the measure's key, in one query."""
    asked = list(measures)
    found = {
        (kind, row["is_now"], _day(row["start"], question.period)): row
        for kind, row in _gathered(asked, question, _both_by_step, "is_now", "start")
    }

    def steps(measure: Measure, period: Period, *, is_now: bool) -> list[Step]:
        return [
            Step(step, _found(measure, found.get((measure.kind, is_now, trunc(step, period)))))
            for step in period.steps()
        ]

    now, before = question.period, question.period.before
    return {one.key: Steps(steps(one, now, is_now=True), steps(one, before, is_now=False)) for one in asked}


def courses(measures: Iterable[Measure], question: Question) -> dict[str, list[Step]]:
    """Over the period only."""
    return {key: steps.now for key, steps in courses_beside(measures, question).items()}


def course(measure: Measure, question: Question) -> list[Step]:
    return courses([measure], question)[measure.key]


def courses_of_parts(measure: Measure, question: Question, by: str) -> dict[Any, Steps]:
    """The course of each value of a field. One query."""
    now, before = question.period, question.period.before
    found: dict[Any, dict[tuple[bool, date], Row]] = {}
    for _kind, row in _gathered([measure], question, _both_by_step, "is_now", "start", by):
        found.setdefault(row[by], {})[row["is_now"], _day(row["start"], now)] = row
    return {
        key: Steps(
            [Step(step, _found(measure, rows.get((True, trunc(step, now))))) for step in now.steps()],
            [Step(step, _found(measure, rows.get((False, trunc(step, before))))) for step in before.steps()],
        )
        for key, rows in found.items()
    }


def parts_of(measures: Iterable[Measure], question: Question, by: str | Combinable) -> dict[Any, dict[str, Total]]:
    """Totals of each value of a field of `Fact` or of what it points to, such as `team` or `ticket__tags`, or of what
    is reckoned for each fact. Its parts are the whole, but where a ticket has several (tags). One query for all."""
    asked = list(measures)
    found: dict[Any, dict[tuple[Kind, bool], Row]] = {}
    for kind, row in _gathered(
        asked, question, lambda q, kind: _both(q, kind).annotate(part=_part(by)), "part", "is_now"
    ):
        found.setdefault(row["part"], {})[kind, row["is_now"]] = row
    return {
        key: {one.key: _total(one, rows.get((one.kind, True)), rows.get((one.kind, False))) for one in asked}
        for key, rows in found.items()
    }


def parts(measure: Measure, question: Question, by: str | Combinable) -> dict[Any, Total]:
    return {key: found[measure.key] for key, found in parts_of([measure], question, by).items()}


def found_of(measure: Measure, facts: QuerySet[Any], question: Question) -> Found:
    """Of these facts, which must be of its kind."""
    columns = {name: one for name, one in _columns(measure, question).items() if one.contains_aggregate}
    row = dict.fromkeys(COLUMNS) | facts.order_by().aggregate(**columns)
    return _found(measure, {f"{measure.key}_{what}": value for what, value in row.items()})


def nothing(measure: Measure) -> Found:
    return Found(0, 0.0) if measure.how is How.COUNT else NOTHING


def _gathered(
    measures: list[Measure], question: Question, facts: Callable[[Question, Kind], QuerySet[Any]], *by: str
) -> Iterator[tuple[Kind, Row]]:
    """What the database reckons for each kind of fact, in one query: a part of it for each kind, all of one width."""
    of_kind: dict[Kind, list[Measure]] = {}
    for measure in measures:
        of_kind.setdefault(measure.kind, []).append(measure)
    width = max(map(len, of_kind.values()), default=0)
    queries = [
        facts(question, kind).order_by().values("kind", *by).annotate(**_reckoned(asked, question, width))
        for kind, asked in of_kind.items()
    ]
    for row in queries[0].union(*queries[1:], all=True) if len(queries) > 1 else chain.from_iterable(queries):
        kind = Kind(row["kind"])
        named = {
            f"{measure.key}_{what}": row[f"{what}_{place}"]
            for place, measure in enumerate(of_kind[kind])
            for what in COLUMNS
        }
        yield kind, {name: row[name] for name in by} | named


def _both(question: Question, kind: Kind) -> QuerySet[Any]:
    """Of this period and of the one before, told apart by `is_now`."""
    start, middle, end = question.period.before.start, question.period.start, question.period.end
    is_now = Case(When(at__gte=middle, then=Value(True)), default=Value(False))
    return question.facts_ever(kind).between(start, end).annotate(is_now=is_now)


def _both_by_step(question: Question, kind: Kind) -> QuerySet[Any]:
    period = question.period
    return _both(question, kind).annotate(start=Trunc("at", period.unit, tzinfo=period.zone))


def _part(by: str | Combinable) -> Combinable:
    return F(by) if isinstance(by, str) else by


def _reckoned(measures: list[Measure], question: Question, width: int) -> dict[str, Any]:
    """What the database reckons for each of them, in columns of which each query has as many."""
    found: dict[str, Any] = {}
    for place in range(width):
        measure = measures[place] if place < len(measures) else None
        found |= {f"{what}_{place}": column for what, column in _columns(measure, question).items()}
    return found


def _columns(measure: Measure | None, question: Question) -> dict[str, Any]:
    """Its n, how many of them hit, its value and ninety; NULL where that is not asked of it."""
    columns: dict[str, Any] = {
        name: Cast(Value(None), FloatField() if name in ("value", "ninety") else BigIntegerField()) for name in COLUMNS
    }
    if measure is None:
        return columns
    only = _only(measure, question)
    columns["n"] = Count("kind", filter=only)  # not of the key: what the index has is not read from the table
    if measure.how is How.TIME:
        columns["value"] = Percentile(question.length, MEDIAN, filter=only, output_field=FloatField())
        columns["ninety"] = Percentile(question.length, NINETY, filter=only, output_field=FloatField())
    elif measure.how is How.MEAN:
        columns["value"] = Avg("number", filter=only)
    elif measure.hit:
        columns["hits"] = Count("kind", filter=only & Q(**HITS[measure.hit]))
    return columns


def _only(measure: Measure, question: Question) -> Q:
    only = Q(kind=measure.kind)
    if measure.only_lasting:
        only &= Q(is_undone=False)
    if measure.how is How.TIME:
        only &= Q(**{f"{question.length}__isnull": False})
    return only


def _total(measure: Measure, now: Row | None, before: Row | None) -> Total:
    return Total(measure, _found(measure, now), _found(measure, before))


def _found(measure: Measure, row: Row | None) -> Found:
    n = row[f"{measure.key}_n"] if row else 0
    if row is None or not n:
        return nothing(measure)
    if measure.how is How.COUNT:
        return Found(n, float(n))
    if measure.how is How.SHARE:
        return Found(n, row[f"{measure.key}_hits"] / n)
    return Found(n, row[f"{measure.key}_value"], row[f"{measure.key}_ninety"])


def _day(start: datetime, period: Period) -> date:
    return start.astimezone(period.zone).date()


def trunc(step: Period, period: Period) -> date:
    """The day that the database calls the step's beginning, which may lie before the period."""
    if period.unit == "week":
        return step.first.fromordinal(step.first.toordinal() - step.first.weekday())
    return step.first.replace(day=1) if period.unit == "month" else step.first
