"""No mail leaves while somebody has stopped them; what is automatic waits when too many come back."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import User
from outbox import claims
from outbox.actions import change_limits, go_on, stop_sending
from outbox.jobs import send_due
from outbox.models import Attempt, Mail, Sending
from outbox.queries import bounce_rate, operations
from outbox.queries.operations import metrics
from outbox.tasks import deliver, send_claimed
from outbox.transport import Ways
from tests.outbox.conftest import Server, again, end_leases

pytestmark = pytest.mark.django_db
Promise = Callable[..., Mail]
KINDS = [
    "reply",
    "reply_copy",
    "forward",
    "acknowledgement",
    "notification",
    "follow_up",
    "offer",
    "code",
    "alarm",
    "report",
    "?",
]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_leaves_while_it_is_stopped_and_all_of_it_afterwards(
    smtp: Server, promise: Promise, adam: User, kind: str
) -> None:
    mail = promise(kind=kind)
    stop_sending(by=adam, why="A wrong text\r\nleft")
    assert send_due() == 0
    deliver(str(mail.pk))
    assert (again(mail).state, again(mail).attempts, smtp.offers) == ("pending", 0, 0)
    stopped = operations(timezone.now()).sending
    assert (stopped.stopped_by, stopped.stopped_why) == (adam, "A wrong text left")
    go_on(by=adam)
    assert send_due() == 1
    assert again(mail).state == "sent"


def test_sign_in_mails_leave_all_the_same(smtp: Server, promise: Promise, adam: User) -> None:
    stop_sending(by=adam)
    mail = promise(kind="account", is_automatic=True, is_secret=True)
    assert send_due() == 1
    assert again(mail).state == "sent"


def test_what_was_claimed_before_the_stop_does_not_leave_after_it(smtp: Server, promise: Promise, adam: User) -> None:
    mail = promise()
    claimed = claims.claim(Mail.objects.all())
    assert claimed is not None
    stop_sending(by=adam)
    with Ways() as ways:
        send_claimed(claimed, ways)
    assert smtp.taken == []
    end_leases()
    assert send_due() == 0
    assert again(mail).state == "pending"
    go_on(by=adam)
    send_due()
    assert again(mail).state == "sent"
    assert len(smtp.taken) == 1


def test_no_mail_is_given_up_for_the_time_that_it_had_to_wait(promise: Promise, adam: User) -> None:
    mail = promise()
    stop_sending(by=adam)
    Sending.objects.update(stopped_at=timezone.now() - timedelta(days=3))
    go_on(by=adam)
    assert again(mail).give_up_at - mail.give_up_at >= timedelta(days=3)


def test_only_who_may_stops_and_goes_on(alice: User, lea: User, sue: User) -> None:
    for person in (alice, lea, sue):
        with pytest.raises(PermissionDenied):
            stop_sending(by=person)
        with pytest.raises(PermissionDenied):
            go_on(by=person)
        with pytest.raises(PermissionDenied):
            change_limits(by=person, per_recipient=1, per_domain=1, bounces_stop_at=1)
    assert not Sending.objects.exists()


@pytest.mark.parametrize("wrong", [{"per_recipient": 0}, {"per_domain": -1}, {"bounces_stop_at": 101}])
def test_a_limit_that_makes_no_sense_is_refused(adam: User, wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        change_limits(by=adam, **({"per_recipient": 30, "per_domain": 600, "bounces_stop_at": 20} | wrong))
    change_limits(by=adam, per_recipient=5, per_domain=50, bounces_stop_at=10)
    assert Sending.objects.values_list("per_recipient", "per_domain", "bounces_stop_at").get() == (5, 50, 10)


# --- Too many come back -----------------------------------------------------------------------


def refuse(smtp: Server, promise: Promise, count: int) -> None:
    """So many mails to addresses that do not exist."""
    for number in range(count):
        address = f"nobody{number}-{uuid4()}@example.com"
        smtp.at_recipient[address] = "550 5.1.1 Nobody"
        promise(kind="reply", to=address)
    while send_due():
        pass


def test_when_too_many_come_back_what_is_automatic_waits_for_a_person(
    smtp: Server, promise: Promise, adam: User
) -> None:
    refuse(smtp, promise, 4)
    assert not operations(timezone.now()).is_held, "four say nothing yet"
    refuse(smtp, promise, 1)
    assert operations(timezone.now()).is_held
    automatic = [promise(kind=kind) for kind in ("follow_up", "offer", "acknowledgement", "survey", "?")]
    others = [promise(kind=kind) for kind in ("reply", "forward", "account", "notification", "alarm")]
    while send_due():
        pass
    assert {again(mail).state for mail in automatic} == {"pending"}
    assert {again(mail).state for mail in others} == {"sent"}
    go_on(by=adam)
    while send_due():
        pass
    assert {again(mail).state for mail in automatic} == {"sent"}, "what came back until now is forgiven"
    assert not claims.hold_if_many_bounce(timezone.now())


def test_a_few_among_many_hold_nothing(smtp: Server, promise: Promise) -> None:
    mail = promise()
    Attempt.objects.bulk_create(Attempt(mail=mail, number=1, email="x@x.example", outcome="taken") for _ in range(40))
    refuse(smtp, promise, 6)
    assert not operations(timezone.now()).is_held
    assert 12 < bounce_rate(timezone.now()).percent < 14
    Sending.objects.update_or_create(defaults={"bounces_stop_at": 12})
    assert claims.hold_if_many_bounce(timezone.now())
    assert not claims.hold_if_many_bounce(timezone.now()), "it is held already"


def test_what_came_back_counts_once_and_only_for_an_hour(promise: Promise) -> None:
    mail = promise()
    now = timezone.now()

    def tried(outcome: str, at: object = now) -> None:
        Attempt.objects.bulk_create(Attempt(mail=mail, number=1, outcome=outcome, at=at) for _ in range(10))

    tried("taken")
    tried("bounced")  # the same ten
    assert (bounce_rate(now).mails, bounce_rate(now).bounced, bounce_rate(now).percent) == (10, 10, 100)
    assert not bounce_rate(now + timedelta(hours=2)).is_too_much
    tried("never", now - timedelta(hours=2))
    assert bounce_rate(now).bounced == 10


def test_the_page_and_the_monitoring_know_how_it_goes(smtp: Server, promise: Promise, adam: User) -> None:
    promise()
    promise(send_at=timezone.now() + timedelta(hours=1))
    Mail.objects.pending().filter(next_at__lte=timezone.now()).update(next_at=timezone.now() - timedelta(minutes=7))
    going = operations(timezone.now())
    assert (going.waiting, going.planned, going.being_sent, going.taken_last_hour) == (1, 1, 0, 0)
    assert going.oldest_due is not None
    assert metrics(timezone.now())["oldest_due_seconds"] >= 7 * 60
    send_due()
    assert operations(timezone.now()).taken_last_hour == 1
    assert metrics(timezone.now())["tries_taken"] == 1
    stop_sending(by=adam)
    assert metrics(timezone.now())["is_stopped"] == 1
