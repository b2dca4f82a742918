"""Run inside a desk's environment: makes its cast, or says what its database holds. Prints one line of JSON."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

from accounts.actions import create_site, create_team, create_token  # noqa: E402
from accounts.jobs import beat  # noqa: E402
from accounts.models import Desk, User  # noqa: E402
from customers.actions import get_or_create_customer  # noqa: E402
from customers.models import Address, Customer  # noqa: E402
from tests.demo.invariants import violations  # noqa: E402
from tickets.actions import open_ticket  # noqa: E402
from tickets.models import Event, Message, Ticket  # noqa: E402

PASSWORD = "correct horse battery"
ALWAYS = [  # of the rules for every ticket those that do not compare clocks: here things happen at their own time
    "the seqs run 1, 2, 3 … up to last_seq",
    "public_prev is the public event before",
    "public_last_seq is the last public event",
    "time goes with seq",
    "customers write on their own tickets",
    "the preview begins the last public message",
    "nobody read further than the end",
]


def prepare() -> dict[str, Any]:
    """Alice with a password, a session and an API token; a site; a ticket of Carla's that came by mail."""
    Desk.objects.create(name="Bellwether Cycles", time_zone="Europe/Amsterdam")
    team = create_team(by=None, name="Workshop")
    fields = {"name": "Bellwether Cycles", "url": settings.SITE_URL, "allowed_origins": [settings.SITE_URL]}
    site = create_site(by=None, **fields, team=team)
    alice = User.objects.create_user("alice@example.com", PASSWORD, name="Alice Arden", role="agent")
    alice.teams.add(team)
    carla, _ = get_or_create_customer(by=None, email="carla@example.org", name="Carla", proof=Address.Proof.PROVED)
    ticket = open_ticket(carla, by=carla, body="The tyre is wrong.", channel="email", team=team)
    client = Client()
    client.force_login(alice)
    beat()  # /readyz asks when a worker was last seen
    return {
        "site": site.key,
        "token": create_token(alice, by=alice, name="a program")[1],
        "session": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "ticket": ticket.number,
        "carla": carla.pk,
    }


def report() -> dict[str, Any]:
    """The broken rules, how often each client_id is stored, and what everybody's screen must show."""
    alice = User.objects.get(email="alice@example.com")
    stored = Counter(Message.objects.exclude(client_id="").values_list("client_id", flat=True))
    tickets = list(Ticket.objects.select_related("customer"))
    return {
        "broken": sorted(set(ALWAYS) & violations().keys()),
        "stored": stored,
        "agents": {ticket.reference: shown(ticket, alice) for ticket in tickets},
        "customers": {ticket.reference: shown(ticket, ticket.customer) for ticket in tickets},
    }


def shown(ticket: Ticket, viewer: User | Customer) -> list[list[Any]]:
    """[seq, type, body] of every event that the viewer may see, in order."""
    events = Event.objects.visible_to(viewer).filter(ticket=ticket).after(0).with_details()
    return [[event.seq, event.type, event.message.body if event.message else None] for event in events]


if __name__ == "__main__":
    print(json.dumps({"prepare": prepare, "report": report}[sys.argv[1]]()))
