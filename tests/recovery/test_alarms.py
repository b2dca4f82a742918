"""Whoever watches the installation sees that the ledger and the offers disagree, and when they were last compared."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from recovery.actions.proving import settle_alarm
from recovery.jobs import prove_ledger
from recovery.models import LedgerAlarm, Offer
from tests.recovery.offering import failed, sent


@pytest.fixture
def wrong(ticket, alice) -> Offer:
    """An offer of which the ledger says something else than it does itself."""
    offer = sent(failed(ticket, alice), alice, "20")
    Offer.objects.update(state="declined", ended_at=timezone.now())  # and nothing was voided
    return offer


def figure(client, name: str) -> float | None:
    found = re.search(rf"^{name} (\S+)$", client.get("/metrics").text, re.MULTILINE)
    return float(found.group(1)) if found else None


def test_an_alarm_is_said_and_makes_nothing_unfit(client, wrong, sue):
    before = client.get("/readyz")
    assert before.json()["ledger"] == {"ok": True, "alarms": 0}
    assert prove_ledger() == 1
    after = client.get("/readyz")
    assert after.json()["ledger"] == {"ok": False, "alarms": 1}
    assert (after.status_code, after.json()["ok"]) == (before.status_code, before.json()["ok"])
    settle_alarm(LedgerAlarm.objects.get(), by=sue, note="Looked into")
    assert client.get("/readyz").json()["ledger"]["ok"]


def test_the_figures_tell_of_alarms_and_of_the_last_proof(client, wrong, sue):
    client.force_login(sue)
    assert figure(client, "makegood_ledger_alarms") == 0
    assert figure(client, "makegood_ledger_proved_seconds") is None
    now = timezone.now().timestamp()
    prove_ledger()
    assert figure(client, "makegood_ledger_alarms") == 1
    assert figure(client, "makegood_ledger_proved_seconds") == pytest.approx(now, abs=60)
