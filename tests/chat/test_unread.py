"""What a returning visitor's loader is told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Site
from chat.actions import start_visit
from tickets.actions import mark_seen, post_message, resolve_ticket
from tickets.models import Event, Message, Ticket

pytestmark = pytest.mark.django_db
SHOP = "https://shop.example"


def ask(site: Site, token: str, origin: str = SHOP) -> Any:
    """As a browser asks: plain text, and no cookie."""
    client = Client(enforce_csrf_checks=True, headers={"Origin": origin})
    return client.post("/widget/unread/", json.dumps({"site": site.key, "token": token}), content_type="text/plain")


def test_answers_are_unread_until_they_are_seen_or_answered(site, carla, chat_ticket, carlas_token, alice):
    assert ask(site, carlas_token).json() == {"unread": 0, "live": True}
    post_message(chat_ticket, by=alice, body="Which tyre?")
    post_message(chat_ticket, by=alice, body="canary", kind="note")
    post_message(chat_ticket, by=alice, body="And which size?")
    assert ask(site, carlas_token).json()["unread"] == 2
    mark_seen(chat_ticket, by=carla, seq=Event.objects.get(message__body="Which tyre?").seq)
    assert ask(site, carlas_token).json()["unread"] == 1
    post_message(chat_ticket, by=carla, body="A 42.")
    assert ask(site, carlas_token).json()["unread"] == 0


def test_a_chat_goes_on_while_it_is_open_and_somebody_spoke_lately(site, chat_ticket, carlas_token, alice):
    Event.objects.update(at=timezone.now() - timedelta(hours=1))
    assert ask(site, carlas_token).json()["live"] is False
    post_message(chat_ticket, by=alice, body="Still there?")
    assert ask(site, carlas_token).json() == {"unread": 1, "live": True}
    resolve_ticket(chat_ticket, by=alice, root_cause=None)
    assert ask(site, carlas_token).json() == {"unread": 1, "live": False}


def test_it_says_nothing_of_others_and_begins_nothing(site, chat_ticket, ticket, carlas_token, dora_token, alice):
    post_message(ticket, by=alice, body="By mail.")
    before = (Ticket.objects.count(), Message.objects.count())
    nobody = {"unread": 0, "live": False}
    assert ask(site, dora_token).json() == nobody
    assert ask(site, "no such token").json() == nobody
    assert ask(site, start_visit(site).token).json() == nobody
    elsewhere = Site.objects.create(name="Elsewhere", key="elsewhere")
    assert ask(elsewhere, carlas_token).json() == nobody  # a token is good on its own site only
    assert (Ticket.objects.count(), Message.objects.count()) == before


def test_only_the_sites_own_pages_may_read_the_answer(site, carlas_token, settings):
    settings.DEBUG = False
    Site.objects.filter(pk=site.pk).update(allowed_origins=[SHOP])
    allowed = ask(site, carlas_token)
    assert allowed["Access-Control-Allow-Origin"] == SHOP
    assert "Access-Control-Allow-Credentials" not in allowed
    assert "Origin" in allowed["Vary"]
    for origin in ("https://evil.example", "https://shop.example.evil.example", "http://shop.example", "null", ""):
        assert "Access-Control-Allow-Origin" not in ask(site, carlas_token, origin)


def test_guessing_is_limited(site, carlas_token, settings):
    settings.GUEST_LIMITS = settings.GUEST_LIMITS | {"start": (2, 60)}
    assert [ask(site, f"guess {number}").status_code for number in range(3)] == [200, 200, 429]
    assert ask(site, carlas_token).status_code == 200


@pytest.mark.parametrize(
    "body", ["", "{", "[]", b"\xff", '{"site": 5}', '{"site": "nope"}', '{"site": "bellwether", "token": 5}']
)
def test_what_makes_no_sense_is_refused(site, body):
    assert Client().post("/widget/unread/", body, content_type="text/plain").status_code in (400, 404)
