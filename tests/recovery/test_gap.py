"""Expected, delivered, beyond: the target, the cap that wins, and the scale of ten."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.gap import Gap, OnTen, reckon, suggested_loss
from recovery.hassle import HasslePart
from recovery.money import is_exact
from tests.recovery.test_hassle import currencies

TARGET = Decimal(4) / Decimal(3)


@dataclass
class Said:
    was_kept: bool


def part(amount: str) -> HasslePart:
    return HasslePart("trip", Decimal(1), Decimal(amount), Decimal(amount), ())


def gap(
    value: str | None, loss: str, *amounts: str, currency: str = "EUR", was_kept: bool = False, **more: bool
) -> Gap:
    return reckon(
        currency=currency,
        value=Decimal(value) if value is not None else None,
        loss=Decimal(loss),
        parts=tuple(part(amount) for amount in amounts),
        target=TARGET,
        cap_percent=150,
        failure=Said(was_kept),
        **more,  # type: ignore[arg-type]
    )


def test_the_essay() -> None:
    """Expected 10, delivered 7, gap 3: give 4 or more."""
    found = gap("60", "3", "15")
    assert (found.hassle, found.total) == (15, 18)
    assert found.on_ten() == OnTen(expected=10, delivered=7, gap=3, give=4)
    assert (found.suggested, found.cap, found.is_capped) == (24, 90, False)
    assert found.ratio_of(Decimal(24)) == Decimal("1.33")


def test_the_cap_wins_and_says_so() -> None:
    found = gap("10", "10", "15")
    assert (found.suggested, found.cap, found.is_capped) == (15, 15, True)
    assert found.exceeds_cap(Decimal("15.01"))
    assert not found.exceeds_cap(Decimal(15))
    assert found.on_ten() == OnTen(10, 0, 10, 14)


@pytest.mark.parametrize("value", [None, "0"])
def test_without_a_price_there_is_no_scale_and_no_cap(value: str | None) -> None:
    found = gap(value, "0", "15")
    assert (found.on_ten(), found.cap, found.band()) == (None, None, None)
    assert found.suggested == 20


def test_where_nothing_is_missing_nothing_is_given() -> None:
    found = gap("60", "0")
    assert found.on_ten() == OnTen(10, 10, 0, 0)
    assert (found.suggested, found.ratio_of(Decimal(5))) == (0, None)


def test_a_small_gap_is_not_shown_as_none() -> None:
    scale = gap("1000", "0", "3").on_ten()
    assert scale is not None
    assert (scale.delivered, scale.give) == (9, 2)


def test_the_bands_are_those_of_the_literature() -> None:
    rejected, kept = gap("60", "3").band(), gap("60", "3", was_kept=True).band()
    assert rejected is not None
    assert kept is not None
    assert (rejected.low, rejected.high) == (36, 72)
    assert (kept.low, kept.high) == (6, 30)


def test_hassle_without_a_rate_is_in_no_sum() -> None:
    found = gap("60", "3", "15", lacks_rate=True)
    assert (found.hassle, found.total) == (0, 3)
    assert len(found.parts) == 1


def test_what_is_suggested_can_be_paid() -> None:
    assert gap("1000", "10", currency="JPY").suggested == 14
    assert gap("100", "10").suggested == Decimal("13.34")  # not less than the target
    assert suggested_loss(Decimal("59.95"), 2, "EUR") == Decimal("14.99")


amounts = st.lists(st.decimals(0, 500, places=0), max_size=7)


@given(st.decimals(0, 5000, places=0), st.integers(0, 100), amounts, currencies)
def test_the_sums_are_those_of_what_is_shown(value, percent, worth, currency) -> None:
    loss = (value * percent / 100).to_integral_value()
    found = gap(str(value), str(min(loss, value)), *map(str, worth), currency=currency)
    assert found.hassle == sum(one.amount for one in found.parts)
    assert found.total == found.loss + found.hassle
    assert is_exact(found.suggested, currency)
    assert found.cap is None or found.suggested <= found.cap
    assert found.is_capped or found.suggested >= found.total * TARGET - Decimal("0.0000001")
    scale = found.on_ten()
    assert scale is None or scale.expected == scale.delivered + scale.gap
