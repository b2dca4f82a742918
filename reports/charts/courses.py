"""Charts over time: columns, or a line with its band; dotted, how it was before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from reports.charts.curves import Place, area, band, curve
from reports.charts.places import Tick, place
from reports.charts.scales import TALL, Scale, Words, count_scale

WIDE = 1000  # units of a curve, from the left to the right of a plot
HEAD, FOOT = 18, 26  # above it, for the number of the topmost line; below it, for days
GUTTER = 104  # beside it, for the names of lines
LETTER, AIR = 6.2, 10  # pixels of the numbers on the other side
LEAST_APART = 15  # two names
MOST_TICKS = 5


@dataclass(frozen=True)
class Point:
    """A day, week or month: its name on the axis, what its title says, its tickets, and what was found, now and in the
    step of the period before that lies at the same place."""

    name: str
    title: str
    url: str = ""
    value: float | None = None
    high: float | None = None
    before: float | None = None
    n: int = 0


@dataclass(frozen=True)
class Line:
    """Of the grid."""

    y: float
    words: str


@dataclass(frozen=True)
class Name:
    """Of a line, at its end."""

    y: float
    words: str
    look: str


@dataclass(frozen=True)
class Spot:
    """What one step has: a strip to point at, a column, a dot. In percent of the plot, and in pixels."""

    left: float
    middle: float
    width: float
    y: float | None
    high: float | None
    title: str
    url: str
    column_left: float = 0
    column_width: float = 0
    column_height: float = 0


@dataclass(frozen=True)
class Course:
    """Over time: columns, or a line with a band to the 90th percentile; dotted, how it was before."""

    look: str  # "columns" or "line"
    grid: list[Line]
    ticks: list[Tick]
    spots: list[Spot]
    names: list[Name]
    line: str = ""
    band: str = ""
    area: str = ""
    before: str = ""
    alone: list[Spot] = field(default_factory=list)  # steps without neighbours: dots
    gutter: int = GUTTER
    wide: int = WIDE
    fixed: int = 0

    tall = TALL
    head = HEAD

    @property
    def margin(self) -> int:
        """Before it, for the numbers of the grid."""
        return margin_of(self.grid)

    @property
    def height(self) -> int:
        return HEAD + TALL + FOOT

    @property
    def foot(self) -> int:
        """Where the days stand."""
        return HEAD + TALL + FOOT - 7

    @property
    def is_empty(self) -> bool:
        return not any(spot.y is not None for spot in self.spots)


def columns(
    points: Sequence[Point], *, words: Words, before: str = "", scale: Scale | None = None, fixed: int = 0
) -> Course:
    """A column for each step, and a dotted line named `before` for how it was."""
    scale = scale or count_scale([*(_found(points)), *(_past(points))])
    spots = _spots(points, scale)
    was = [point.before for point in points]
    ends = [(_end(was, scale), before, "was")] if before and _past(points) else []
    grid, gutter = _grid(scale, words), GUTTER if ends else 0
    wide = _wide(fixed, gutter, grid)
    past = curve(_places(was, scale, wide))
    return Course(
        "columns",
        grid=grid,
        ticks=_ticks([point.name for point in points]),
        spots=spots,
        names=_names(ends),
        before=past if ends else "",
        gutter=gutter,
        wide=wide,
        fixed=fixed,
    )


def lines(
    points: Sequence[Point],
    *,
    scale: Scale,
    words: Words,
    name: str,
    high: str = "",
    before: str = "",
    is_area: bool = False,
    fixed: int = 0,
) -> Course:
    """A line named `name`, with a band up to the `high` value where points have one, and a dotted one for before."""
    middle = [point.value for point in points]
    top = [point.high for point in points]
    past = [point.before for point in points]
    grid = _grid(scale, words)
    wide = _wide(fixed, GUTTER, grid)
    places = _places(middle, scale, wide)
    was = curve(_places(past, scale, wide))
    ends = [(_end(middle, scale), name, "line")]
    if high and any(value is not None for value in top):
        ends.append((_end(top, scale), high, "high"))
    if before and was:
        ends.append((_end(past, scale), before, "was"))
    spots = _spots(points, scale)
    return Course(
        "line",
        grid=grid,
        ticks=_ticks([point.name for point in points]),
        spots=spots,
        names=_names([end for end in ends if end[0] is not None]),
        line=curve(places),
        band=band(_places(top, scale, wide), places),
        area=area(places, TALL) if is_area else "",
        before=was,
        alone=[spot for index, spot in enumerate(spots) if _is_alone(middle, index)],
        wide=wide,
        fixed=fixed,
    )


def _found(points: Sequence[Point]) -> list[float]:
    return [point.value for point in points if point.value is not None]


def _past(points: Sequence[Point]) -> list[float]:
    return [point.before for point in points if point.before is not None]


def _grid(scale: Scale, words: Words) -> list[Line]:
    return [Line(scale.y(value), words(value)) for value in scale.lines]


def _spots(points: Sequence[Point], scale: Scale) -> list[Spot]:
    """Columns take seven tenths of their step, but are never wider than four in a hundred of the plot."""
    step = 100 / max(1, len(points))
    wide = min(step * 0.7, 4.0)
    found = []
    for index, point in enumerate(points):
        y = None if point.value is None else scale.y(point.value)
        middle = (index + 0.5) * step
        found.append(
            Spot(
                left=place(index * step),
                middle=place(middle),
                width=place(step),
                y=y,
                high=None if point.high is None else scale.y(point.high),
                title=point.title,
                url=point.url,
                column_left=place(middle - wide / 2),
                column_width=place(wide),
                column_height=0 if y is None else place(TALL - y),
            )
        )
    return found


def _ticks(names: Sequence[str]) -> list[Tick]:
    """The first, the last, and as many between as have room."""
    count = len(names)
    shown = sorted({round(index * (count - 1) / (MOST_TICKS - 1)) for index in range(MOST_TICKS)}) if count else []
    if count <= MOST_TICKS:
        shown = list(range(count))
    found = []
    for index in shown:
        share = (index + 0.5) / count
        anchor = "middle"
        if count > MOST_TICKS and index in (0, count - 1):
            anchor, share = ("start", 0.0) if index == 0 else ("end", 1.0)
        found.append(Tick(place(share * 100), anchor, names[index]))
    return found


def margin_of(grid: Sequence[Line]) -> int:
    return math.ceil(max((len(line.words) for line in grid), default=0) * LETTER) + AIR


def _wide(fixed: int, gutter: int, grid: Sequence[Line]) -> int:
    return fixed - gutter - margin_of(grid) if fixed else WIDE


def _places(values: Sequence[float | None], scale: Scale, wide: int) -> list[Place | None]:
    step = wide / max(1, len(values))
    return [
        None if value is None else (place((index + 0.5) * step), scale.y(value)) for index, value in enumerate(values)
    ]


def _is_alone(values: Sequence[float | None], index: int) -> bool:
    around = [*values[max(0, index - 1) : index], *values[index + 1 : index + 2]]
    return values[index] is not None and all(value is None for value in around)


def _end(values: Sequence[float | None], scale: Scale) -> float | None:
    last = next((value for value in reversed(values) if value is not None), None)
    return None if last is None else scale.y(last)


def _names(ends: Sequence[tuple[float | None, str, str]]) -> list[Name]:
    """So far apart that none stands on another, and all within the plot."""
    placed = sorted(((y, words, look) for y, words, look in ends if y is not None), key=lambda one: one[0])
    heights: list[float] = []
    for y, _words, _look in placed:
        heights.append(max(y, heights[-1] + LEAST_APART if heights else 0.0))
    limit = float(TALL)
    for index in reversed(range(len(heights))):
        heights[index] = min(heights[index], limit)
        limit = heights[index] - LEAST_APART
    return [Name(place(y), words, look) for y, (_y, words, look) in zip(heights, placed, strict=True)]
