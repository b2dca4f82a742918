"""What the charts of a page say: read at once, with as few queries as they need, for the page, the CSV file, the API
and the mail alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from reports.measures import MEASURES, How, Measure
from reports.pages import Chart, Shape
from reports.periods import Period
from reports.queries.backlog import Ages, Level, ages, levels
from reports.queries.comments import MOST, comments
from reports.queries.figures import Found, Step, Steps, Total, courses_beside, courses_of_parts, totals
from reports.queries.heat import Cell, heat
from reports.queries.parts import DIMENSIONS, NONE, Dimension, Part, cause_tree, pareto, parts_by, rank
from reports.queries.promises import Kept, kept
from reports.queries.question import Question
from tickets.models import Rating

OVER_TIME = (Shape.COURSE,)
LEAST_EACH = 5  # in the mean of its steps, for a chart of medians, means and shares


@dataclass(frozen=True)
class Answer:
    """What a chart says. Each shape has its own kind."""

    chart: Chart
    question: Question


@dataclass(frozen=True)
class Totals(Answer):
    totals: list[Total]


@dataclass(frozen=True)
class Line:
    """One measure over time, and over as many days before."""

    total: Total
    steps: list[Step]
    before: list[Step] = field(default_factory=list)

    @property
    def measure(self) -> Measure:
        return self.total.measure


@dataclass(frozen=True)
class Course(Answer):
    lines: list[Line]


@dataclass(frozen=True)
class Layer:
    """A part of a measure over time. Its `part` has the total."""

    part: Part
    steps: list[Step]
    before: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Layers(Answer):
    whole: Total
    layers: list[Layer]


@dataclass(frozen=True)
class Parts(Answer):
    """Side by side. `whole` is what they are parts of; where they overlap, their sum is more."""

    dimension: Dimension
    whole: list[Total]
    parts: list[Part]


@dataclass(frozen=True)
class Pareto(Parts):
    """The greatest first. What belongs to none is in `whole` only."""


@dataclass(frozen=True)
class Tree(Parts):
    """Each with what is below it: only those of the first level are parts of the whole."""


@dataclass(frozen=True)
class Heat(Answer):
    whole: Total
    rows: list[list[Cell]]


@dataclass(frozen=True)
class Promises(Answer):
    """All together first."""

    lines: list[Kept]


@dataclass(frozen=True)
class Backlog(Answer):
    levels: list[Level]


@dataclass(frozen=True)
class Aging(Answer):
    ages: Ages
    now: datetime


@dataclass(frozen=True)
class Comments(Answer):
    comments: list[Rating]


def answer(charts: Iterable[Chart], question: Question, now: datetime) -> dict[str, Answer]:
    """By the chart's key."""
    asked = list(charts)
    return dict(zip((chart.key for chart in asked), _Reading(asked, question, now).answers(), strict=True))


def measures_of(chart: Chart) -> list[Measure]:
    """Those of its numbers that are made of facts."""
    return [MEASURES[key] for key in chart.numbers if key in MEASURES]


class _Reading:
    """What several charts want is read once."""

    def __init__(self, charts: list[Chart], question: Question, now: datetime) -> None:
        self.charts, self.question, self.now = charts, question, now
        whole = {one.key: one for chart in charts for one in measures_of(chart)}
        self.totals = totals(whole.values(), question) if whole else {}
        self.courses = self._courses()
        self.ages = ages(question, now) if any(chart.shape is Shape.AGES for chart in charts) else None

    def answers(self) -> list[Answer]:
        return [self._answer(chart) for chart in self.charts]

    def _answer(self, chart: Chart) -> Answer:
        question, measures = self.question, measures_of(chart)
        whole = [self.totals[measure.key] for measure in measures]
        match chart.shape:
            case Shape.TOTALS:
                return Totals(chart, question, whole)
            case Shape.COURSE:
                return Course(chart, question, [self._line(total) for total in whole])
            case Shape.LAYERS:
                return Layers(chart, question, whole[0], self._layers(measures[0], chart.by))
            case Shape.PARTS:
                parts = parts_by(chart.by, measures, question)
                return Parts(chart, question, DIMENSIONS[chart.by], whole, parts)
            case Shape.PARETO:
                parts = pareto(measures[0], question, chart.by)
                return Pareto(chart, question, DIMENSIONS[chart.by], whole, parts)
            case Shape.TREE:
                return Tree(chart, question, DIMENSIONS[chart.by], whole, cause_tree(measures, question))
            case Shape.HEAT:
                return Heat(chart, question, whole[0], heat(measures[0], question))
            case Shape.KEPT:
                return Promises(chart, question, kept(question))
            case Shape.BACKLOG:
                return Backlog(chart, question, levels(question, self.now, self.ages.n if self.ages else None))
            case Shape.AGES:
                assert self.ages is not None
                return Aging(chart, question, self.ages, self.now)
            case Shape.COMMENTS:
                return Comments(chart, question, list(comments(question)[:MOST]))

    def _courses(self) -> dict[str, Steps]:
        """What is too rare for a chart by its days goes by weeks: a median of three says nothing."""
        by_period: dict[Period, list[Measure]] = {}
        for chart in self.charts:
            if chart.shape in OVER_TIME:
                by_period.setdefault(self._period_of(chart), []).extend(measures_of(chart))
        found: dict[str, Steps] = {}
        for period, measures in by_period.items():
            found |= courses_beside(dict.fromkeys(measures), replace(self.question, period=period))
        return found

    def _period_of(self, chart: Chart) -> Period:
        """The same for all of a chart, as they stand side by side in its table."""
        period, measures = self.question.period, measures_of(chart)
        steps = sum(1 for _step in period.steps())
        is_rare = any(one.how is not How.COUNT and self.totals[one.key].now.n < LEAST_EACH * steps for one in measures)
        return period.coarser if is_rare else period

    def _line(self, total: Total) -> Line:
        steps = self.courses[total.measure.key]
        return Line(total, steps.now, steps.before)

    def _layers(self, measure: Measure, by: str) -> list[Layer]:
        """Of a measure that counts: its total is the sum of its steps."""
        dimension = DIMENSIONS[by]
        assert isinstance(dimension.field, str)
        assert measure.how is How.COUNT
        found = courses_of_parts(measure, self.question, dimension.field)
        names = dimension.names([value for value in found if value not in (None, "")])
        layers = [
            Layer(
                Part(by, *names.get(value, (NONE, str(dimension.without))), {measure.key: _sum(measure, steps)}),
                steps.now,
                steps.before,
            )
            for value, steps in found.items()
        ]
        return sorted(layers, key=lambda layer: rank(layer.part, measure))


def _sum(measure: Measure, steps: Steps) -> Total:
    now, before = (sum(step.found.n for step in some) for some in (steps.now, steps.before))
    return Total(measure, Found(now, float(now)), Found(before, float(before)))
