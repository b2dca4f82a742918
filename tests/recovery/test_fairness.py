"""Like is held against like, by ranks, and nothing is said of few."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.fairness import (
    ENOUGH,
    Against,
    Given,
    against_the_others,
    corrected,
    median,
    midranks,
    stand_out,
)

RATIOS = st.integers(0, 6).map(lambda n: n / 2)
CASES = st.lists(st.builds(Given, st.sampled_from("abc"), RATIOS, st.booleans()), max_size=9)


def of(stratum: str, group: list[float], others: list[float]) -> list[Given]:
    return [Given(stratum, one, True) for one in group] + [Given(stratum, one, False) for one in others]


def by_counting(cases: list[Given]) -> tuple[float, float]:
    """The share of pairs, and the standardised sum, by going through every way in which the group could have fallen."""
    strata: dict[str, list[Given]] = {}
    for one in cases:
        strata.setdefault(one.stratum, []).append(one)
    both = [some for some in strata.values() if len({one.is_of_group for one in some}) == 2]

    def pairs(chosen: list[tuple[list[float], list[float]]]) -> float:
        return sum(
            sum((a > b) + (a == b) / 2 for a in mine for b in rest) / (len(mine) + len(rest) + 1)
            for mine, rest in chosen
        )

    ways = []
    for some in both:
        n = sum(one.is_of_group for one in some)
        values = [one.ratio for one in some]
        ways.append(
            [
                ([values[i] for i in picked], [values[i] for i in range(len(values)) if i not in picked])
                for picked in itertools.combinations(range(len(values)), n)
            ]
        )
    seen = pairs(
        [([o.ratio for o in some if o.is_of_group], [o.ratio for o in some if not o.is_of_group]) for some in both]
    )
    most = sum(len(way[0][0]) * len(way[0][1]) / (len(way[0][0]) + len(way[0][1]) + 1) for way in ways)
    all_of_them = [[pairs([one]) for one in way] for way in ways]
    mean = sum(sum(way) / len(way) for way in all_of_them)
    variance = sum(sum((one - sum(way) / len(way)) ** 2 for one in way) / len(way) for way in all_of_them)
    chance = math.erfc(abs(seen - mean) / math.sqrt(2 * variance)) if variance > 1e-12 else 1.0
    return seen / most, chance


@given(CASES)
def test_it_is_what_counting_every_way_gives(cases):
    found = against_the_others(cases)
    if not found.n:
        assert found == Against(0, 0)
        return
    more, chance = by_counting(cases)
    assert found.more == pytest.approx(more)
    assert found.chance == pytest.approx(chance, abs=1e-9)


@given(CASES)
def test_who_is_held_against_whom_makes_no_difference(cases):
    one = against_the_others(cases)
    other = against_the_others([Given(c.stratum, c.ratio, not c.is_of_group) for c in cases])
    assert (one.n, one.others) == (other.others, other.n)
    assert one.more == pytest.approx(1 - other.more)
    assert one.chance == pytest.approx(other.chance)


@given(CASES)
def test_only_the_order_within_a_stratum_counts(cases):
    louder = [Given(c.stratum, {"a": 1, "b": 100, "c": 7}[c.stratum] * c.ratio + 3, c.is_of_group) for c in cases]
    assert against_the_others(louder).more == pytest.approx(against_the_others(cases).more)
    assert against_the_others(louder).chance == pytest.approx(against_the_others(cases).chance)


def test_a_stratum_with_one_side_only_says_nothing():
    cases = of("a", [1, 1, 1], [])
    assert against_the_others(cases) == Against(0, 0)
    assert against_the_others([*cases, *of("b", [1], [2])]).n == 1


def test_who_has_the_graver_cases_is_not_odd_for_it():
    """Simpson's: all in all they give far more, and alike in each stratum."""
    cases = of("grave", [4.0] * 18, [4.0] * 2) + of("slight", [1.0] * 2, [1.0] * 18)
    found = against_the_others(cases)
    assert (found.more, found.chance) == (0.5, 1.0)
    assert found.median == found.others_median == 4.0


def test_one_large_sum_makes_nobody_odd():
    found = against_the_others(of("a", [1.0, 1.1, 1.2] * 4 + [500.0], [1.0, 1.1, 1.2] * 4))
    assert stand_out([found]) == [False]


def test_a_group_stands_out_if_it_gets_less_for_the_same():
    found = against_the_others(of("a", [0.2, 0.3] * 6, [1.0, 1.4] * 10))
    assert found.is_enough
    assert found.more == 0
    assert stand_out([found]) == [True]


@pytest.mark.parametrize(("group", "others"), [(ENOUGH - 1, 40), (40, ENOUGH - 1)])
def test_of_few_nothing_is_said(group, others):
    found = against_the_others(of("a", [0.2] * group, [2.0 + n for n in range(others)]))
    assert not found.is_enough
    assert stand_out([found]) == [False]


def test_a_small_difference_is_none_however_sure():
    sure = Against(5000, 5000, 0.55, 1e-9, 1.0, 1.1)
    assert stand_out([sure]) == [False]
    assert stand_out([Against(5000, 5000, 0.36, 1e-9, 1.0, 1.1)]) == [True]


def test_of_many_groups_one_looks_odd_by_chance():
    odd, even = Against(20, 200, 0.7, 0.02, 2.0, 1.0), Against(20, 200, 0.5, 0.6, 1.0, 1.0)
    assert stand_out([odd]) == [True]
    assert stand_out([odd, even, even]) == [False, False, False]
    few = Against(3, 200, 0.5, 0.6, 1.0, 1.0)
    assert stand_out([odd, few, few]) == [True, False, False]  # nobody asked about these


def test_corrected_by_holm():
    assert corrected([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert corrected([]) == []


@given(st.lists(st.integers(0, 5), max_size=12))
def test_midranks_are_all_places_shared_out(values):
    ranks = midranks(values)
    assert sum(ranks) == pytest.approx(len(values) * (len(values) + 1) / 2)
    assert all((ranks[a] < ranks[b]) == (values[a] < values[b]) for a in range(len(values)) for b in range(len(values)))


def test_the_middle_with_weights():
    assert median([]) is None
    assert median([(1, 1), (2, 1)]) == 1.5
    assert median([(3, 1), (1, 1), (2, 1)]) == 2
    assert median([(1, 3), (5, 1)]) == 1
    assert median([(1, 1), (5, 3)]) == 5
