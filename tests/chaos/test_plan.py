"""A seed is a plan, always the same one."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chaos.plan import KINDS, Cast, Plan, make_plan


def plan(seed: int = 7, faults: int = 30, messages: int | None = 500) -> Plan:
    return make_plan(seed, faults=faults, messages=messages, cast=Cast())


def test_the_same_seed_is_the_same_plan_and_another_is_another():
    assert plan(7) == plan(7)
    assert plan(7).digest == plan(7).digest != plan(8).digest


def test_a_plan_has_what_was_asked_for_in_the_order_of_time():
    made = plan()
    assert len(made.faults) == 30
    assert made.messages == 500
    assert [act.at for act in made.acts] == sorted(act.at for act in made.acts)
    assert {"say", "note", "open", "pass by", "reload", "leave", "trespass", "look back", "type"} == {
        act.what for act in plan(faults=200, messages=3000).acts
    }


def test_a_short_run_has_each_kind_once_before_any_comes_again():
    kinds = Counter(fault.kind for fault in plan(faults=len(KINDS)).faults)
    assert set(kinds.values()) == {1}


def test_a_long_run_has_all_kinds_about_as_often_as_they_should_come():
    kinds = Counter(fault.kind for fault in plan(faults=200).faults)
    assert kinds.keys() == KINDS.keys()
    assert all(abs(kinds[kind] - 2 * weight) <= 0.2 * weight + 2 for kind, (weight, *_) in KINDS.items())


def test_two_hundred_faults_and_twenty_thousand_messages_fit_into_forty_minutes():
    long = plan(faults=200, messages=20_000)
    assert long.messages == 20_000
    assert 20 * 60 < long.seconds < 40 * 60


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_faults_strike_people_who_take_part(seed):
    cast = Cast()
    for fault in plan(seed).faults:
        assert set(fault.who) <= set(cast.everybody)
        assert bool(fault.who) == fault.kind.startswith("line")
