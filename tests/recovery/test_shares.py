"""Shares, means and their differences: textbook values, and what must hold for any numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.shares import ENOUGH, Compared, Mean, Share, difference, mean_difference, student

shares = st.integers(0, 5000).flatmap(lambda n: st.builds(Share, st.integers(0, n), st.just(n)))
values = st.lists(st.floats(-4, 4), max_size=60)


# Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3.
@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_wilsons_interval(hits, n, low, high):
    found = Share(hits, n).interval
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


# The same, 873–890, table II, method 10.
@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_a_difference_has_newcombes_interval(one, other, low, high):
    found = difference(Share(*one), Share(*other))
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(shares, shares)
def test_the_interval_holds_the_difference_and_turns_round_with_it(one, other):
    found, turned = difference(one, other), difference(other, one)
    if not one.n or not other.n:
        assert found is None
        assert turned is None
        return
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.low == pytest.approx(-turned.high)
    assert found.high == pytest.approx(-turned.low)


@given(shares, shares)
def test_nothing_is_said_of_few(one, other):
    compared = Compared(one, other)
    if min(one.n, other.n) < ENOUGH:
        assert compared.difference is None
        assert not compared.is_enough
    else:
        assert compared.is_enough == (compared.difference.low > 0 or compared.difference.high < 0)


@given(shares)
def test_the_same_is_never_a_difference(one):
    assert not Compared(one, one).is_enough


@given(values, values)
def test_the_interval_of_means_holds_their_difference(one, other):
    found = mean_difference(Mean.of(one), Mean.of(other))
    if len(one) < 2 or len(other) < 2:
        assert found is None
    else:
        assert found.low <= found.value <= found.high


def test_means_are_compared_as_welch_does():
    one = Mean.of([27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4])
    other = Mean.of([27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.4])
    assert (one.n, one.value) == (15, pytest.approx(20.82))
    found = mean_difference(one, other)
    assert found.value == pytest.approx(one.value - other.value)
    assert found.excludes_zero


@pytest.mark.parametrize(("freedom", "t"), [(10, 2.2281), (19, 2.0930), (38, 2.0244), (120, 1.9799)])
def test_students_t(freedom, t):
    assert student(freedom) == pytest.approx(t, abs=1e-3)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="3 of 2"):
        Share(3, 2)


def test_of_nobody_nothing_is_known():
    assert Share(0, 0).value is None
    assert Share(0, 0).interval is None
    assert Mean.of([]) == Mean(0, 0.0, 0.0)
