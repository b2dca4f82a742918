"""Charts as tables: for those who read better than look, for spreadsheets and for programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from reports.measures import How, Measure
from reports.pages import Shape
from reports.queries.answers import (
    Aging,
    Answer,
    Backlog,
    Comments,
    Course,
    Heat,
    Layers,
    Pareto,
    Parts,
    Promises,
    Totals,
    Tree,
)
from reports.queries.figures import Found, Total
from tickets.queries.promises import Share

COUNT, SECONDS, SHARE, MEAN, DAY, TEXT = "count", "seconds", "share", "mean", "day", "text"
UNITS = {How.COUNT: COUNT, How.TIME: SECONDS, How.SHARE: SHARE, How.MEAN: MEAN}
Cells = list[Any]


@dataclass(frozen=True)
class Column:
    """`key` is for programs and never translated, `unit` says how its cells are read."""

    key: str
    label: str | Lazy
    unit: str = TEXT


@dataclass(frozen=True)
class Table:
    """Cells are numbers, days, texts, or None where there is nothing."""

    columns: list[Column]
    rows: list[Cells]


def table(answer: Answer) -> Table:
    """Any chart's."""
    return _TABLES[answer.chart.shape](answer)


def _totals(answer: Totals) -> Table:
    columns = [
        Column("number", _("Number")),
        Column("unit", _("Unit")),
        Column("n", "n", COUNT),
        Column("value", _("Value"), ""),
        Column("ninety", _("90th percentile"), ""),
        Column("n_before", _("n before"), COUNT),
        Column("value_before", _("Before"), ""),
        Column("ninety_before", _("90th percentile before"), ""),
    ]
    rows = [[one.measure.key, UNITS[one.measure.how], *_cells(one.now), *_cells(one.before)] for one in answer.totals]
    return Table(columns, rows)


def _course(answer: Course) -> Table:
    columns = [*_days(), *(column for line in answer.lines for column in _measured(line.measure))]
    rows = [[one.period.first, one.period.last] for one in (answer.lines[0].steps if answer.lines else [])]
    for line in answer.lines:
        for row, step in zip(rows, line.steps, strict=True):
            row += _values(line.measure, step.found)
    return Table(columns, rows)


def _layers(answer: Layers) -> Table:
    columns = [*_days(), *(Column(layer.part.key, layer.part.label, COUNT) for layer in answer.layers)]
    columns.append(Column("all", _("All"), COUNT))
    steps = list(answer.question.period.steps())
    rows: list[Cells] = [[one.first, one.last] for one in steps]
    for layer in answer.layers:
        for row, step in zip(rows, layer.steps, strict=True):
            row.append(step.found.n)
    for row in rows:
        row.append(sum(row[2:]))
    return Table(columns, rows)


def _parts(answer: Parts) -> Table:
    columns = [Column("key", _("Key")), Column(answer.dimension.key, answer.dimension.label)]
    columns += [column for total in answer.whole for column in _compared(total.measure)]
    rows = [
        [part.key, part.label, *(cell for total in answer.whole for cell in _both(part.totals[total.measure.key]))]
        for part in answer.parts
    ]
    if not answer.dimension.overlaps:
        rows.append(["", _("All"), *(cell for total in answer.whole for cell in _both(total))])
    return Table(columns, rows)


def _pareto(answer: Pareto) -> Table:
    found = _parts(answer)
    columns = [*found.columns, Column("share", _("Share"), SHARE), Column("so_far", _("Share up to here"), SHARE)]
    ends: list[Cells] = [[part.share, part.share_so_far] for part in answer.parts]
    rows = [row + end for row, end in zip(found.rows, ends, strict=False)]
    return Table(columns, rows)


def _tree(answer: Tree) -> Table:
    found = _parts(answer)
    columns = [Column("level", _("Level"), COUNT), Column("below", _("Below")), *found.columns]
    begins: list[Cells] = [[part.level, part.path] for part in answer.parts]
    begins.append([None, ""])
    return Table(columns, [begin + row for begin, row in zip(begins, found.rows, strict=True)])


def _heat(answer: Heat) -> Table:
    columns = [
        Column("weekday", _("Weekday")),
        Column("hour", pgettext("of a day", "Hour"), COUNT),
        *_compared(answer.whole.measure),
        Column("days", _("Such days"), COUNT),
    ]
    rows = [
        [str(WEEKDAYS[cell.weekday - 1]), cell.hour, *_both(cell.total), cell.days]
        for row in answer.rows
        for cell in row
    ]
    return Table(columns, rows)


def _kept(answer: Promises) -> Table:
    columns = [
        Column("promise", _("Promise")),
        *_days(),
        Column("kept", pgettext("promise", "Kept"), COUNT),
        Column("of", pgettext("how many of how many", "Of"), COUNT),
        Column("share", _("Share"), SHARE),
    ]
    rows = [
        [
            line.promise.words if line.promise else _("All promises"),
            one.period.first,
            one.period.last,
            *_share(one.share),
        ]
        for line in answer.lines
        for one in line.steps
    ]
    return Table(columns, rows)


def _backlog(answer: Backlog) -> Table:
    columns = [Column("last", _("At the end of"), DAY), Column("backlog", _("Backlog"), COUNT)]
    return Table(columns, [[one.period.last, one.n] for one in answer.levels if one.n is not None])


def _aging(answer: Aging) -> Table:
    columns = [Column("key", _("Key")), Column("age", _("Age")), Column("n", _("Conversations"), COUNT)]
    return Table(columns, [[one.band.key, str(one.band.label), one.n] for one in answer.ages.bands])


def _comments(answer: Comments) -> Table:
    columns = [
        Column("at", _("When")),
        Column("ticket", _("Ticket")),
        Column("customer", _("Customer")),
        Column("score", _("Rating"), COUNT),
        Column("comment", _("Comment")),
    ]
    rows: list[Cells] = [
        [one.at.isoformat(), one.ticket_id, one.ticket.customer.display_name, one.score, one.comment]
        for one in answer.comments
    ]
    return Table(columns, rows)


_TABLES: dict[Shape, Callable[[Any], Table]] = {
    Shape.TOTALS: _totals,
    Shape.COURSE: _course,
    Shape.LAYERS: _layers,
    Shape.PARTS: _parts,
    Shape.PARETO: _pareto,
    Shape.TREE: _tree,
    Shape.HEAT: _heat,
    Shape.KEPT: _kept,
    Shape.BACKLOG: _backlog,
    Shape.AGES: _aging,
    Shape.COMMENTS: _comments,
}


# --- Cells ---------------------------------------------------------------------------------
def _days() -> list[Column]:
    return [Column("first", _("First day"), DAY), Column("last", _("Last day"), DAY)]


def _measured(measure: Measure) -> list[Column]:
    """A count is its own n; a length has a 90th percentile, too."""
    unit = UNITS[measure.how]
    value = Column(measure.key, measure.label, unit)
    if measure.how is How.COUNT:
        return [value]
    count = Column(f"{measure.key}_n", "n", COUNT)
    if measure.how is How.TIME:
        return [value, Column(f"{measure.key}_ninety", _("90th percentile"), unit), count]
    return [value, count]


def _values(measure: Measure, found: Found) -> Cells:
    if measure.how is How.COUNT:
        return [found.n]
    if measure.how is How.TIME:
        return [found.value, found.ninety, found.n]
    return [found.value, found.n]


def _compared(measure: Measure) -> list[Column]:
    before = Column(f"{measure.key}_before", _("Before"), UNITS[measure.how])
    return [*_measured(measure), before]


def _both(total: Total) -> Cells:
    before = total.before.n if total.measure.how is How.COUNT else total.before.value
    return [*_values(total.measure, total.now), before]


def _cells(found: Found) -> Cells:
    return [found.n, found.value, found.ninety]


def _share(share: Share) -> Cells:
    return [share.kept, share.of, share.kept / share.of if share.of else None]
