"""What the clock does about offers."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from recovery import jobs
from recovery.models import Approval, Offer
from tests.recovery.offering import failed, sent

pytestmark = pytest.mark.django_db


def test_offers_expire_when_their_time_is_over(ticket, alice):
    offer = sent(failed(ticket, alice), alice, "5")
    assert jobs.expire_offers() == 0
    Offer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert jobs.expire_offers() == 1
    assert jobs.expire_offers() == 0
    offer.refresh_from_db()
    assert offer.state == "expired"


def test_one_that_cannot_expire_does_not_hold_up_the_others(ticket, alice):
    sent(failed(ticket, alice), alice, "5")
    Offer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with patch("recovery.jobs.expire_offer", side_effect=RuntimeError):
        assert jobs.expire_offers() == 0


def test_deputies_are_told_of_what_is_late(ticket, alice, sue):
    sent(failed(ticket, alice), alice, "60")
    assert jobs.tell_deputies() == 0
    Approval.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert jobs.tell_deputies() == 1
    assert jobs.tell_deputies() == 0


def test_the_ledger_is_proved(ticket, alice):
    sent(failed(ticket, alice), alice, "5")
    assert jobs.prove_ledger() == 0


def test_the_clock_knows_these_jobs():
    planned = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    for name in ("expire_offers", "tell_deputies", "prove_ledger"):
        assert f"recovery.jobs.{name}" in planned
        assert import_string(f"recovery.jobs.{name}")
