"""The checker of mails finds each thing that can be wrong, and nothing where all is well."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chaos.letters import Kill, Letter, violations

SENT = Letter("<1>", "follow_up", "sent", {1: 10.0}, {1: 10.1})
FORBIDDEN = Letter("<2>", "offer", "cancelled", {1: 10.0}, {}, forbidden_at=9.0)
TOO_LATE = Letter("<3>", "offer", "sent", {1: 10.0}, {1: 10.1}, forbidden_at=10.05)  # the guard had been asked
UNKNOWN = Letter("<4>", "survey", "unknown", {1: 20.0}, {1: 20.1})
# Put off by its server at first; then its sender was killed.
AGAIN = Letter("<6>", "reply", "sent", {1: 5.0, 2: 30.0, 3: 95.0}, {1: 5.1, 2: 30.1, 3: 95.1})
WELL = (
    [SENT, FORBIDDEN, TOO_LATE, UNKNOWN, AGAIN],
    Counter({"<1>": 1, "<3>": 1, "<4>": 1, "<6>": 2}),
    [Kill(0, 20.2), Kill(1, 30.3)],
)


def found(letters: list[Letter], taken: Counter[str], kills: list[Kill], lying: tuple[str, ...] = ()) -> set[str]:
    return {promise for promise, _ in violations(letters, taken, kills, list(lying))}


def test_nothing_is_wrong_where_all_is_well():
    assert found(*WELL) == set()


@pytest.mark.parametrize(
    ("promise", "letter", "times"),
    [
        ("ended", Letter("<5>", "offer", "sending", {1: 1.0}), 0),
        ("once", Letter("<5>", "offer", "sent", {1: 1.0, 2: 60.0}, {1: 1.1, 2: 60.1}), 2),
        ("honest", Letter("<5>", "offer", "sent", {1: 1.0}, {1: 1.1}), 0),
        ("honest", Letter("<5>", "offer", "cancelled"), 1),
        ("honest", Letter("<5>", "offer", "failed"), 1),
        ("guarded", Letter("<5>", "offer", "sent", {1: 1.0}, {1: 1.1}, forbidden_at=0.9), 1),
        ("guarded", Letter("<5>", "offer", "unknown", {1: 21.0}, {1: 21.1}, forbidden_at=20.9), 1),
        ("kept", Letter("<5>", "reply", "failed", {1: 1.0}, {1: 1.1}), 0),
        ("kept", Letter("<5>", "reply", "unknown", {1: 1.0}, {1: 1.1}), 0),
        ("doubtful", Letter("<5>", "reply", "sent", {1: 1.0, 2: 60.0}, {1: 1.1, 2: 60.1}), 2),
        ("doubtful", Letter("<5>", "reply", "sent", {1: 30.0, 2: 95.0}, {1: 30.2, 2: 95.1}), 2),  # explains one already
        ("doubtful", Letter("<5>", "offer", "unknown", {1: 1.0}, {1: 1.1}), 0),
        ("doubtful", Letter("<5>", "offer", "unknown", {1: 19.9}, {1: 20.0}), 0),  # that kill explains one already
    ],
)
def test_what_is_wrong_with_a_mail_is_found(promise: str, letter: Letter, times: int):
    letters, taken, kills = WELL
    assert promise in found([*letters, letter], taken + Counter({"<5>": times}), kills)


def test_a_mail_that_nobody_promised_and_a_row_left_lying_are_found():
    letters, taken, kills = WELL
    assert found(letters, taken + Counter({"<9>": 1}), kills) == {"honest"}
    assert found(letters, taken, kills, ("follow-up 7",)) == {"due"}
