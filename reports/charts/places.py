"""Where things are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """A day below the plot, an hour above it."""

    percent: float
    anchor: str
    words: str


def place(value: float) -> float:
    """In percent, exact enough for a screen."""
    return round(value, 2)
