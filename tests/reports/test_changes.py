"""What has changed, and what only chance moved: textbook values, and how often it cries wolf."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import date
from fractions import Fraction
from statistics import NormalDist
from zoneinfo import ZoneInfo

import pytest

from recovery.shares import Share, difference
from reports.changes import (
    FEWEST,
    LEVEL,
    Trial,
    compared_periods,
    count_trial,
    day_spread,
    held_at_level,
    held_together,
    length_trial,
    share_trial,
)
from reports.periods import Period

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def period(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last), AMSTERDAM)


# --- Which days ----------------------------------------------------------------------------


def test_a_week_is_its_last_seven_full_days_against_the_seven_before():
    now, before = compared_periods(period("2026-11-16", "2026-11-22"), date(2026, 11, 22), keeps_length=True)
    assert (now, before) == (period("2026-11-15", "2026-11-21"), period("2026-11-08", "2026-11-14"))


def test_days_that_are_over_stay_as_they_are():
    asked = period("2026-11-09", "2026-11-15")
    for keeps_length in (True, False):
        now, before = compared_periods(asked, date(2026, 11, 16), keeps_length=keeps_length)
        assert (now, before) == (asked, asked.before)


@pytest.mark.parametrize(("days", "back"), [(1, 7), (7, 7), (8, 14), (28, 28), (30, 35), (31, 35), (365, 371)])
def test_each_weekday_meets_its_own(days, back):
    asked = Period(date.fromordinal(740_000 - days), date.fromordinal(739_999), AMSTERDAM)
    now, before = compared_periods(asked, date.fromordinal(740_000), keeps_length=False)
    assert (now.first - before.first).days == back
    assert now.days == before.days == days
    assert now.first.weekday() == before.first.weekday()
    assert before.last < now.first


def test_a_month_under_way_ends_yesterday():
    month = period("2026-11-01", "2026-11-30")
    now, before = compared_periods(month, date(2026, 11, 22), keeps_length=False)
    assert (now, before) == (period("2026-11-01", "2026-11-21"), period("2026-10-11", "2026-10-31"))
    assert compared_periods(month, date(2026, 11, 1), keeps_length=False) is None


# --- Counts --------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "before"), [(21, 3), (3, 21), (12, 12), (15, 0), (40, 22), (520, 470)])
def test_counts_are_thrown_coins(now, before):
    total = now + before
    tail = sum(Fraction(math.comb(total, one), 2**total) for one in range(min(now, before) + 1))
    found = count_trial(now, before)
    assert found.chance == pytest.approx(min(1, float(2 * tail)))
    assert (found.effect > 0, found.effect < 0) == (now > before, now < before)


def test_many_coins_are_thrown_nearly_as_exactly():
    for now in (500, 530, 560, 590):
        exact = 2 * sum(math.comb(1001, one) for one in range(1001 - now + 1)) / 2**1001
        assert count_trial(now, 1001 - now).chance == pytest.approx(min(1, exact), rel=0.1)


def test_nothing_is_said_of_few():
    assert count_trial(FEWEST - 1, 0) is None
    assert count_trial(FEWEST, 0).chance < 0.001
    assert share_trial(Share(0, 19), Share(50, 50)) is None
    assert length_trial({1: 19}, {50: 100}) is None


def test_days_that_differ_make_it_more_careful():
    calm, rough = count_trial(300, 240), count_trial(300, 240, spread=4.0)
    assert calm.chance < 0.02 < LEVEL < rough.chance
    assert rough.effect == calm.effect
    assert rough.error == pytest.approx(2 * calm.error)
    assert z_of(rough.chance) == pytest.approx(z_of(calm.chance) / 2)


def z_of(chance: float) -> float:
    return -NormalDist().inv_cdf(chance / 2)


# --- Shares --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "before"),
    [((56, 70), (48, 80)), ((30, 100), (50, 100)), ((0, 60), (10, 60)), ((5, 56), (0, 29)), ((99, 100), (88, 100))],
)
def test_the_chance_of_shares_is_where_newcombes_interval_meets_zero(now, before):
    now, before = Share(*now), Share(*before)
    found = share_trial(now, before)
    assert (found.chance < LEVEL) == difference(now, before).excludes_zero
    z = z_of(found.chance)
    assert difference(now, before, z=z - 0.001).excludes_zero
    assert not difference(now, before, z=z + 0.001).excludes_zero
    assert share_trial(before, now).chance == pytest.approx(found.chance)


def test_the_same_share_is_chance():
    assert share_trial(Share(30, 60), Share(50, 100)).chance == pytest.approx(1)
    assert share_trial(Share(0, 60), Share(0, 100)).chance == pytest.approx(1)


# --- Lengths -------------------------------------------------------------------------------


def test_lengths_are_compared_as_mann_and_whitney_do():
    """Against every pair counted one by one."""
    random_ = random.Random(2)
    now, before = ([random_.randrange(30) for _ in range(size)] for size in (40, 55))
    wins = sum((one > other) + (one == other) / 2 for one in now for other in before)
    both = Counter(now + before)
    ties = sum(many**3 - many for many in both.values()) / (95 * 94)
    z = (abs(wins - 40 * 55 / 2) - 0.5) / math.sqrt(40 * 55 / 12 * (96 - ties))
    found = length_trial(Counter(now), Counter(before))
    assert found.chance == pytest.approx(math.erfc(z / math.sqrt(2)))
    assert found.effect == pytest.approx(wins / (40 * 55) - 0.5)


def test_a_few_very_long_waits_weigh_no_more_than_they_should():
    usual = Counter({10: 50, 12: 50})
    assert length_trial(usual + Counter({1000: 3}), usual).chance > 0.3


def test_lengths_all_alike_have_not_changed():
    assert length_trial({3: 30}, {3: 40}) == Trial(1.0, 0.0, 0.0)


# --- Many at once --------------------------------------------------------------------------


def test_many_comparisons_are_held_to_one_level():
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    assert held_together([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert held_together([]) == []
    assert held_together([0.7, 0.9]) == [1.0, 1.0]


def test_a_part_stands_out_if_it_does_something_else_than_the_rest():
    rest, alike, other, turned = (count_trial(*both) for both in ((1300, 1000), (130, 100), (80, 10), (50, 90)))
    assert not alike.differs_from(rest)
    assert other.differs_from(rest)
    assert turned.differs_from(rest)


def poisson(rate: float, random_: random.Random) -> int:
    """How many come, at this rate (Knuth); of many, as the normal curve has it."""
    if rate > 60:
        return max(0, round(random_.gauss(rate, math.sqrt(rate))))
    count, left = -1, 1.0
    while left > math.exp(-rate):
        count, left = count + 1, left * random_.random()
    return count


def a_page_without_change(random_: random.Random) -> list[Trial | None]:
    counts = [count_trial(poisson(rate, random_), poisson(rate, random_)) for rate in [8, 20, 60, 400] * 8]
    shares = []
    for share, n in [(0.05, 300), (0.3, 40), (0.9, 60)] * 3:
        both = (Share(sum(random_.random() < share for _ in range(n)), n) for _ in "ab")
        shares.append(share_trial(*both))
    lengths = []
    for n in (25, 80, 200):
        both = (Counter(int(8 * random_.gauss(6, 1.2)) for _ in range(n)) for _ in "ab")
        lengths.append(length_trial(*both))
    return [*counts, *shares, *lengths]


def test_nineteen_in_twenty_pages_without_change_say_nothing():
    random_, pages, alarms, single = random.Random(20261122), 150, 0, 0
    for _ in range(pages):
        trials = [trial for trial in a_page_without_change(random_) if trial]
        single += sum(trial.chance < LEVEL for trial in trials)
        alarms += any(trial.chance < LEVEL for trial in held_at_level(trials))
    assert alarms <= pages * LEVEL + 2 * math.sqrt(pages * LEVEL * (1 - LEVEL))
    assert single > pages, "looked at one by one, nearly every page would have cried wolf"


@pytest.mark.parametrize("rate", [160, 1000])
def test_days_that_differ_anyway_are_no_news(rate):
    """Each day is busier or calmer by a tenth, for no reason."""
    random_, weeks = random.Random(20261122), 400
    plain = careful = 0
    for _ in range(weeks):
        days = [poisson(rate * math.exp(random_.gauss(0, 0.1)), random_) for _ in range(42)]
        spread = day_spread(zip(days[7:], days[:-7], strict=True))
        now, before = sum(days[-7:]), sum(days[-14:-7])
        plain += count_trial(now, before).chance < LEVEL
        careful += count_trial(now, before, spread).chance < LEVEL
    assert careful <= weeks * 0.08
    assert plain > weeks * 0.15


def test_calm_days_and_a_day_of_trouble_have_no_spread():
    calm = [(100 + place % 3, 100) for place in range(35)]
    assert day_spread(calm) == 1.0
    assert day_spread([*calm, (900, 100)]) == 1.0
    assert day_spread(calm[:4]) == 1.0
    assert day_spread([(0, 0)] * 30) == 1.0
    assert day_spread([(160, 80), (80, 160)] * 10) > 5


def test_what_changed_is_found():
    """A cause that comes four times as often, among forty parts in which nothing happened."""
    random_, found = random.Random(5), 0
    for _ in range(50):
        trials = [count_trial(poisson(40, random_), poisson(10, random_))]
        trials += [trial for _ in range(40) if (trial := count_trial(poisson(20, random_), poisson(20, random_)))]
        found += bool(trials[0]) and held_at_level(trials)[0].chance < LEVEL
    assert found >= 35
