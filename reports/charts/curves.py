"""Curves through places, as the paths of SVG have them. A place is None where there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Place = tuple[float, float]


def curve(places: Sequence[Place | None]) -> str:
    return "".join(f"M{_xy(run[0])}{_bends(run)}" for run in _runs(places))


def area(places: Sequence[Place | None], floor: float) -> str:
    return "".join(f"M{_xy(run[0])}{_bends(run)}V{floor}H{_short(run[0][0])}Z" for run in _runs(places))


def band(top: Sequence[Place | None], bottom: Sequence[Place | None]) -> str:
    """Between two curves, where both have a place."""
    both = [None if a is None or b is None else (a, b) for a, b in zip(top, bottom, strict=True)]
    found, run = [], list[tuple[Place, Place]]()
    for pair in [*both, None]:
        if pair is not None:
            run.append(pair)
            continue
        if len(run) > 1:
            over, under = [one[0] for one in run], [one[1] for one in reversed(run)]
            found.append(f"M{_xy(over[0])}{_bends(over)}L{_xy(under[0])}{_bends(under)}Z")
        run = []
    return "".join(found)


def _runs(places: Sequence[Place | None]) -> list[list[Place]]:
    """Stretches without a hole."""
    found: list[list[Place]] = [[]]
    for place in places:
        if place is None:
            found.append([])
        else:
            found[-1].append(place)
    return [run for run in found if len(run) > 1]


def _bends(run: Sequence[Place]) -> str:
    """A curve through all places that nowhere goes beyond them: Fritsch and Carlson, SIAM J. Numer. Anal. 17, 1980."""
    steep = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(run)]
    slopes = [steep[0], *(_between(one, other) for one, other in pairwise(steep)), steep[-1]]
    bends = []
    for (a, b), one, other in zip(pairwise(run), slopes, slopes[1:], strict=False):
        third = (b[0] - a[0]) / 3
        bends.append(f"C{_xy((a[0] + third, a[1] + one * third))} {_xy((b[0] - third, b[1] - other * third))} {_xy(b)}")
    return "".join(bends)


def _between(one: float, other: float) -> float:
    """The slope at a place between two others: level where they turn, else their harmonic mean."""
    return 0.0 if one * other <= 0 else 2 * one * other / (one + other)


def _short(value: float) -> str:
    return f"{round(value, 1):g}"


def _xy(place: Place) -> str:
    return f"{_short(place[0])} {_short(place[1])}"
