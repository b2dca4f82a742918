"""The demo company's macros can be used as they are, by those for whom they are."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Team, User
from demo.company import CAUSES, PEOPLE, TEAMS
from demo.macros import MACROS, write_macros
from tickets.actions import apply_macro, open_ticket
from tickets.macros import render, unknown_names
from tickets.models import Macro, RootCause


@pytest.fixture
def company(db) -> dict[str, User]:
    teams = {slug: Team.objects.create(slug=slug, name=name) for slug, name in TEAMS.items()}
    people = {}
    for email, name, role, slugs in PEOPLE:
        people[name] = User.objects.create_user(email, "demo", name=name, role=role)
        people[name].teams.set(teams[slug] for slug in slugs.split())
    for causes in CAUSES.values():
        RootCause.objects.bulk_create(RootCause(slug=slug, name=name) for slug, name in causes.items())
    write_macros(people, teams, timezone.now())
    return people


def test_each_of_them_says_and_does_what_it_means(company, carla):
    jonas = company["Jonas Reuter"]
    assert Macro.objects.count() == len(MACROS)
    for macro in Macro.objects.all():
        ticket = open_ticket(carla, by=carla, subject="The tyre", body="Hello?", channel="email")
        words = render(macro.body, ticket, jonas)
        assert "{{" not in words
        assert unknown_names(macro.body) == []
        apply_macro(ticket, by=jonas, macro=macro)


def test_everybody_has_some_at_hand(company):
    for name in ("Jonas Reuter", "Yusuf Demir", "Ingrid Solheim"):
        assert Macro.objects.visible_to(company[name]).count() >= 5
