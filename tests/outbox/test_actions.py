from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from outbox.actions import cancel_mails, retry_mail, suppress
from outbox.models import Mail, Recipient, Suppression
from outbox.policy import Why
from tests.outbox.conftest import again, recipient_states

pytestmark = pytest.mark.django_db
Promise = Callable[..., Mail]


def test_a_promise_is_one_waiting_row_with_its_recipients(promise: Promise) -> None:
    mail = promise(to=[("Carla", "carla@example.com"), ("Dora", "Dora@Example.com")])
    assert mail.state == "pending"
    assert recipient_states(mail) == {"carla@example.com": "pending", "Dora@Example.com": "pending"}
    assert mail.from_email == "support@bellwether.example"


def test_the_same_key_answers_the_first_mail(promise: Promise) -> None:
    first = promise(dedupe_key="reply:7")
    second = promise(dedupe_key="reply:7", subject="Another", to="dora@example.com")
    assert second.pk == first.pk
    assert again(first).subject == "Your tyre"
    assert Mail.objects.count() == Recipient.objects.count() == 1


def test_an_address_given_twice_gets_one_mail(promise: Promise) -> None:
    mail = promise(to=[("Carla", "carla@example.com"), ("C.", "CARLA@example.com")])
    assert recipient_states(mail) == {"carla@example.com": "pending"}


def test_a_message_id_cannot_be_guessed_from_the_id(promise: Promise, settings: Any) -> None:
    mail = promise()
    assert mail.message_id.startswith(f"<{mail.pk}.")
    assert mail.message_id.endswith("@bellwether.example>")
    settings.SECRET_KEY = "x" * 50
    signatures = {m.message_id.split(".")[1].split("@")[0] for m in (mail, promise())}
    assert {len(signature) for signature in signatures} == {16}
    assert len(signatures) == 2


@pytest.mark.parametrize(
    "address",
    [
        "", "carla", "carla@", "@example.com", "carla@example.com, dora@example.com",
        "carla@example.com\nBcc: x@evil.test",
        "Carla <carla@example.com>", '"a b"@example.com', '"\x01"@example.com',
        "car\0la@example.com", "carla@exa mple.com", "a" * 250 + "@example.com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(promise: Promise, address: str) -> None:
    with pytest.raises(ValidationError):
        promise(to=address)
    assert not Mail.objects.exists()


def test_space_around_an_address_is_not_part_of_it(promise: Promise) -> None:
    assert list(recipient_states(promise(to=" carla@example.com\r\n"))) == ["carla@example.com"]


def test_an_international_domain_is_kept_as_it_travels(promise: Promise) -> None:
    assert list(recipient_states(promise(to="anna@bücher.example"))) == ["anna@xn--bcher-kva.example"]


def test_nobody_to_write_to_is_refused(promise: Promise) -> None:
    with pytest.raises(ValidationError):
        promise(to=[])


@pytest.mark.parametrize("name", ["Bcc", "To", "Message-ID", "Content-Type", "X Y", "X\r\nBcc", "", "Auto-Submitted"])
def test_headers_that_are_ours_or_malformed_are_refused(promise: Promise, name: str) -> None:
    with pytest.raises(ValidationError):
        promise(headers={name: "dora@example.com"})


def test_the_worker_is_nudged_after_the_commit_and_only_if_due(
    promise: Promise, nudges: list[UUID], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        mail = promise()
        promise(send_at=timezone.now() + timedelta(minutes=5))
        assert nudges == []
    assert nudges == [mail.pk]


def test_a_rolled_back_cause_leaves_no_mail(promise: Promise, nudges: list[UUID]) -> None:
    with transaction.atomic():
        promise()
        transaction.set_rollback(True)
    assert not Mail.objects.exists()
    assert nudges == []


def test_cancelling_takes_back_what_waits_and_nothing_else(promise: Promise) -> None:
    follow_up = promise(kind="follow_up", about="ticket:42")
    reply = promise(about="ticket:42")
    other = promise(kind="follow_up", about="ticket:4")
    leaving = promise(kind="follow_up", about="ticket:42")
    Mail.objects.filter(pk=leaving.pk).update(state="sending", lease_until=timezone.now())

    assert cancel_mails(about="ticket:42", kinds=["follow_up"], reason="They wrote.") == 1
    assert (again(follow_up).state, again(follow_up).reason) == ("cancelled", "They wrote.")
    assert recipient_states(follow_up) == {"carla@example.com": "cancelled"}
    assert [again(mail).state for mail in (reply, other, leaving)] == ["pending", "pending", "sending"]
    assert cancel_mails(about="ticket:42", reason="Merged.") == 1
    assert again(reply).state == "cancelled"


def test_a_cancelled_secret_is_wiped(promise: Promise) -> None:
    mail = promise(is_secret=True, about="user:1", html="<p>It leaves today.</p>")
    plain = promise(about="user:1")
    cancel_mails(about="user:1", reason="Asked again.")
    assert (again(mail).text, again(mail).html) == ("", "")
    assert again(plain).text == "It leaves today."


def test_a_suppressed_recipient_is_recorded_as_such(promise: Promise) -> None:
    suppress("DORA@example.com", reason=Why.BOUNCE)
    mail = promise(to=[("Carla", "carla@example.com"), ("Dora", "Dora@example.com")])
    assert mail.state == "pending"
    assert recipient_states(mail) == {"carla@example.com": "pending", "Dora@example.com": "suppressed"}
    alone = promise(to="dora@example.com")
    assert alone.state == "cancelled"
    assert set(Mail.objects.undelivered()) == {alone}  # the other has not ended yet


@pytest.mark.parametrize(
    ("why", "kind", "state"),
    [
        (Why.UNSUBSCRIBED, "offer", "cancelled"),
        (Why.UNSUBSCRIBED, "follow_up", "cancelled"),
        (Why.UNSUBSCRIBED, "reply", "pending"),
        (Why.BOUNCE, "reply", "cancelled"),
        (Why.BOUNCE, "account", "pending"),
        (Why.MANUAL, "account", "cancelled"),
        (Why.COMPLAINT, "reply", "cancelled"),
    ],
)
def test_why_an_address_is_suppressed_decides_what_it_still_gets(
    promise: Promise, why: Why, kind: str, state: str
) -> None:
    suppress("carla@example.com", reason=why)
    assert promise(kind=kind).state == state


def test_a_graver_reason_replaces_an_unsubscription_and_not_the_other_way_round() -> None:
    suppress("carla@example.com", reason=Why.UNSUBSCRIBED)
    suppress("Carla@example.com", reason=Why.BOUNCE)
    suppress("carla@example.com", reason=Why.UNSUBSCRIBED)
    assert [(entry.email, entry.reason) for entry in Suppression.objects.all()] == [("carla@example.com", "bounce")]


@pytest.mark.parametrize(
    ("kind", "at_most_once"),
    [("reply", False), ("account", False), ("follow_up", True), ("offer", True), ("?", False)],
)
def test_the_kind_decides_whether_doubled_or_lost_is_worse(promise: Promise, kind: str, at_most_once: bool) -> None:
    assert promise(kind=kind).is_at_most_once is at_most_once
    assert promise(kind=kind, is_at_most_once=not at_most_once).is_at_most_once is not at_most_once


def _failed(promise: Promise, **changes: Any) -> Mail:
    mail = promise(**changes)
    mail.recipients.update(state="failed", smtp_reply="550 No")
    Mail.objects.filter(pk=mail.pk).update(state="failed", attempts=3, text="" if mail.is_secret else mail.text)
    return again(mail)


def test_a_person_may_have_a_failed_mail_sent_again(promise: Promise) -> None:
    adam = User(email="adam@example.com", name="Adam", role="admin")
    alice = User(email="alice@example.com", name="Alice", role="agent")
    mail = _failed(promise)
    with pytest.raises(PermissionDenied):
        retry_mail(mail, by=alice)
    retried = retry_mail(mail, by=adam)
    assert (retried.state, retried.message_id) == ("pending", mail.message_id)
    assert recipient_states(mail) == {"carla@example.com": "pending"}
    with pytest.raises(ValidationError):
        retry_mail(mail, by=adam)  # it waits already


def test_a_secret_that_was_wiped_is_not_sent_again(promise: Promise) -> None:
    with pytest.raises(ValidationError):
        retry_mail(_failed(promise, is_secret=True), by=None)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "lost"},
        {"state": "sending", "lease_until": None},
        {"state": "sent", "sent_at": None},
        {"is_secret": True, "state": "failed"},
        {"dedupe_key": ""},
    ],
    ids=str,
)
def test_the_database_refuses_rows_that_make_no_sense(promise: Promise, change: dict[str, Any]) -> None:
    mail = promise()
    with pytest.raises(IntegrityError), transaction.atomic():
        Mail.objects.filter(pk=mail.pk).update(**change)


def test_text_that_postgres_or_mail_cannot_carry_is_mended(promise: Promise) -> None:
    mail = again(promise(text="a\0b \ud800 c", subject="a\0b\ud800"))
    assert mail.text == "ab ? c"
    assert mail.subject == "a b"
