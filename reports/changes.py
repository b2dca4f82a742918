"""What has changed, and what only chance moved: two stretches of as many days, held against each other. Pure.

- Counts: given how many there were in both, chance throws each of them into either (the conditional test of two Poisson
  rates: Przyborowski & Wilenski, Biometrika 31, 1940, 313–323), exactly and in both tails. Days that differ more among
  themselves than thrown coins do make it more careful, as in a quasi-binomial model.
- Shares: Newcombe's interval of their difference (`recovery.shares`), as wide as it may be without holding zero.
- Lengths of time: the rank test of Mann & Whitney (Annals of Mathematical Statistics 18, 1947, 50–60) with its
  correction for ties, so that a few very long waits weigh no more than they should.

Who looks at a hundred comparisons finds five by chance. So all of a page are held to one level together (Holm,
Scandinavian Journal of Statistics 6, 1979, 65–70): nineteen in twenty pages on which nothing has changed say nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import NormalDist, median

from recovery.shares import ENOUGH, Share, Z, difference
from reports.periods import Period

LEVEL = 0.05  # of all comparisons of a page together
FEWEST = 15  # counted in both stretches together; below, not even all on one side would stand out among many
EXACT_UP_TO = 1000
FEWEST_DAYS = 5  # with fewer, nothing is known of how days differ
USUAL_SQUARE = 0.454936  # the median of the squares that chance makes: chi-squared with one degree of freedom
LEAST_CHANCE = 1e-300
WEEK = 7
NORMAL = NormalDist()


@dataclass(frozen=True)
class Trial:
    """What one comparison says. `chance`: how probable it is that nothing has changed and they still lie as far apart.
    `effect`, with its standard error: how far, on a scale of its own kind; above zero is more or longer."""

    chance: float
    effect: float
    error: float

    def differs_from(self, rest: Trial) -> bool:
        """Whether a part does something else than all the rest."""
        return abs(self.effect - rest.effect) > Z * math.hypot(self.error, rest.error)


def compared_periods(period: Period, today: date, *, keeps_length: bool) -> tuple[Period, Period] | None:
    """The whole days of a period, and as many days before, moved by full weeks: each weekday meets its own.

    Today is not over and does not count. With `keeps_length` the days are then one day earlier, else one fewer. None
    if no day is over.
    """
    over = max(0, (period.last - today).days + 1)
    last = period.last - timedelta(days=over)
    first = period.first - timedelta(days=over) if keeps_length else period.first
    if first > last:
        return None
    now = Period(first, last, period.zone)
    back = timedelta(days=math.ceil(now.days / WEEK) * WEEK)
    return now, Period(first - back, last - back, period.zone)


def count_trial(now: int, before: int, spread: float = 1.0) -> Trial | None:
    """Of how many there were. `spread`: see `day_spread`. None of too few."""
    if now + before < FEWEST:
        return None
    chance = _wider(_thrown(now, before), spread)
    effect = math.log((now + 0.5) / (before + 0.5))
    return Trial(chance, effect, math.sqrt(spread * (1 / (now + 0.5) + 1 / (before + 0.5))))


def share_trial(now: Share, before: Share) -> Trial | None:
    """Of two shares. None of too few in either."""
    if min(now.n, before.n) < ENOUGH:
        return None
    usual = difference(now, before)
    if usual is None:
        return None
    # Of z: at `low` the interval leaves zero out, at `high` it holds it. What chance does needs no more than a guess.
    low, high, steps = (Z, 40.0, 50) if usual.excludes_zero else (0.0, Z, 12)
    for _ in range(steps):
        middle = (low + high) / 2
        found = difference(now, before, z=middle)
        low, high = (middle, high) if found and found.excludes_zero else (low, middle)
    return Trial(_both_tails(low), usual.value, (usual.high - usual.low) / (2 * Z))


def length_trial(now: Mapping[int, int], before: Mapping[int, int]) -> Trial | None:
    """Of two heaps of lengths: how many there are in each of ordered classes. The effect is by how much more than half
    the time one of now is longer than one of before. None of too few in either."""
    one, other = sum(now.values()), sum(before.values())
    if min(one, other) < ENOUGH:
        return None
    total, wins, below, ties = one + other, 0.0, 0, 0
    for place in sorted(now.keys() | before.keys()):
        ours, theirs = now.get(place, 0), before.get(place, 0)
        wins += ours * (below + theirs / 2)
        below += theirs
        ties += (ours + theirs) ** 3 - (ours + theirs)
    error = math.sqrt(one * other / 12 * (total + 1 - ties / (total * (total - 1))))
    if not error:  # all of one class
        return Trial(1.0, 0.0, 0.0)
    away = max(0.0, abs(wins - one * other / 2) - 0.5)
    return Trial(_both_tails(away / error), wins / (one * other) - 0.5, error / (one * other))


def day_spread(days: Iterable[tuple[int, int]]) -> float:
    """How much more days differ than if chance threw each thing by itself: 1 or more. `days`: how many on a day, and on
    the same weekday a week earlier. By medians: a day of trouble is news, and shall not drown the news."""
    found = [(now, now + before) for now, before in days if now + before]
    if len(found) < FEWEST_DAYS:
        return 1.0
    share = median(now / both for now, both in found)
    if not 0 < share < 1:
        return 1.0
    squares = [(now - both * share) ** 2 / (both * share * (1 - share)) for now, both in found]
    return max(1.0, median(squares) / USUAL_SQUARE)


def held_together(chances: Sequence[float]) -> list[float]:
    """Each chance as one of many, by Holm's method: what is below the level then stands out among all of them."""
    found, least = [1.0] * len(chances), 0.0
    for place, number in enumerate(sorted(range(len(chances)), key=lambda number: chances[number])):
        least = max(least, min(1.0, chances[number] * (len(chances) - place)))
        found[number] = least
    return found


def held_at_level(trials: Sequence[Trial]) -> list[Trial]:
    """The same trials, each with its chance as one of many."""
    chances = held_together([one.chance for one in trials])
    return [replace(one, chance=chance) for one, chance in zip(trials, chances, strict=True)]


def _thrown(one: int, other: int) -> float:
    """How probable it is that so many coins fall as unevenly or more so."""
    total, fewer = one + other, min(one, other)
    if total > EXACT_UP_TO:
        return _both_tails(max(0.0, abs(one - other) - 1) / math.sqrt(total))
    ways, term = 0, 1
    for place in range(fewer + 1):
        ways += term
        term = term * (total - place) // (place + 1)
    return min(1.0, 2 * ways / 2**total)


def _wider(chance: float, spread: float) -> float:
    """The same with errors that are wider by the root of `spread`."""
    if spread <= 1 or chance >= 1:
        return chance
    return _both_tails(-NORMAL.inv_cdf(max(chance, LEAST_CHANCE) / 2) / math.sqrt(spread))


def _both_tails(z: float) -> float:
    return math.erfc(z / math.sqrt(2))
