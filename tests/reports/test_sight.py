"""Whoever may see a ticket may see what is counted of it, and nobody else: told without asking the tickets."""

from __future__ import annotations

import pytest

from accounts.models import Team
from reports.actions import recount
from reports.models import Fact
from tickets.actions import invite_agent, open_ticket, trash_ticket
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_facts_are_seen_by_those_who_see_their_tickets(
    desk_row, workshop, shop, alice, bob, charlie, lea, sue, adam, carla
):
    nobody_s = Team.objects.create(name="Orders", slug="orders")
    tickets = [
        open_ticket(carla, by=carla, body="Hello?", channel="email", team=team)
        for team in (workshop, workshop, shop, shop, nobody_s, nobody_s, None)
    ]
    Ticket.objects.filter(pk=tickets[2].pk).update(assignee=alice)  # of another team, and hers
    Ticket.objects.filter(pk=tickets[0].pk).update(assignee=charlie)
    invite_agent(tickets[4], by=sue, user=bob, note="Do you know this one?")
    trash_ticket(tickets[1], by=sue)
    recount(ticket.pk for ticket in tickets)
    assert Fact.objects.values("ticket").distinct().count() == len(tickets) - 1
    for viewer in (alice, bob, charlie, lea, sue, adam):
        seen = set(Fact.objects.visible_to(viewer).values_list("ticket", flat=True))
        assert seen == set(Ticket.objects.visible_to(viewer).values_list("pk", flat=True)), viewer
    assert tickets[2].pk in set(Fact.objects.visible_to(alice).values_list("ticket", flat=True))
    assert tickets[4].pk not in set(Fact.objects.visible_to(charlie).values_list("ticket", flat=True))
