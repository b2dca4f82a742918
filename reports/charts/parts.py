"""Charts of parts: bars one below the other, and strips, each line with its course in small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.places import place

BAR, STRIP = 14, 16  # pixels of their height
LEAST_BAD, LEAST_GOOD = 3.0, 1.5  # of a step, to be seen at all
SHORT = 34  # letters of a name in a picture, which cannot break lines


@dataclass(frozen=True)
class Part:
    """What a list of bars is made of."""

    name: str
    value: float
    said: str
    title: str = ""
    url: str = ""
    before: float | None = None
    more: str = ""
    is_strong: bool = True
    level: int = 0


@dataclass(frozen=True)
class Bar:
    """A line of a list of bars. `percent` of the longest; `was` likewise, or None."""

    name: str
    said: str
    title: str
    url: str
    percent: float
    was: float | None = None
    is_strong: bool = True
    more: str = ""  # beside the number: a share, a change
    level: int = 0  # of a tree

    @property
    def short(self) -> str:
        return self.name if len(self.name) <= SHORT else f"{self.name[: SHORT - 1].rstrip()}…"


@dataclass(frozen=True)
class Bars:
    bars: list[Bar]
    fixed: int = 0
    before: str = ""  # what the thin mark means

    tall = BAR
    row = 28
    names, numbers = 220, 96  # pixels for them in a picture

    @property
    def plot(self) -> int:
        return self.fixed - self.names - self.numbers

    @property
    def height(self) -> int:
        return self.row * len(self.bars)

    @property
    def has_more(self) -> bool:
        return any(bar.more for bar in self.bars)

    @property
    def is_empty(self) -> bool:
        return not self.bars


def bars(parts: Sequence[Part], *, before: str = "", fixed: int = 0) -> Bars:
    """One below the other, each as long as it is much; a thin mark shows how it was before."""
    longest = max([*(part.value for part in parts), *(part.before or 0 for part in parts)], default=0) or 1
    return Bars(
        [
            Bar(
                part.name,
                part.said,
                part.title or f"{part.name}: {part.said}",
                part.url,
                place(part.value / longest * 100),
                None if part.before is None else place(min(part.before / longest, 1) * 100),
                part.is_strong,
                part.more,
                part.level,
            )
            for part in parts
        ],
        fixed,
        before if any(part.before is not None for part in parts) else "",
    )


def few_that_matter(values: Sequence[float], share: float = 0.6) -> int:
    """How many of the greatest, which come first, make this share of all; 0 of nothing."""
    whole, found = sum(values), 0.0
    for count, value in enumerate(values, 1):
        found += value
        if whole and found >= share * whole - 1e-9:
            return count
    return 0


@dataclass(frozen=True)
class Tally:
    """Of a step: so many good ones of so many, or with `most` a height."""

    good: float
    bad: float = 0
    title: str = ""
    url: str = ""


@dataclass(frozen=True)
class Cell:
    """A step of a strip: up from the bottom what is good, above it what is not."""

    left: float
    width: float
    good: float
    bad: float
    title: str
    url: str

    tall = STRIP

    @property
    def good_y(self) -> float:
        return round(STRIP - self.good, 1)

    @property
    def bad_y(self) -> float:
        return round(STRIP - self.good - self.bad, 1)


@dataclass(frozen=True)
class Strip:
    """A line with its course in small, and its number."""

    name: str
    said: str
    url: str
    cells: list[Cell]
    more: str = ""
    is_bad: bool = False

    tall = STRIP

    @property
    def short(self) -> str:
        return self.name if len(self.name) <= SHORT else f"{self.name[: SHORT - 1].rstrip()}…"


@dataclass(frozen=True)
class Strips:
    strips: list[Strip]
    fixed: int = 0

    row = 34
    names, numbers = 220, 140  # pixels for them in a picture

    @property
    def plot(self) -> int:
        return self.fixed - self.names - self.numbers

    @property
    def height(self) -> int:
        return self.row * len(self.strips)

    @property
    def is_empty(self) -> bool:
        return not self.strips


def kept_cells(tallies: Sequence[Tally]) -> list[Cell]:
    """Each as high as the strip, divided by what was kept and what was not; without any, nothing."""
    found = []
    for left, width, tally in _steps(tallies):
        whole = tally.good + tally.bad
        bad = max(STRIP * tally.bad / whole, LEAST_BAD) if whole and tally.bad else 0.0
        found.append(Cell(left, width, place(STRIP - bad) if whole else 0, place(bad), tally.title, tally.url))
    return found


def count_cells(tallies: Sequence[Tally]) -> list[Cell]:
    """Each as high as it is much, of the most there is in this strip."""
    most = max((tally.good for tally in tallies), default=0) or 1
    return [
        Cell(
            left,
            width,
            place(max(STRIP * tally.good / most, LEAST_GOOD)) if tally.good else 0,
            0,
            tally.title,
            tally.url,
        )
        for left, width, tally in _steps(tallies)
    ]


def _high(value: float, most: float) -> float:
    return place(max(STRIP * value / most, LEAST_GOOD)) if value else 0


def _steps(tallies: Sequence[Tally]) -> list[tuple[float, float, Tally]]:
    step = 100 / max(1, len(tallies))
    return [(place(index * step), place(step * 0.8), tally) for index, tally in enumerate(tallies)]
