"""Administrators are told of a mailbox that nothing can be fetched from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailroom.models import Mailbox
from mailroom.queries.faults import fetching_faults
from outbox.actions import watch_over
from outbox.models import Mail

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox.objects.create(
        name="Support", email="support@bellwether.example", host="imap.bellwether.example", looked_at=NOW
    )


@pytest.mark.parametrize(
    ("changes", "is_wrong"),
    [
        ({}, False),
        ({"looked_at": NOW - timedelta(minutes=4)}, False),
        ({"looked_at": NOW - timedelta(minutes=6), "next_at": NOW - timedelta(minutes=6)}, True),
        ({"missing": 3}, False),
        ({"missing": 3, "reconciled_at": NOW}, True),
        ({"failing_since": NOW - timedelta(minutes=2), "trouble": "Wrong password."}, False),
        ({"failing_since": NOW - timedelta(minutes=6), "trouble": "Wrong password."}, True),
        ({"failing_since": NOW - timedelta(minutes=6), "is_active": False}, False),
    ],
)
def test_a_mailbox_that_is_not_looked_into_for_five_minutes_is_a_fault(
    mailbox: Mailbox, changes: dict[str, object], is_wrong: bool
) -> None:
    Mailbox.objects.update(**changes)
    found = list(fetching_faults(NOW))
    assert [fault.key for fault in found] == ([f"mailbox.{mailbox.pk}"] if is_wrong else [])
    if is_wrong:
        assert found[0].url == f"/settings/email/mailboxes/{mailbox.pk}/"


def test_an_admin_reads_what_stands_in_the_way(mailbox: Mailbox, adam: object, settings: object) -> None:
    settings.TROUBLE_SOURCES = ["mailroom.queries.faults.fetching_faults"]  # type: ignore[attr-defined]
    Mailbox.objects.update(failing_since=NOW - timedelta(minutes=6), trouble="100% wrong password.")
    watch_over(NOW)
    mail = Mail.objects.get(kind="alarm")
    assert "Mails for support@bellwether.example cannot be fetched: 100% wrong password." in mail.text
    assert f"/settings/email/mailboxes/{mailbox.pk}/" in mail.text
