"""Offers, approvals, the ledger and the budgets as somebody sees them who reads German."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from recovery.actions import refuse_offer, set_team_budget
from tests.recovery.offering import failed, sent
from tests.test_german import english_on
from tickets.actions import open_ticket

pytestmark = pytest.mark.django_db
OURS = "We sent the wrong tyre. We are sorry."  # the offer's own words


def found_on(page: str) -> list[str]:
    return [text for text in english_on(page) if OURS not in text]


def test_no_english_is_left(ticket, carla, workshop, alice, lea, sue):
    for person in (alice, sue):
        person.language = "de"
        person.save(update_fields=["language"])
    set_team_budget(workshop, by=sue, monthly=Decimal(100), deputy=lea)
    case = failed(ticket, alice, value="100", loss="20")
    manager, agent = Client(), Client()
    manager.force_login(sue)
    agent.force_login(alice)
    panel = f"/tickets/{ticket.number}/recovery/"
    assert found_on(agent.get(panel).content.decode()) == []
    offer = sent(case, alice, "60", "30")
    other = open_ticket(carla, by=carla, subject="The tyre is wrong", body="x", channel="email", team=workshop)
    sent(failed(other, alice), alice, "10")
    for path in (panel, "/recovery/approvals/", "/recovery/ledger/", "/settings/recovery/budgets/"):
        assert found_on(manager.get(path).content.decode()) == [], path
    refuse_offer(offer, by=lea, note="Nein")
    typed = {"words": "x", "what-0": "kind:credit", "words-0": "x", "value-0": "60"}
    preview = agent.post(f"{panel}offer/preview/", typed)
    assert found_on(preview.content.decode()) == []
    for path in (panel, f"/tickets/{other.number}/recovery/", f"/tickets/{ticket.number}/"):
        assert found_on(agent.get(path).content.decode()) == [], path
