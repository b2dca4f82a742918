"""Charts by weekday and hour."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.charts.places import Tick, place
from reports.charts.scales import Words

CELL = 22  # pixels of a row
LEVELS = 5  # shades


@dataclass(frozen=True)
class Square:
    """An hour of a weekday. `level` 0 is none."""

    left: float
    y: int
    level: int
    title: str
    url: str


@dataclass(frozen=True)
class Heat:
    """Weekdays down, hours across."""

    squares: list[Square]
    days: list[tuple[int, str]]
    hours: list[Tick]
    width: float  # of a square, in percent
    most: str
    fixed: int = 0

    cell = CELL
    head = 20
    gutter = 40
    levels = range(LEVELS)

    @property
    def tall(self) -> int:
        return CELL * len(self.days)

    @property
    def height(self) -> int:
        return self.head + self.tall

    @property
    def plot(self) -> int:
        return self.fixed - self.gutter

    @property
    def is_empty(self) -> bool:
        return not any(square.level for square in self.squares)


def heat(
    counts: Sequence[Sequence[float]],
    *,
    days: Sequence[str],
    hours: Sequence[str],
    title: Callable[[int, int, float], str],
    url: Callable[[int, int], str],
    most: Words,
    fixed: int = 0,
) -> Heat:
    """A square for each hour of each weekday; `counts` by day and hour, `hours` the names of those that have one."""
    greatest = max((value for row in counts for value in row), default=0)
    across = len(counts[0]) if counts else 24
    step = 100 / across
    squares = [
        Square(
            place(hour * step),
            day * CELL,
            math.ceil((LEVELS - 1) * value / greatest) if greatest else 0,
            title(day, hour, value),
            url(day, hour),
        )
        for day, row in enumerate(counts)
        for hour, value in enumerate(row)
    ]
    ticks = [Tick(place(index * 100 / len(hours)), "start", words) for index, words in enumerate(hours)]
    return Heat(
        squares,
        [(index * CELL + CELL // 2 + 4, name) for index, name in enumerate(days)],
        ticks,
        place(step),
        most(greatest),
        fixed,
    )
