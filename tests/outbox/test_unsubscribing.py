"""An address says that it wants none of the mails that nobody asked for: by one press, and never by looking."""

from email import message_from_bytes, policy

import pytest
from django.test import Client
from django.utils import timezone

from outbox.actions import queue_mail, subscribe_again, suppress
from outbox.mime import to_bytes
from outbox.models import MailState, Suppression
from outbox.policy import Why
from outbox.tokens import unsubscribe_url

pytestmark = pytest.mark.django_db
NADIA = "Nadia@Example.com"


def path_of(email: str) -> str:
    return "/" + unsubscribe_url(email).split("/", 3)[3]


def test_a_program_unsubscribes_its_reader_with_one_post(client):
    """RFC 8058: from outside, without a cookie, without a page being opened."""
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(path_of(NADIA), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert Suppression.objects.get().email == "nadia@example.com"
    assert strict.post(path_of(NADIA), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Suppression.objects.count() == 1


def test_whoever_only_looks_changes_nothing(client):
    for method in ("get", "head", "options"):
        getattr(client, method)(path_of(NADIA))
    assert not Suppression.objects.exists()
    assert b"No more of them" in client.get(path_of(NADIA)).content


def test_a_mistake_is_taken_back_and_a_dead_address_is_not_revived(client):
    client.post(path_of(NADIA))
    assert b"That was a mistake" in client.get(path_of(NADIA)).content
    client.post(path_of(NADIA), {"again": "1"})
    assert not Suppression.objects.exists()
    suppress(NADIA, reason=Why.BOUNCE)
    client.post(path_of(NADIA), {"again": "1"})
    subscribe_again(NADIA)
    assert Suppression.objects.get().reason == Why.BOUNCE


@pytest.mark.parametrize("token", ["x", "eyJ", "a" * 3000, "'; --", "%00"])
def test_a_link_that_is_not_ours_opens_nothing(client, token):
    assert client.post(f"/unsubscribe/{token}/").status_code == 404
    assert not Suppression.objects.exists()


def test_mails_that_nobody_asked_for_say_how_to_end_them():
    asked = queue_mail(kind="reply", to=NADIA, subject="Re: Tyre", text="Hello", dedupe_key="1")
    unasked = queue_mail(kind="survey", to=NADIA, subject="Is it right now?", text="Hello", dedupe_key="2")
    two = queue_mail(kind="survey", to=[("", NADIA), ("", "b@example.com")], subject="Hi", text="Hi", dedupe_key="3")
    read = [message_from_bytes(to_bytes(mail, timezone.now()), policy=policy.default) for mail in (asked, unasked, two)]
    assert [message["List-Unsubscribe"] is not None for message in read] == [False, True, False]
    assert read[1]["List-Unsubscribe"] == f"<{unsubscribe_url(NADIA)}>"
    assert read[1]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_who_unsubscribed_gets_answers_and_nothing_unasked():
    suppress(NADIA, reason=Why.UNSUBSCRIBED)
    kinds = ["reply", "service_notice", "follow_up", "survey", "offer", "cause_fixed"]
    states = [queue_mail(kind=kind, to=NADIA, subject="Hi", text="Hi", dedupe_key=kind).state for kind in kinds]
    assert states == [MailState.PENDING] * 2 + [MailState.CANCELLED] * 4
