"""From what to what a chart goes, and where it has lines: at round numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TALL = 168  # pixels of a plot over time
MOST_LINES = 4
SECONDS = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
SHARES = (0.02, 0.05, 0.1, 0.25, 0.5)
Words = Callable[[float], str]


@dataclass(frozen=True)
class Scale:
    """From what to what the plot goes, and where it has lines."""

    bottom: float
    top: float
    lines: tuple[float, ...]

    def y(self, value: float) -> float:
        span = (self.top - self.bottom) or 1
        return round(TALL - (min(max(value, self.bottom), self.top) - self.bottom) / span * TALL, 1)


def count_scale(values: Sequence[float]) -> Scale:
    """From nothing up to a round number."""
    most = max(values, default=0)
    size = 10 ** math.floor(math.log10(most / MOST_LINES)) if most > MOST_LINES else 1
    step = next(size * times for times in (1, 2, 5, 10) if size * times * MOST_LINES >= most)
    return _up(step, most)


def time_scale(values: Sequence[float]) -> Scale:
    """Seconds, by steps that clocks have."""
    most = max(values, default=0)
    step = next((one for one in SECONDS if one * MOST_LINES >= most), None)
    return _up(step or SECONDS[-1] * math.ceil(most / SECONDS[-1] / MOST_LINES), most)


def share_scale(values: Sequence[float]) -> Scale:
    """From none to as much as it takes, at most to all."""
    most = max(values, default=0)
    step = next((one for one in SHARES if one * MOST_LINES >= most), SHARES[-1])
    found = _up(step, most)
    return Scale(0, min(found.top, 1.0), tuple(line for line in found.lines if line <= 1))


def star_scale() -> Scale:
    return Scale(1, 5, (1, 2, 3, 4, 5))


def _up(step: float, most: float) -> Scale:
    count = max(1, math.ceil(most / step - 1e-9))
    return Scale(0, step * count, tuple(step * index for index in range(count + 1)))
