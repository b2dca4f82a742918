"""Where things are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """A day below the plot: `percent` of the whole chart, moved by `dx` pixels for the gutter."""

    percent: float
    dx: float
    anchor: str
    words: str


def place(value: float) -> float:
    """In percent, exact enough for a screen."""
    return round(value, 2)
