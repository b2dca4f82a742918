"""Prepared queries find what the plain ones find, for each viewer only what is theirs to see."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Exists
from django.utils import timezone

from accounts.models import Team, User
from tickets.actions import (
    assign_ticket,
    invite_agent,
    open_ticket,
    post_message,
    resolve_ticket,
    save_view,
    snooze_ticket,
    trash_ticket,
)
from tickets.models import Ticket
from tickets.queries import timeline
from tickets.queries.fields import asked_fields
from tickets.queries.filtering import understand
from tickets.queries.inbox import TRASH, count_views, first_page, inbox_page, inbox_views
from tickets.queries.prepared import Kind, Prepared, keys_of, slot
from tickets.queries.viewing import _LASTING, _prepared_counts, count_rail, rail_views, saved_views


@pytest.fixture
def tickets(carla, dora, alice, bob, charlie, sue, workshop, shop, desk_row) -> list[Ticket]:
    """Of every state, of each team and none, somebody's and nobody's."""

    def write(subject: str, team: Team | None, **more: Any) -> Ticket:
        return open_ticket(carla, by=carla, subject=subject, body="Words", channel="email", team=team, **more)

    quiet, asleep, solved = write("quiet", workshop), write("asleep", shop), write("solved", workshop)
    thrown, helped = write("thrown away", None), write("helped", workshop)
    post_message(quiet, by=bob, body="Answer")
    snooze_ticket(asleep, by=charlie, until=None)
    resolve_ticket(solved, by=alice, root_cause=None)
    trash_ticket(thrown, by=alice)
    invite_agent(helped, by=alice, user=charlie)
    assign_ticket(write("alice's", workshop), by=bob, user=alice)
    assign_ticket(write("charlie's", workshop), by=alice, user=charlie)
    write("team-less", None), write("the shop's", shop)
    return list(Ticket.objects.all())


def rail_of(viewer: User) -> list[Team]:
    return list(Team.objects.all()) if viewer.has_perm("tickets.view_all") else list(viewer.teams.all())


def test_every_place_lists_the_same(tickets, alice, bob, charlie, lea, sue, adam):
    listed = 0
    for viewer in (alice, charlie, bob, lea, sue, adam, alice):
        teams = rail_of(viewer)
        for place, view in enumerate(inbox_views(viewer, teams).values()):
            of = Ticket.objects.trash_of(viewer) if view.key == TRASH else Ticket.objects.visible_to(viewer)
            found, plain = first_page(viewer, teams, place), inbox_page(of, viewer, view, None)
            assert found == plain, (viewer.name, view.key)
            for ticket, other in zip(found.tickets, plain.tickets, strict=True):
                assert vars(ticket).keys() == vars(other).keys()
                assert (ticket.is_unread, ticket.has_draft) == (other.is_unread, other.has_draft)
                assert (ticket.customer.name, ticket.assignee) == (other.customer.name, other.assignee)
                listed += 1
    assert listed > 50


def test_every_place_counts_the_same(tickets, alice, bob, charlie, lea, sue):
    save_view(by=alice, name="Mine to answer", query="assignee:me is:waiting")
    save_view(by=charlie, name="Today", query="is:unsolved on:today")
    for viewer in (alice, bob, charlie, lea, sue, alice):
        teams = rail_of(viewer)
        views = [*inbox_views(viewer, teams).values(), *rail_views(viewer, saved_views(viewer))]
        fields = {"has_fields": Exists(asked_fields())}
        plain = count_views(Ticket.objects.visible_to(viewer), viewer, [v for v in views if v.is_counted], **fields)
        assert count_rail(viewer, teams, views) == plain
        assert sum(plain.values()) > 3


def test_what_lasts_looks_nothing_up(tickets, alice, django_assert_num_queries):
    """What is prepared must not hold anything that was found in the database."""
    words = {"is": "unsolved", "assignee": "me", "team": "Shop", "channel": "email", "priority": "high", "status": "x"}
    assert words.keys() == _LASTING
    searches = tuple(understand(f"{key}:{value}", alice) for key, value in words.items())
    kind = Kind.of(alice)
    with django_assert_num_queries(0):
        _prepared_counts(kind, 1, searches)


def test_two_of_a_kind_see_what_is_theirs(tickets, alice, charlie):
    assert Kind.of(alice) == Kind.of(charlie)
    subjects = [
        {ticket.subject for ticket in first_page(viewer, rail_of(viewer), 3).tickets} for viewer in (alice, charlie)
    ]
    assert subjects[0] - subjects[1] == {"alice's", "quiet"}
    assert subjects[1] - subjects[0] == {"the shop's"}


def test_a_slot_that_nothing_fills_finds_nothing(tickets, alice):
    prepared = Prepared(Ticket.objects.filter(pk=slot(0)))
    assert prepared.rows({}) == []
    assert prepared.rows(keys_of(alice)) == list(Ticket.objects.filter(pk=alice.pk))
    assert [ticket.pk for one in tickets for ticket in prepared.rows({slot(0): one.pk})] == [one.pk for one in tickets]


def test_whoever_was_switched_off_sees_nothing(tickets, alice):
    everything = list(inbox_views(alice, [])).index("all")
    assert first_page(alice, [], everything).tickets
    alice.is_active = False
    assert first_page(alice, [], everything).tickets == []
    assert timeline(tickets[0], alice, has_merged=False).events == []


def test_what_is_prepared_is_asked_once_and_compiled_no_more(tickets, django_assert_num_queries):
    prepared = Prepared(Ticket.objects.filter(pk=slot(0), created_at__lte=timezone.now()).select_related("customer"))
    with django_assert_num_queries(1):
        assert prepared.rows({slot(0): tickets[0].pk})[0].customer.name
