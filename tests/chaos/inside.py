"""Run inside the desk's environment: makes its cast. Prints one line of JSON."""

from __future__ import annotations

import json
from typing import Any

from tests.journeys.inside import PASSWORD  # sets Django up

from django.conf import settings  # isort: skip
from django.test import Client  # isort: skip

from accounts.actions import create_site, create_team, create_token  # isort: skip
from accounts.models import Desk, Team, User  # isort: skip
from outbox.models import Sending  # isort: skip


def prepare() -> dict[str, Any]:
    """Two teams with a site each: the workshop's Alice, Bob and Lea, and Charlie of the shop.

    Alice and Charlie come with a browser's session, the others with an API token.
    """
    Desk.objects.create(name="Bellwether Cycles", time_zone="Europe/Amsterdam")
    Sending.objects.create(per_domain=10**6, bounces_stop_at=100)  # everybody is at one domain
    workshop, shop = create_team(by=None, name="Workshop"), create_team(by=None, name="Shop")
    people = {
        "alice": make("Alice Arden", "agent", workshop),
        "bob": make("Bob Bakker", "agent", workshop),
        "lea": make("Lea Lind", "lead", workshop),
        "charlie": make("Charlie Chen", "agent", shop),
    }
    return {
        "sites": {"workshop": site("Workshop chat", workshop), "shop": site("Shop chat", shop)},
        "sessions": {name: session(people[name]) for name in ("alice", "charlie")},
        "tokens": {
            name: create_token(people[name], by=people[name], name="chaos")[1] for name in ("alice", "bob", "lea")
        },
        "users": {name: user.pk for name, user in people.items()},
    }


def make(name: str, role: str, team: Team) -> User:
    user = User.objects.create_user(f"{name.split()[0].lower()}@example.com", PASSWORD, name=name, role=role)
    user.teams.add(team)
    return user


def site(name: str, team: Team) -> str:
    fields = {"name": name, "url": settings.SITE_URL, "allowed_origins": [settings.SITE_URL]}
    return create_site(by=None, **fields, team=team).key


def session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


if __name__ == "__main__":
    print(json.dumps(prepare()))
