from datetime import timedelta

import pytest

from outbox.policy import delay_after, is_hard_bounce


def minutes(attempts: int, **options: bool) -> float:
    return delay_after(attempts, spread=0, **options) / timedelta(minutes=1)


def test_the_wait_grows_from_a_minute_to_a_day_and_stays_there() -> None:
    assert [minutes(n) for n in range(1, 10)] == [1, 5, 15, 60, 240, 720, 1440, 1440, 1440]


def test_a_server_that_is_away_is_asked_every_five_minutes() -> None:
    assert [minutes(n, server_answered=False) for n in range(1, 5)] == [1, 5, 5, 5]


def test_retries_do_not_march_in_step() -> None:
    waits = [delay_after(2, spread=spread) for spread in (-1, 0, 1)]
    assert waits == [timedelta(minutes=4), timedelta(minutes=5), timedelta(minutes=6)]


@pytest.mark.parametrize(
    ("code", "reply", "is_dead"),
    [
        (550, "5.1.1 No such user", True),
        (553, "5.1.3 Bad address", True),
        (550, "5.2.1 Mailbox disabled", True),
        (550, "User unknown", True),
        (551, "User not local", True),
        (550, "", True),
        (552, "5.2.2 Mailbox full", False),
        (552, "Mailbox full", False),
        (550, "5.7.1 Blocked by policy", False),
        (554, "Transaction failed", False),
    ],
)
def test_only_a_dead_address_is_a_hard_bounce(code: int, reply: str, is_dead: bool) -> None:
    assert is_hard_bounce(code, reply) is is_dead
