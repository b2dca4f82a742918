"""Snoozing through the API: times, words, or until they reply."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tests.hostile.payloads import FEW
from tickets.actions import resolve_ticket
from tickets.models import Ticket
from tickets.serializers import iso


def at(ticket: Ticket, door: str = "snooze") -> str:
    return f"/api/v1/tickets/{ticket.pk}/{door}/"


def test_a_ticket_sleeps_until_a_time_or_a_reply_and_is_woken(api, ticket):
    until = (timezone.now() + timedelta(days=3)).replace(microsecond=0)
    asleep = api.post(at(ticket), {"until": iso(until)}).json()
    assert asleep["snoozed_until"] == iso(until)
    assert asleep["snoozed_at"] is not None
    listed = api.get("/api/v1/tickets/?view=snoozed").json()["results"]
    assert [row["number"] for row in listed] == [ticket.pk]
    assert api.get("/api/v1/tickets/?view=all").json()["results"] == []
    asleep = api.post(at(ticket), {"until": None}).json()
    assert (asleep["snoozed_until"], asleep["snoozed_at"] is None) == (None, False)
    awake = api.post(at(ticket, "wake")).json()
    assert (awake["snoozed_at"], awake["snoozed_until"]) == (None, None)
    assert api.post(at(ticket, "wake")).status_code == 200
    kinds = [event["type"] for event in api.get(f"/api/v1/tickets/{ticket.pk}/events/?after=2").json()["results"]]
    assert kinds == ["ticket.snoozed", "ticket.snoozed", "ticket.woken"]


def test_words_are_meant_where_the_tokens_owner_is(api, alice, ticket):
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    api.post(at(ticket), {"until": "tomorrow 9"})
    ticket.refresh_from_db()
    tokyo = ZoneInfo("Asia/Tokyo")
    assert ticket.snoozed_until is not None
    local = ticket.snoozed_until.astimezone(tokyo)
    assert (local.date() - datetime.now(tokyo).date(), f"{local:%H:%M}") == (timedelta(days=1), "09:00")
    assert api.post(at(ticket), {"until": "until they reply"}).json()["snoozed_until"] is None


@pytest.mark.parametrize("until", ["", "soon", "yesterday", "2020-01-01T00:00:00Z", "in 5 years", 9, [], {}, "9" * 61])
def test_what_is_no_time_is_refused_by_name(api, ticket, until):
    refused = api.post(at(ticket), {"until": until})
    assert refused.status_code == 400
    assert list(refused.json()["error"]["fields"]) == ["until"]
    assert api.post(at(ticket), {}).status_code == 400
    ticket.refresh_from_db()
    assert ticket.snoozed_at is None


def test_any_words_are_a_time_or_refused(api, ticket):
    bodies = {kind: json.dumps({"until": words}) for kind, words in FEW.items()}
    sent = {kind: api.post(at(ticket), body, content_type="application/json") for kind, body in bodies.items()}
    answers = {kind: answer.status_code for kind, answer in sent.items()}
    assert set(answers.values()) <= {200, 400}, answers


def test_what_is_solved_is_refused(api, alice, ticket):
    resolve_ticket(ticket, by=alice, root_cause=None)
    assert api.post(at(ticket), {"until": None}).status_code == 400
