"""Shares and means with the doubt that is in them: is this a difference, or only chance? Pure.

A share has the score interval of Wilson (1927). The difference of two shares has the hybrid score interval of Newcombe
("Interval estimation for the difference between independent proportions", Statistics in Medicine 17, 1998, 873–890,
method 10), which is also right for small numbers and for shares near 0 and 1. The difference of two means has Welch's
(Biometrika 34, 1947). All at 95 % where no other width is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

ENOUGH = 20  # people in each arm; with fewer, one of them moves the share by more than five points
Z = 1.959963984540054  # 95 %, two-sided


@dataclass(frozen=True)
class Interval:
    """Where the true value lies, as far as we can tell."""

    low: float
    value: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Share:
    """So many of n."""

    hits: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.n:
            raise ValueError(f"{self.hits} of {self.n}")

    @property
    def value(self) -> float | None:
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's; None of nothing."""
        return self.interval_at(Z)

    def interval_at(self, z: float) -> Interval | None:
        """The same, so many standard errors wide to either side."""
        if not self.n:
            return None
        share, squared = self.hits / self.n, z * z
        middle = 2 * self.hits + squared
        half = z * math.sqrt(squared + 4 * self.hits * (1 - share))
        below = 2 * (self.n + squared)
        low = 0.0 if self.hits == 0 else min(share, max(0.0, (middle - half) / below))
        high = 1.0 if self.hits == self.n else max(share, min(1.0, (middle + half) / below))
        return Interval(low, share, high)


@dataclass(frozen=True)
class Mean:
    """The mean of n values, and how far they lie apart."""

    n: int
    value: float
    variance: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Mean:
        found = list(values)
        if not found:
            return cls(0, 0.0, 0.0)
        mean = math.fsum(found) / len(found)
        spread = math.fsum((one - mean) ** 2 for one in found)
        return cls(len(found), mean, spread / (len(found) - 1) if len(found) > 1 else 0.0)


def difference(one: Share, other: Share, z: float = Z) -> Interval | None:
    """How much greater `one` is than `other`; None if either is of nobody. `z`: how many standard errors wide."""
    first, second = one.interval_at(z), other.interval_at(z)
    if first is None or second is None:
        return None
    value = first.value - second.value
    low = value - math.hypot(first.value - first.low, second.high - second.value)
    high = value + math.hypot(first.high - first.value, second.value - second.low)
    return Interval(max(-1.0, low), value, min(1.0, high))


def mean_difference(one: Mean, other: Mean) -> Interval | None:
    """The same of two means; None if either has fewer than two values."""
    if one.n < 2 or other.n < 2:
        return None
    first, second = one.variance / one.n, other.variance / other.n
    value = one.value - other.value
    if first + second == 0:
        return Interval(value, value, value)
    part = first / (first + second)
    freedom = 1 / (part**2 / (one.n - 1) + (1 - part) ** 2 / (other.n - 1))
    half = student(freedom) * math.sqrt(first + second)
    return Interval(value - half, value, value + half)


def student(freedom: float) -> float:
    """Student's t for 95 %, by the expansion of Cornish and Fisher: from 10 degrees of freedom on exact to 0.001."""
    first = (Z**3 + Z) / 4
    second = (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96
    third = (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384
    return Z + first / freedom + second / freedom**2 + third / freedom**3


@dataclass(frozen=True)
class Compared:
    """Those with whom something was done, against those with whom it was not."""

    done: Share | Mean
    without: Share | Mean

    @property
    def difference(self) -> Interval | None:
        """Only where there are enough in each arm."""
        if min(self.done.n, self.without.n) < ENOUGH:
            return None
        if isinstance(self.done, Share) and isinstance(self.without, Share):
            return difference(self.done, self.without)
        if isinstance(self.done, Mean) and isinstance(self.without, Mean):
            return mean_difference(self.done, self.without)
        raise TypeError("a share against a mean")

    @property
    def is_enough(self) -> bool:
        """Whether anything may be said: enough in each arm, and chance alone would hardly do it."""
        found = self.difference
        return found is not None and found.excludes_zero
