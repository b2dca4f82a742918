"""What a page of figures shows: each answer with the sentence above it, its drawing and its table.

For pages and mails alike: with `fixed`, a width in pixels, drawings are pictures that stand alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, partial
from typing import Any
from urllib.parse import quote

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from reports import charts
from reports.charts import Bars, Course, Heat, Part, Point, Strip, Strips, Tally
from reports.formatting import about, change, number, percent, said
from reports.measures import How, Measure, Reading
from reports.pages import Shape
from reports.periods import Period
from reports.queries import answers as of
from reports.queries.answers import Answer
from reports.queries.behind import behind_url
from reports.queries.figures import Found, Step, Total
from reports.queries.question import Question
from reports.queries.sentences import sentence
from reports.queries.tables import Table, table

MOST_BARS = 12  # of a Pareto: what is less stands together
VITAL = 0.6  # the few that make so much of it are drawn strong
LENGTH = 100  # of a bar in a table
HOURS_NAMED = (0, 6, 12, 18)


@dataclass(frozen=True)
class Piece:
    """One drawing. `name` is empty where it is the only one."""

    template: str
    chart: Course | Bars | Strips | Heat
    name: str | Lazy = ""


@dataclass(frozen=True)
class Figure:
    """A number, large, with how it was before."""

    label: str | Lazy
    definition: str | Lazy
    value: str
    unit: str
    detail: str
    change: str
    is_better: bool | None
    against: str
    url: str
    n: int
    is_known: bool = True  # none is a number, too, where it counts


@dataclass(frozen=True)
class Number:
    """A number in a table of parts, with how much it changed."""

    label: str | Lazy
    said: str
    change: str
    is_better: bool | None
    url: str


@dataclass(frozen=True)
class Row:
    """A part with all its numbers; `percent` is the length of its bar."""

    label: str
    level: int
    url: str
    percent: float
    numbers: list[Number]
    is_whole: bool = False
    n: str = ""  # how many its first number is of, where that is not the number itself


@dataclass(frozen=True)
class Cell:
    text: str
    url: str = ""
    is_number: bool = True


@dataclass(frozen=True)
class Drawn:
    """A chart of a page, ready to be shown."""

    answer: Answer
    say: str
    what: str = ""
    pieces: list[Piece] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    is_empty: bool = False
    urls: list[str] = field(default_factory=list)  # of the lines of its table
    is_whole: bool = False  # as wide as the page

    @property
    def key(self) -> str:
        return self.answer.chart.key

    @property
    def title(self) -> str | Lazy:
        return self.answer.chart.title

    @property
    def described(self) -> list[Measure | Reading]:
        return self.answer.chart.described

    @property
    def comments(self) -> list[Any]:
        return self.answer.comments if isinstance(self.answer, of.Comments) else []

    @property
    def is_table(self) -> bool:
        """Whether it is a table already, so that it needs no other."""
        return not self.pieces

    @property
    def is_tall(self) -> bool:
        return len(self.pieces) > 1

    @property
    def table(self) -> Table:
        return table(self.answer)

    @property
    def cells(self) -> list[list[Cell]]:
        """Its table in words. Where a line has tickets, its first cell leads to them."""
        found, by_clock = self.table, self.answer.question.by_clock
        lines = []
        for index, row in enumerate(found.rows):
            cells = [
                Cell(*cell_words(value, column.unit, by_clock=by_clock))
                for value, column in zip(row, found.columns, strict=True)
            ]
            url = self.urls[index] if index < len(self.urls) else ""
            lines.append([Cell(cells[0].text, url, cells[0].is_number), *cells[1:]] if url else cells)
        return lines


UNITS = {"count": How.COUNT, "seconds": How.TIME, "share": How.SHARE, "mean": How.MEAN}


def cell_words(value: Any, unit: str, *, by_clock: bool) -> tuple[str, str, bool]:
    """What a cell of a table says, no address, and whether it is a number."""
    if isinstance(value, date):
        return date_format(value, "SHORT_DATE_FORMAT"), "", False
    if unit in UNITS:
        return str(said(UNITS[unit], value, by_clock=by_clock)), "", True
    return ("" if value is None else str(value)), "", False


def draw(answers: Mapping[str, Answer], now: datetime, *, fixed: int = 0) -> list[Drawn]:
    """All charts of a page, in their order."""
    found = list(answers.values())
    sheet = _Sheet(now, fixed, found[0].question)
    drawn = [_DRAW[answer.chart.shape](answer, sheet) for answer in found]
    return _side_by_side(drawn)


def figure_of(total: Total, question: Question) -> Figure:
    """A number as it stands on top of a page."""
    measure, by_clock = total.measure, question.by_clock
    words = said(measure.how, total.now.value, by_clock=by_clock)
    details = []
    if measure.how is How.TIME and total.now.ninety is not None:
        details.append(_("90 %% within %(time)s") % {"time": said(How.TIME, total.now.ninety, by_clock=by_clock)})
    if measure.how is not How.COUNT and total.now.n:
        details.append(f"n = {number(total.now.n)}")
    by = change(measure.how, total.change, by_clock=by_clock)
    return Figure(
        label=measure.label,
        definition=measure.definition,
        value=words.value,
        unit=words.unit,
        detail=" · ".join(details),
        change=by,
        is_better=total.is_clearly_better,
        against=_("on the %(days)s days before") % {"days": question.period.days} if by else "",
        url=behind_url(question, measure.key),
        n=total.now.n,
        is_known=total.now.value is not None,
    )


@dataclass(frozen=True)
class _Sheet:
    """What all drawings of a page need. Addresses and days stand on hundreds of marks: each is put together once."""

    now: datetime
    fixed: int
    question: Question
    kept: dict[Any, str] = field(default_factory=dict)

    @cached_property
    def steps(self) -> set[Period]:
        return set(self.question.period.steps())

    def way(self, key: str, *, part: str = "", step: Period | None = None) -> str:
        """To the tickets of a mark. A picture leads nowhere."""
        if self.fixed:
            return ""
        if step and step not in self.steps:  # a coarser one: days of their own
            days = replace(self.question, period=step, span=f"{step.first}..{step.last}")
            return behind_url(days, key, part=part)
        base = self.kept.get(key) or self.kept.setdefault(key, behind_url(self.question, key))
        more = [f"part={quote(part, safe=':')}" if part else "", f"step={step.first.isoformat()}" if step else ""]
        query = "&".join(filter(None, more))
        return f"{base}{'&' if '?' in base else '?'}{query}" if query else base

    def name(self, step: Period) -> str:
        return self.kept.get((step, "name")) or self.kept.setdefault((step, "name"), step_name(step, self.now))

    def title(self, step: Period) -> str:
        return self.kept.get(step) or self.kept.setdefault(step, step_title(step))


def _side_by_side(drawn: list[Drawn]) -> list[Drawn]:
    """Two and two, if they are about as tall as each other; one that would stay alone takes the whole width."""
    found: list[Drawn] = []
    waiting = False
    for index, one in enumerate(drawn):
        following = drawn[index + 1] if index + 1 < len(drawn) else None
        is_alone = following is None or following.is_whole or following.is_tall != one.is_tall
        found.append(_whole(one) if one.is_whole or (is_alone and not waiting) else one)
        waiting = not waiting and not found[-1].is_whole
    return found


def _whole(one: Drawn) -> Drawn:
    return one if one.is_whole else Drawn(**{**vars(one), "is_whole": True})


# --- Over time -----------------------------------------------------------------------------
def _totals(answer: of.Totals, _sheet: _Sheet) -> Drawn:
    figures = [figure_of(total, answer.question) for total in answer.totals]
    return Drawn(answer, "", figures=figures, is_whole=True)


def _course(answer: of.Course, sheet: _Sheet) -> Drawn:
    question = answer.question
    many = len(answer.lines) > 1
    pieces = [
        Piece("reports/charts/_course.html", _line(line, question, sheet), line.measure.label if many else "")
        for line in answer.lines
    ]
    first = answer.lines[0]
    return Drawn(
        answer,
        sentence(answer, sheet.now),
        what=_what(first.measure.how, question, first.steps),
        pieces=pieces,
        is_empty=not any(line.total.now.n for line in answer.lines),
        urls=[sheet.way(first.measure.key, step=step.period) for step in first.steps],
    )


def _line(line: of.Line, question: Question, sheet: _Sheet) -> Course:
    how, by_clock = line.measure.how, question.by_clock
    points = _points(line.measure, line.steps, line.before, sheet)
    if how is How.COUNT:
        return charts.columns(points, words=number, before=_before_words(question), fixed=sheet.fixed)
    values = [one for point in points for one in (point.value, point.high, point.before) if one is not None]
    last = next((one.found for one in reversed(line.steps) if one.found.n), Found())
    scales = {How.TIME: partial(charts.time_scale, values), How.SHARE: partial(charts.share_scale, values)}
    words: dict[How, Callable[[float], str]] = {
        How.TIME: lambda value: about(value, by_clock=by_clock) if value else "",
        How.SHARE: percent,
        How.MEAN: number,
    }
    end = said(how, last.value, by_clock=by_clock)
    return charts.lines(
        points,
        scale=scales.get(how, charts.star_scale)(),
        words=words[how],
        name=_("median %(value)s") % {"value": end} if how is How.TIME else str(end),
        high=_("90 %% %(value)s") % {"value": said(how, last.ninety, by_clock=by_clock)} if how is How.TIME else "",
        before=_before_words(question),
        fixed=sheet.fixed,
    )


def _points(measure: Measure, steps: Sequence[Step], before: Sequence[Step], sheet: _Sheet) -> list[Point]:
    return [
        Point(
            sheet.name(step.period),
            f"{sheet.title(step.period)}: {_found_words(measure, step.found, sheet.question)}",
            sheet.way(measure.key, step=step.period),
            step.found.value if step.found.n or measure.how is How.COUNT else None,
            step.found.ninety,
            before[index].found.value if index < len(before) else None,
            step.found.n,
        )
        for index, step in enumerate(steps)
    ]


def _found_words(measure: Measure, found: Found, question: Question) -> str:
    """3:40 min, 90 % within 9:10 min, n = 12."""
    words = [str(said(measure.how, found.value, by_clock=question.by_clock))]
    if found.ninety is not None:
        words.append(_("90 %% within %(time)s") % {"time": said(How.TIME, found.ninety, by_clock=question.by_clock)})
    if measure.how is not How.COUNT:
        words.append(f"n = {number(found.n)}")
    return ", ".join(words)


def _layers(answer: of.Layers, sheet: _Sheet) -> Drawn:
    question, measure = answer.question, answer.whole.measure
    whole = _together([layer.steps for layer in answer.layers], question.period)
    before = _together([layer.before for layer in answer.layers], question.period.before)
    course = charts.columns(
        _points(measure, whole, before, sheet), words=number, before=_before_words(question), fixed=sheet.fixed
    )
    strips = [_layer(layer, answer, sheet) for layer in answer.layers]
    return Drawn(
        answer,
        sentence(answer, sheet.now),
        what=_what(How.COUNT, question),
        pieces=[
            Piece("reports/charts/_course.html", course),
            Piece("reports/charts/_strips.html", Strips(strips, sheet.fixed)),
        ],
        is_empty=not answer.whole.now.n,
        urls=[sheet.way(measure.key, step=step.period) for step in whole],
    )


def _together(layers: Sequence[Sequence[Step]], period: Period) -> list[Step]:
    sums = [sum(layer[index].found.n for layer in layers) for index, _step in enumerate(period.steps())]
    return [Step(step, Found(n, float(n))) for step, n in zip(period.steps(), sums, strict=True)]


def _layer(layer: of.Layer, answer: of.Layers, sheet: _Sheet) -> Strip:
    measure, part = answer.whole.measure, layer.part
    total = part.totals[measure.key]
    tallies = [
        Tally(
            step.found.n,
            title=f"{part.label}, {sheet.title(step.period)}: {number(step.found.n)}",
            url=sheet.way(measure.key, part=part.query, step=step.period),
        )
        for step in layer.steps
    ]
    return Strip(
        part.label,
        number(total.now.n),
        sheet.way(measure.key, part=part.query),
        charts.count_cells(tallies),
        more=change(How.COUNT, total.change),
    )


def _kept(answer: of.Promises, sheet: _Sheet) -> Drawn:
    question = answer.question
    strips = [
        Strip(
            line.promise.words if line.promise else _("All promises"),
            percent(line.now.kept / line.now.of) if line.now.of else "–",
            sheet.way("kept", part=line.query),
            charts.kept_cells(
                [
                    Tally(
                        one.share.kept,
                        one.share.of - one.share.kept,
                        _("%(day)s: %(kept)s of %(of)s kept")
                        % {"day": sheet.title(one.period), "kept": one.share.kept, "of": one.share.of},
                        sheet.way("kept", part=line.query, step=one.period),
                    )
                    for one in line.steps
                ]
            ),
            more=_("%(kept)s of %(of)s") % {"kept": number(line.now.kept), "of": number(line.now.of)},
        )
        for line in answer.lines
    ]
    return Drawn(
        answer,
        sentence(answer, sheet.now),
        what=_what(None, question),
        pieces=[Piece("reports/charts/_strips.html", Strips(strips, sheet.fixed))],
        is_empty=not (answer.lines and answer.lines[0].now.of),
    )


def _backlog(answer: of.Backlog, sheet: _Sheet) -> Drawn:
    question = answer.question
    known = [one for one in answer.levels if one.n is not None]
    points = [
        Point(
            sheet.name(one.period),
            f"{sheet.title(one.period)}: {'–' if one.n is None else number(one.n)}",
            "" if one.n is None else sheet.way("backlog", step=one.period),
            one.n,
        )
        for one in answer.levels
    ]
    chart = charts.lines(
        points,
        scale=charts.count_scale([one.n for one in known if one.n is not None]),
        words=number,
        name=_("%(count)s now") % {"count": number(known[-1].n or 0)} if known else "",
        is_area=True,
        fixed=sheet.fixed,
    )
    return Drawn(
        answer,
        sentence(answer, sheet.now),
        what=_("not solved, at the end of each day") if question.period.unit == "day" else _("not solved"),
        pieces=[Piece("reports/charts/_course.html", chart)],
        is_empty=not any(one.n for one in known),
        urls=[sheet.way("backlog", step=one.period) for one in known],
    )


# --- Parts ---------------------------------------------------------------------------------
def _pareto(answer: of.Pareto, sheet: _Sheet) -> Drawn:
    question, measure = answer.question, answer.whole[0].measure
    counts = [part.totals[measure.key].now.n for part in answer.parts]
    vital = charts.few_that_matter(counts, VITAL)
    shown, rest = answer.parts[:MOST_BARS], answer.parts[MOST_BARS:]
    parts = [
        Part(
            part.label,
            count,
            number(count),
            _("%(name)s: %(count)s, %(before)s before")
            % {"name": part.label, "count": number(count), "before": number(part.totals[measure.key].before.n)},
            sheet.way(measure.key, part=part.query),
            before=part.totals[measure.key].before.n if answer.whole[0].before.n else None,
            more=percent(part.share_so_far),
            is_strong=index < vital,
        )
        for index, (part, count) in enumerate(zip(shown, counts, strict=False))
    ]
    if rest:
        left = sum(counts[MOST_BARS:])
        words = _("Everything else")
        parts.append(Part(words, left, number(left), f"{words}: {number(left)}", more=percent(1), is_strong=False))
    return Drawn(
        answer,
        sentence(answer, sheet.now),
        what=_("solved, and the share up to there"),
        pieces=[
            Piece("reports/charts/_bars.html", charts.bars(parts, before=_before_words(question), fixed=sheet.fixed))
        ],
        is_empty=not parts,
        urls=[sheet.way(measure.key, part=part.query) for part in answer.parts],
    )


def _ages(answer: of.Aging, sheet: _Sheet) -> Drawn:
    question = answer.question
    urls = [sheet.way("age", part=f"age:{one.band.key}") for one in answer.ages.bands]
    parts = [
        Part(str(one.band.label), one.n, number(one.n), url=url, is_strong=(one.band.since or 0) >= 7)
        for one, url in zip(answer.ages.bands, urls, strict=True)
    ]
    return Drawn(
        answer,
        sentence(answer, sheet.now),
        what=pgettext("figures", "now"),
        pieces=[
            Piece("reports/charts/_bars.html", charts.bars(parts, before=_before_words(question), fixed=sheet.fixed))
        ],
        is_empty=not answer.ages.n,
        urls=urls,
    )


def _parts(answer: of.Parts, sheet: _Sheet) -> Drawn:
    question = answer.question
    if answer.chart.by == "score":
        return _scores(answer, sheet)
    most = max((part.totals[answer.whole[0].measure.key].now.n for part in answer.parts), default=0) or 1
    rows = [
        Row(
            part.label,
            part.level,
            sheet.way(answer.whole[0].measure.key, part=part.query),
            round(part.totals[answer.whole[0].measure.key].now.n / most * LENGTH, 1),
            [_number(part.totals[total.measure.key], sheet, part.query) for total in answer.whole],
            n=_n_of(part.totals[answer.whole[0].measure.key]),
        )
        for part in answer.parts
    ]
    if rows and not answer.dimension.overlaps:
        rows.append(
            Row(_("All"), 0, "", 0, [_number(total, sheet) for total in answer.whole], True, _n_of(answer.whole[0]))
        )
    return Drawn(
        answer,
        sentence(answer, sheet.now),
        what=_against(question),
        rows=rows,
        is_empty=not answer.parts,
        is_whole=len(answer.whole) > 2,
    )


def _scores(answer: of.Parts, sheet: _Sheet) -> Drawn:
    question, measure = answer.question, answer.whole[0].measure
    parts = [
        Part(
            part.label,
            part.totals[measure.key].now.n,
            number(part.totals[measure.key].now.n),
            url=sheet.way(measure.key, part=part.query),
            before=part.totals[measure.key].before.n if answer.whole[0].before.n else None,
            is_strong=part.key in ("4", "5"),
        )
        for part in answer.parts
    ]
    return Drawn(
        answer,
        sentence(answer, sheet.now),
        what=_against(question),
        pieces=[
            Piece("reports/charts/_bars.html", charts.bars(parts, before=_before_words(question), fixed=sheet.fixed))
        ],
        is_empty=not answer.whole[0].now.n,
        urls=[part.url for part in parts],
    )


def _n_of(total: Total) -> str:
    return "" if total.measure.how is How.COUNT else f"n = {number(total.now.n)}"


def _number(total: Total, sheet: _Sheet, part: str = "") -> Number:
    return Number(
        total.measure.label,
        str(said(total.measure.how, total.now.value, by_clock=sheet.question.by_clock)),
        change(total.measure.how, total.change, by_clock=sheet.question.by_clock),
        total.is_clearly_better,
        sheet.way(total.measure.key, part=part) if total.now.n else "",
    )


def _tree(answer: of.Tree, sheet: _Sheet) -> Drawn:
    drawn = _parts(answer, sheet)
    return Drawn(**{**vars(drawn), "is_whole": True})


# --- Weekday and hour, words ---------------------------------------------------------------
def _heat(answer: of.Heat, sheet: _Sheet) -> Drawn:
    rows, key = answer.rows, answer.whole.measure.key
    urls = [[sheet.way(key, part=cell.query) for cell in row] for row in rows]

    words = _("%(day)s, %(hour)s: %(count)s, %(each)s each day")

    def title(day: int, hour: int, each: float) -> str:
        return words % {
            "day": WEEKDAYS[day],
            "hour": f"{hour}–{hour + 1}",
            "count": number(rows[day][hour].total.now.n),
            "each": number(each, 1),
        }

    chart = charts.heat(
        [[cell.each for cell in row] for row in rows],
        days=[str(WEEKDAYS_ABBR[day]) for day in range(7)],
        hours=[str(hour) for hour in HOURS_NAMED],
        title=title,
        url=lambda day, hour: urls[day][hour],
        most=lambda most: number(most, 1),
        fixed=sheet.fixed,
    )
    return Drawn(
        answer,
        sentence(answer, sheet.now),
        what=_("mean of each weekday and hour"),
        pieces=[Piece("reports/charts/_heat.html", chart)],
        is_empty=not answer.whole.now.n,
        urls=[url for row in urls for url in row],
    )


def _comments(answer: of.Comments, sheet: _Sheet) -> Drawn:
    return Drawn(answer, sentence(answer, sheet.now), is_empty=not answer.comments, is_whole=True)


_DRAW: dict[Shape, Callable[[Any, _Sheet], Drawn]] = {
    Shape.TOTALS: _totals,
    Shape.COURSE: _course,
    Shape.LAYERS: _layers,
    Shape.PARTS: _parts,
    Shape.PARETO: _pareto,
    Shape.TREE: _tree,
    Shape.HEAT: _heat,
    Shape.KEPT: _kept,
    Shape.BACKLOG: _backlog,
    Shape.AGES: _ages,
    Shape.COMMENTS: _comments,
}


# --- Words ---------------------------------------------------------------------------------
def step_name(step: Period, now: datetime) -> str:
    """On the axis: 3 Nov, or today."""
    if step.unit == "day" and step.first == step.last == now.astimezone(step.zone).date():
        return pgettext("axis of a chart", "today")
    return date_format(step.first, _("M Y") if step.days > 7 else _("j M"))


def step_title(step: Period) -> str:
    """In full: Mon 3 Nov, or 3 Nov to 9 Nov."""
    if step.days == 1:
        return date_format(step.first, _("D j M"))
    return _("%(first)s to %(last)s") % {
        "first": date_format(step.first, _("j M")),
        "last": date_format(step.last, _("j M")),
    }


def _before_words(question: Question) -> str:
    return _("%(days)s days before") % {"days": question.period.days}


def _against(question: Question) -> str:
    return _("against the %(days)s days before") % {"days": question.period.days}


def _what(how: How | None, question: Question, steps: Sequence[Step] = ()) -> str:
    units = {"day": _("by day"), "week": _("by week"), "month": _("by month")}
    longest = max((step.period.days for step in steps), default=0)
    unit = question.period.unit if not steps else "day" if longest <= 1 else "week" if longest <= 7 else "month"
    if how is How.TIME:
        return ", ".join([units[unit], _("by the clock") if question.by_clock else _("in opening hours")])
    return units[unit]
