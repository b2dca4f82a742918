"""How much one address and one domain get, and who gets nothing from a machine: asked when a mail leaves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from outbox.jobs import send_due
from outbox.models import Attempt, Block, Mail, Outcome, Sending
from outbox.policy import patterns_of
from outbox.queries import limits
from tests.outbox.conftest import Server, again, make_due, recipient_states

pytestmark = pytest.mark.django_db
Promise = Callable[..., Mail]
CARLA = "carla@example.com"


def had(mail: Mail, email: str, count: int, *, ago: timedelta = timedelta(minutes=1), outcome: str = "taken") -> None:
    """So many mails went to this address a while ago."""
    at = timezone.now() - ago
    Attempt.objects.bulk_create(Attempt(mail=mail, number=1, email=email, outcome=outcome, at=at) for _ in range(count))


@pytest.fixture
def earlier(promise: Promise) -> Mail:
    mail = promise(to="somebody@else.example")
    Mail.objects.filter(pk=mail.pk).update(state="sent", sent_at=timezone.now())
    return mail


@pytest.mark.parametrize("kind", ["reply", "forward", "notification", "follow_up"])
def test_one_address_gets_thirty_mails_in_ten_minutes_and_then_they_wait(
    smtp: Server, promise: Promise, earlier: Mail, kind: str
) -> None:
    had(earlier, "Carla@Example.com", 30)
    mail = promise(kind=kind, to=CARLA)
    patience = mail.give_up_at - mail.next_at
    assert send_due() == 1
    waiting = again(mail)
    assert (waiting.state, waiting.reason, smtp.taken) == ("pending", limits.FULL, [])
    assert timedelta(minutes=8.9) < waiting.next_at - timezone.now() < timedelta(minutes=10.1)
    assert waiting.give_up_at - waiting.next_at >= patience, "to wait is not to fail"
    with time_machine.travel(waiting.next_at + timedelta(seconds=1), tick=True):
        send_due()
    assert again(mail).state == "sent"


def test_a_sign_in_mail_knows_no_limit(smtp: Server, promise: Promise, earlier: Mail) -> None:
    had(earlier, CARLA, 500)
    mail = promise(kind="account", to=CARLA, is_automatic=True)
    send_due()
    assert again(mail).state == "sent"


@pytest.mark.parametrize(
    ("ago", "outcome", "state"),
    [
        (timedelta(minutes=1), "taken", "pending"),
        (timedelta(minutes=11), "taken", "sent"),
        (timedelta(minutes=1), "later", "sent"),
        (timedelta(minutes=1), "no_server", "sent"),
    ],
)
def test_what_counts_is_what_was_taken_in_the_last_ten_minutes(
    smtp: Server, promise: Promise, earlier: Mail, ago: timedelta, outcome: str, state: str
) -> None:
    had(earlier, CARLA, 30, ago=ago, outcome=outcome)
    mail = promise(to=CARLA)
    send_due()
    assert again(mail).state == state


@pytest.mark.parametrize(
    ("kind", "state"), [("follow_up", "pending"), ("notification", "pending"), ("reply", "sent"), ("forward", "sent")]
)
def test_a_domain_has_its_limit_too_but_for_what_persons_write(
    smtp: Server, promise: Promise, earlier: Mail, kind: str, state: str
) -> None:
    Sending.objects.create(per_domain=4)
    for name in "abcd":
        had(earlier, f"{name}@EXAMPLE.com", 1)
    mail = promise(kind=kind, to=CARLA)
    other = promise(kind=kind, to="carla@sub.example.com")
    while send_due():
        pass
    assert again(mail).state == state
    assert again(other).state == "sent", "another domain"
    if state == "pending":
        assert again(mail).reason == limits.FULL_DOMAIN


def test_the_limits_are_settings(smtp: Server, promise: Promise, earlier: Mail) -> None:
    had(earlier, CARLA, 2)
    Sending.objects.create(per_recipient=2)
    mail = promise(to=CARLA)
    send_due()
    assert again(mail).state == "pending"
    Sending.objects.update(per_recipient=3)
    make_due()
    send_due()
    assert again(mail).state == "sent"


def test_forty_mails_at_once_to_one_address_are_thirty_now_and_ten_later(smtp: Server, promise: Promise) -> None:
    mails = [promise(to=CARLA) for _ in range(34)]
    while send_due():
        pass
    assert len(smtp.taken) == 30
    assert sorted(again(mail).state for mail in mails) == ["pending"] * 4 + ["sent"] * 30


# --- Blocked addresses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "is_blocked"),
    [
        ("carla@shop.example.com", True),
        ("@shop.example.com", True),
        ("@example.com", True),
        ("@com", True),
        ("@ample.com", False),
        ("@a.shop.example.com", False),
        ("dora@shop.example.com", False),
    ],
)
def test_a_block_is_an_address_or_a_domain_with_all_below_it(pattern: str, is_blocked: bool) -> None:
    Block.objects.create(pattern=pattern)
    found = Block.objects.among(["Carla@Shop.Example.com", "x@other.example"])
    assert found == ({"carla@shop.example.com"} if is_blocked else set())


@pytest.mark.parametrize("email", ["", "@", "a", "a@", "a@.", "a@b..c", "a@b@c.example"])
def test_what_is_hardly_an_address_is_asked_for_without_harm(email: str) -> None:
    assert Block.objects.among([email]) == set()
    assert patterns_of(email)[0] == email


@pytest.mark.parametrize("kind", ["acknowledgement", "follow_up", "survey", "offer", "service_notice", "copy", "code"])
def test_no_machine_writes_to_who_is_blocked(smtp: Server, promise: Promise, kind: str) -> None:
    before = promise(kind=kind, to=CARLA)
    Block.objects.create(pattern="@example.com")
    after = promise(kind=kind, to=CARLA)
    send_due()
    assert smtp.taken == []
    for mail in (before, after):
        assert again(mail).state == "cancelled"
        assert recipient_states(mail) == {CARLA: "suppressed"}


@pytest.mark.parametrize("kind", ["reply", "reply_copy", "forward", "account", "notification", "alarm", "report"])
def test_persons_write_to_who_is_blocked_and_we_to_our_own(smtp: Server, promise: Promise, kind: str) -> None:
    Block.objects.create(pattern=CARLA)
    mail = promise(kind=kind, to=CARLA)
    send_due()
    assert again(mail).state == "sent"


# --- The log ----------------------------------------------------------------------------------


def log_of(mail: Mail) -> list[tuple[int, str, str, str]]:
    return list(mail.tries.values_list("number", "email", "outcome", "reply"))


def test_each_try_is_kept_in_the_servers_words(smtp: Server, promise: Promise) -> None:
    mail = promise(to=[("", CARLA), ("", "dora@example.com")])
    smtp.at_recipient = {"dora@example.com": "450 4.2.1 Greylisted"}
    send_due()
    smtp.at_recipient = {"dora@example.com": "550 5.1.1 Nobody"}
    make_due()
    send_due()
    assert log_of(mail) == [
        (1, "dora@example.com", "later", "450 4.2.1 Greylisted"),
        (1, CARLA, "taken", "250 2.0.0 Taken"),
        (2, "dora@example.com", "never", "550 5.1.1 Nobody"),
    ] or log_of(mail) == [
        (1, CARLA, "taken", "250 2.0.0 Taken"),
        (1, "dora@example.com", "later", "450 4.2.1 Greylisted"),
        (2, "dora@example.com", "never", "550 5.1.1 Nobody"),
    ]


def test_that_no_server_answered_is_one_line_for_all(settings: Any, smtp: Server, promise: Promise) -> None:
    settings.OUTBOX_SMTP = {**settings.OUTBOX_SMTP, "port": 1}
    mail = promise(to=[("", CARLA), ("", "dora@example.com")])
    send_due()
    ((number, email, outcome, reply),) = log_of(mail)
    assert (number, email, outcome) == (1, "", Outcome.NO_SERVER)
    assert "refused" in reply
