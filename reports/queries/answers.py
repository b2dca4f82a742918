"""What the charts of a page say: read at once, with as few queries as they need, for the page, the CSV file, the API
and the mail alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reports.measures import MEASURES, Measure
from reports.pages import Chart, Shape
from reports.queries.backlog import Ages, Level, ages, levels
from reports.queries.comments import MOST, comments
from reports.queries.figures import Step, Total, courses, courses_of_parts, nothing, totals
from reports.queries.heat import Cell, heat
from reports.queries.parts import DIMENSIONS, NONE, Dimension, Part, cause_tree, pareto, parts_by
from reports.queries.promises import Kept, kept
from reports.queries.question import Question
from tickets.models import Rating

OVER_TIME = (Shape.COURSE,)


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
    """One measure over time."""

    total: Total
    steps: list[Step]

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
        over_time = {one.key: one for chart in charts if chart.shape in OVER_TIME for one in measures_of(chart)}
        self.totals = totals(whole.values(), question) if whole else {}
        self.courses = courses(over_time.values(), question) if over_time else {}

    def answers(self) -> list[Answer]:
        return [self._answer(chart) for chart in self.charts]

    def _answer(self, chart: Chart) -> Answer:
        question, measures = self.question, measures_of(chart)
        whole = [self.totals[measure.key] for measure in measures]
        match chart.shape:
            case Shape.TOTALS:
                return Totals(chart, question, whole)
            case Shape.COURSE:
                return Course(chart, question, [Line(total, self.courses[total.measure.key]) for total in whole])
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
                return Backlog(chart, question, levels(question, self.now))
            case Shape.AGES:
                return Aging(chart, question, ages(question, self.now), self.now)
            case Shape.COMMENTS:
                return Comments(chart, question, list(comments(question)[:MOST]))

    def _layers(self, measure: Measure, by: str) -> list[Layer]:
        dimension = DIMENSIONS[by]
        assert isinstance(dimension.field, str)
        found = courses_of_parts(measure, self.question, dimension.field)
        parts = {part.key: part for part in parts_by(by, [measure], self.question)}
        names = dimension.names([value for value in found if value not in (None, "")])
        steps = {names[value][0] if value in names else NONE: steps for value, steps in found.items()}
        empty = [Step(one, nothing(measure)) for one in self.question.period.steps()]
        return [Layer(part, steps.get(key, empty)) for key, part in parts.items()]
