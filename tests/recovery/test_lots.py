"""Lots: even, sticky, apart for each trigger, and nobody moves when others' shares do."""

from __future__ import annotations

from collections import Counter

from recovery.lots import FREE, HOLDOUT, arm_of, draw, drawn

SECRET = b"a secret of this installation"
MANY = range(20_000)


def arms(**settings) -> Counter[str]:
    return Counter(draw(SECRET, number, "rating", **({"variants": {}} | settings)) for number in MANY)


def test_the_same_customer_always_draws_the_same():
    for customer in range(50):
        numbers = {drawn(SECRET, customer, "rating") for _ in range(3)}
        assert len(numbers) == 1
        assert 0 <= numbers.pop() < 1


def test_the_shares_are_as_set():
    found = arms(holdout_percent=10, variants={"apology": 20, "money": 30})
    assert abs(found[HOLDOUT] / 20_000 - 0.10) < 0.01
    assert abs(found["apology"] / 20_000 - 0.18) < 0.01  # of the nine tenths
    assert abs(found["money"] / 20_000 - 0.27) < 0.01
    assert abs(found[FREE] / 20_000 - 0.45) < 0.015


def test_without_a_hold_out_nobody_is_held_out():
    assert arms(holdout_percent=0) == {FREE: 20_000}


def test_shares_beyond_a_hundred_leave_nobody_free_and_fail_nothing():
    assert FREE not in arms(holdout_percent=5, variants={"apology": 80, "money": 80})
    assert arm_of(0.99, holdout_percent=0, variants={"apology": -5}) == FREE


def test_to_compare_something_moves_nobody_out_of_the_hold_out():
    for customer in range(2000):
        before = draw(SECRET, customer, "rating", holdout_percent=10, variants={})
        after = draw(SECRET, customer, "rating", holdout_percent=10, variants={"money": 50})
        assert (before == HOLDOUT) == (after == HOLDOUT)


def test_a_larger_hold_out_keeps_those_who_were_in_it():
    for customer in range(2000):
        if draw(SECRET, customer, "rating", holdout_percent=5, variants={}) == HOLDOUT:
            assert draw(SECRET, customer, "rating", holdout_percent=20, variants={}) == HOLDOUT


def test_two_triggers_draw_apart_and_so_do_two_installations():
    held = {number for number in MANY if drawn(SECRET, number, "rating") < 0.1}
    other = {number for number in MANY if drawn(SECRET, number, "promise") < 0.1}
    elsewhere = {number for number in MANY if drawn(b"another", number, "rating") < 0.1}
    for another in (other, elsewhere):
        assert 0.5 < len(held & another) / (20_000 * 0.01) < 1.5
