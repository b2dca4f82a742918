"""What is known of mailboxes that do not work: on their page, for administrators, for whoever watches from outside."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actions import create_token
from accounts.models import Heartbeat
from mailroom.actions.fetching import note_trouble
from mailroom.actions.mailboxes import save_mailbox
from mailroom.collecting import CollectError
from mailroom.models import Mailbox
from mailroom.queries.faults import fetching_faults
from mailroom.queries.health import health_of
from tests.mailroom.looking import raw_mail

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def mailbox() -> Mailbox:
    values = {"name": "Support", "email": "support@example.com", "host": "imap.example.com", "password": "x"}
    return save_mailbox(None, by=None, values=values)


def faults(minutes: int = 0) -> list[str]:
    return [fault.words % dict(fault.values) for fault in fetching_faults(timezone.now() + minutes * MINUTE)]


def test_one_that_nobody_has_looked_into_yet_is_waited_for_and_then_told(mailbox):
    assert health_of(mailbox, timezone.now()).state == "waiting"
    assert faults() == []
    assert "Is the process “fetch_mail” running?" in faults(6)[0]


def test_one_that_fails_is_told_after_five_minutes_with_the_reason(mailbox):
    Mailbox.objects.update(looked_at=timezone.now())
    note_trouble(mailbox, CollectError("sign_in", "The server does not let us in.", "Check the password."))
    assert faults() == []
    assert faults(6) == [
        "Mails for support@example.com cannot be fetched: The server does not let us in. Check the password."
    ]


def test_one_that_was_switched_on_again_a_moment_ago_is_no_trouble(mailbox):
    Mailbox.objects.update(looked_at=timezone.now() - timedelta(days=30), next_at=timezone.now())
    assert faults() == []
    assert len(faults(6)) == 1


def test_one_out_of_use_is_no_trouble(mailbox):
    Mailbox.objects.update(is_active=False)
    assert faults(60) == []


def test_mails_that_are_missing_are_told_once_they_were_tried_again(mailbox):
    Mailbox.objects.update(looked_at=timezone.now(), missing=2)
    assert faults() == []
    Mailbox.objects.update(reconciled_at=timezone.now())
    assert "2 mails in the folder are not here" in faults()[0]


def test_readiness_says_that_mails_do_not_come_in(client, mailbox):
    Heartbeat.objects.create(name="worker", at=timezone.now())
    assert client.get("/readyz").status_code == 200
    Mailbox.objects.update(failing_since=timezone.now() - 6 * MINUTE)
    answer = client.get("/readyz")
    assert answer.json()["mailboxes"] == {"ok": False, "failing": 1}
    assert answer.status_code == 200, "somebody else's server is away; our pages are not"
    assert "example.com" not in answer.content.decode(), "everybody may ask"
    Mailbox.objects.update(failing_since=None, looked_at=timezone.now())
    raw_mail(next_at=timezone.now() - 6 * MINUTE)
    assert client.get("/readyz").json()["due_work"]["ok"] is False


def test_the_figures_say_it_too(client, mailbox, lea):
    Mailbox.objects.update(failing_since=timezone.now() - 6 * MINUTE, missing=3)
    raw_mail(next_at=timezone.now() - MINUTE)
    raw_mail(state="quarantine", reason="It cannot be read.")
    _token, raw = create_token(lea, by=lea, name="watch")
    said = client.get("/metrics", headers={"Authorization": f"Bearer {raw}"}).content.decode()
    for line in ("waiting 1.0", "quarantined 1.0", "failing 1.0", "missing 3.0", "oldest_due_seconds 6"):
        assert f"makegood_mailroom_{line}" in said
