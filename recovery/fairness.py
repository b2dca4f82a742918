"""Do some get more than others for the same? A group against all others, within the same kind and severity. Pure.

Amounts of making good lie far apart and have long tails, so it goes by ranks, and like is held against like: the ranks
are taken within each *stratum* (the same kind of failure, the same severity) and added up by the stratified rank-sum
test of van Elteren ("On the combination of independent two sample tests of Wilcoxon", Bulletin of the International
Statistical Institute 37, 1960, 351–361), with midranks and the variance of all permutations. How much it is, is told by
the share of pairs in which the group got more (Vargha & Delaney, "A critique and improvement of the CL common language
effect size statistics", Journal of Educational and Behavioral Statistics 25, 2000, 101–132): half is even, from 0.64
or below 0.36 on it is no small difference. Of many groups one looks odd by chance: the chances are corrected by Holm
(Scandinavian Journal of Statistics 6, 1979, 65–70).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

ENOUGH = 10  # on each side; with fewer the normal curve is no guide, and one case moves the middle
NO_SMALL = 0.64  # of pairs: Vargha and Delaney's medium difference
CHANCE = 0.05


@dataclass(frozen=True)
class Given:
    """What somebody got, over what was missing: `stratum` is what makes two of them alike."""

    stratum: Hashable
    ratio: float
    is_of_group: bool


@dataclass(frozen=True)
class Against:
    """A group against the others with the same failures: only of strata in which there are both.

    `more` is the share of pairs in which the group got more, `chance` how often that much comes by chance alone,
    `median` and `others_median` the middle ones; the others are weighted to the group's mix of failures.
    """

    n: int
    others: int
    more: float = 0.5
    chance: float = 1.0
    median: float | None = None
    others_median: float | None = None

    @property
    def is_enough(self) -> bool:
        return min(self.n, self.others) >= ENOUGH

    @property
    def is_no_small_difference(self) -> bool:
        return max(self.more, 1 - self.more) >= NO_SMALL


def against_the_others(given: Iterable[Given]) -> Against:
    """Van Elteren's test of a group against all others."""
    above = most = spread = 0.0
    mine: list[tuple[float, float]] = []
    others: list[tuple[float, float]] = []
    for of_group, rest in _strata(given):
        n, m = len(of_group), len(rest)
        ranks = midranks([*of_group, *rest])
        weight = 1 / (n + m + 1)
        above += weight * (sum(ranks[:n]) - n * (n + 1) / 2)
        most += weight * n * m
        middle = (n + m + 1) / 2
        spread += weight**2 * n * m / ((n + m) * (n + m - 1)) * sum((rank - middle) ** 2 for rank in ranks)
        mine += [(value, 1.0) for value in of_group]
        others += [(value, n / m) for value in rest]
    if not mine:
        return Against(0, 0)
    far = abs(above - most / 2)
    chance = math.erfc(far / math.sqrt(2 * spread)) if spread else 1.0
    return Against(len(mine), len(others), above / most, chance, median(mine), median(others))


def _strata(given: Iterable[Given]) -> list[tuple[list[float], list[float]]]:
    """The group's and the others' of each stratum that has both."""
    found: dict[Hashable, tuple[list[float], list[float]]] = {}
    for one in given:
        found.setdefault(one.stratum, ([], []))[0 if one.is_of_group else 1].append(one.ratio)
    return [both for both in found.values() if both[0] and both[1]]


def midranks(values: Sequence[float]) -> list[float]:
    """The rank of each from 1 on; equal ones share the middle of theirs."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def median(weighted: Iterable[tuple[float, float]]) -> float | None:
    """The middle of values with weights; between two, their mean. None of nothing."""
    values = sorted(weighted)
    half = math.fsum(weight for _value, weight in values) / 2
    reached = 0.0
    for place, (value, weight) in enumerate(values):
        reached += weight
        if math.isclose(reached, half) and place + 1 < len(values):
            return (value + values[place + 1][0]) / 2
        if reached > half or place + 1 == len(values):
            return value
    return None


def corrected(chances: Sequence[float]) -> list[float]:
    """Holm's: what each chance comes to where so many were looked at."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    found, reached = [0.0] * len(chances), 0.0
    for step, place in enumerate(order):
        reached = max(reached, min(1.0, chances[place] * (len(chances) - step)))
        found[place] = reached
    return found


def stand_out(groups: Sequence[Against]) -> list[bool]:
    """Which of the groups are worth a question: enough on both sides, no small difference, and hardly chance."""
    asked = [place for place, one in enumerate(groups) if one.is_enough]
    chances = corrected([groups[place].chance for place in asked])
    hardly = {place for place, chance in zip(asked, chances, strict=True) if chance < CHANCE}
    return [place in hardly and one.is_no_small_difference for place, one in enumerate(groups)]
