"""Expected, delivered, beyond: what is missing, how much of it to give, and where to stop. Pure arithmetic.

gap = loss + hassle, in money. The default target is four for each three that were missing; the cap, 150 % of what was
at stake, wins over it (Haesevoets et al. 2017). The scale of ten is only how it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from recovery.hassle import HasslePart
from recovery.money import exact, places

TEN = 10
# Of the price, what of it they did not get: where nobody says better. By severity, 1 to 5.
LOSS_PERCENT = {1: 10, 2: 25, 3: 50, 4: 75, 5: 100}
# Of the price, in per cent: what works best (Gelbrich, Gäthke & Grégoire 2015).
REJECTED_BAND, KEPT_BAND = (60, 120), (10, 50)


class OnTen(NamedTuple):
    """The gap on a scale of ten: “expected 10, delivered 7, gap 3: give 4 or more”."""

    expected: int
    delivered: int
    gap: int
    give: int


class Band(NamedTuple):
    """From what to what of the price compensation works best, and the same in per cent."""

    low: Decimal
    high: Decimal
    low_percent: int
    high_percent: int


def ratio(value: Decimal, gap: Decimal) -> Decimal | None:
    """Value ÷ gap, two decimals, rounded down; None if nothing is missing."""
    return (value / gap).quantize(Decimal("0.01"), rounding=ROUND_DOWN) if gap else None


@dataclass(frozen=True)
class Gap:
    """What is missing on a ticket, in `currency`, and what to give for it.

    `value` is what was at stake (None: no failure is noted). `cap` is None where nothing is known to be at stake.
    `lacks_rate`: the hassle is in another currency that has no rate, so it is in none of the sums; `own_hassle` is it.
    """

    currency: str
    value: Decimal | None
    loss: Decimal
    parts: tuple[HasslePart, ...]
    hassle: Decimal
    total: Decimal
    target: Decimal
    cap: Decimal | None
    suggested: Decimal
    is_capped: bool
    failure: Any = None
    cap_percent: int = 150
    lacks_rate: bool = False
    parts_currency: str = field(default="")  # of the amounts of `parts`

    def ratio_of(self, value: Decimal) -> Decimal | None:
        """How far beyond the gap a value goes; None if nothing is missing."""
        return ratio(value, self.total)

    def exceeds_cap(self, value: Decimal) -> bool:
        return self.cap is not None and value > self.cap

    def on_ten(self) -> OnTen | None:
        """None where nothing was at stake that the gap could be held against. A gap is never shown as none."""
        if not self.value:
            return None
        share = (self.total / self.value * TEN).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        gap = min(max(int(share), 1 if self.total else 0), TEN)
        give = int((gap * self.target).to_integral_value(rounding=ROUND_CEILING))
        return OnTen(TEN, TEN - gap, gap, min(give, TEN * self.cap_percent // 100))

    def band(self) -> Band | None:
        """What the literature suggests for it: more where they rejected what they got, less where they kept it."""
        if not self.value or self.failure is None:
            return None
        low, high = KEPT_BAND if self.failure.was_kept else REJECTED_BAND
        return Band(percent_of(self.value, low, self.currency), percent_of(self.value, high, self.currency), low, high)


def reckon(
    *,
    currency: str,
    value: Decimal | None,
    loss: Decimal,
    parts: tuple[HasslePart, ...],
    target: Decimal,
    cap_percent: int,
    failure: Any = None,
    lacks_rate: bool = False,
    parts_currency: str = "",
) -> Gap:
    """Add up loss and hassle, and say what to give: the target, or the cap where that is less."""
    hassle = Decimal(0) if lacks_rate else sum((part.amount for part in parts), Decimal(0))
    total = loss + hassle
    wanted = _rounded(total * target, currency, ROUND_CEILING)
    cap = _rounded(value * cap_percent / 100, currency, ROUND_DOWN) if value else None
    is_capped = cap is not None and cap < wanted
    return Gap(
        currency,
        value,
        loss,
        parts,
        hassle,
        total,
        target,
        cap,
        cap if cap is not None and is_capped else wanted,
        is_capped,
        failure,
        cap_percent,
        lacks_rate,
        parts_currency or currency,
    )


def suggested_loss(value: Decimal, severity: int, currency: str) -> Decimal:
    """What of the price they did not get, going by how bad it was; an agent who knows better writes over it."""
    return percent_of(value, LOSS_PERCENT[severity], currency)


def percent_of(value: Decimal, percent: int, currency: str) -> Decimal:
    return exact(value * percent / 100, currency)


def _rounded(amount: Decimal, currency: str, rounding: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places(currency)), rounding=rounding)
