"""Somebody is switched off: what they had goes on, in the same transaction and visibly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from accounts.actions import activate_person, count_work, deactivate_person
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    assign_ticket,
    begin_bulk_reply,
    invite_agent,
    join_ticket,
    open_ticket,
    resolve_ticket,
    save_draft,
    schedule_reply,
)
from tickets.models import BulkReply, Collaborator, Draft, ScheduledReply, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def alices(carla, workshop, desk_row, alice) -> dict[str, Ticket]:
    """An open and a solved ticket of Alice's."""
    found = {}
    for name in ("open", "solved"):
        found[name] = open_ticket(carla, by=carla, body=name, channel="email", team=workshop)
        assign_ticket(found[name], by=None, user=alice)
    resolve_ticket(found["solved"], by=alice, root_cause=None)
    return found


def test_open_tickets_go_to_whom_one_says(alices, alice, bob, adam, shop):
    deactivate_person(alice, by=adam, to=bob)
    assert again(alices["open"]).assignee == bob
    event = last(alices["open"])
    assert (event.type, event.by) == ("ticket.assigned", adam)
    assert event.data["user"] == {"from": "Alice Arden", "to": "Bob Bakker", "id": bob.pk}
    assert again(alices["solved"]).assignee == alice
    deactivate_person(bob, by=adam, to=shop)
    assert (again(alices["open"]).assignee, again(alices["open"]).team) == (None, shop)
    for ticket in alices.values():
        check_log(ticket)


def test_nobody_may_have_them(alices, alice, adam, workshop):
    deactivate_person(alice, by=adam)
    assert (again(alices["open"]).assignee, again(alices["open"]).team) == (None, workshop)


def test_replies_that_have_not_left_are_taken_back_and_drafts_stay(alices, alice, adam):
    ticket = alices["open"]
    later = timezone.now() + timedelta(hours=1)
    schedule_reply(ticket, by=alice, body="Tomorrow", send_at=later)
    save_draft(ticket, by=alice, body="Half a thought", client_id="d")
    begin_bulk_reply([ticket], by=alice, body="We are on it", client_id="b")
    assert count_work(alice) == {"open tickets": 1, "replies that have not left": 1, "open cases": 0}
    deactivate_person(alice, by=adam)
    assert ScheduledReply.objects.get().state == "cancelled"
    assert "reply.taken_back" in log(ticket)
    assert BulkReply.objects.get().stopped_at is not None
    assert Draft.objects.get().body == "Half a thought"
    assert count_work(alice) == {"open tickets": 0, "replies that have not left": 0, "open cases": 0}


@pytest.mark.parametrize("who", ["adam", None])
def test_they_leave_what_they_were_asked_into(request, alices, alice, bob, adam, who):
    invite_agent(alices["open"], by=alice, user=bob)
    join_ticket(alices["open"], by=bob)
    deactivate_person(bob, by=request.getfixturevalue(who) if who else None)
    assert not Collaborator.objects.filter(user=bob).exists()
    check_log(alices["open"])


def test_who_does_not_work_here_gets_nothing(alices, alice, bob, adam):
    deactivate_person(bob, by=adam)
    for to in (bob, alice):
        with pytest.raises(ValidationError):
            deactivate_person(alice, by=adam, to=to)
    alice.refresh_from_db()
    assert alice.is_active
    assert again(alices["open"]).assignee == alice


@pytest.mark.parametrize("who", ["bob", "lea", "sue"])
def test_only_who_manages_people_may(request, alices, alice, who):
    with pytest.raises(PermissionDenied):
        deactivate_person(alice, by=request.getfixturevalue(who), to=None)
    assert again(alices["open"]).assignee == alice


def test_the_page_asks_first(alices, alice, bob, adam, workshop):
    inside = Client()
    inside.force_login(adam)
    url = f"/settings/people/{alice.pk}/deactivate/"
    page = inside.get(url).content.decode()
    assert "<b>1</b> open tickets" in page
    assert f'value="user:{bob.pk}"' in page
    assert f'value="user:{alice.pk}"' not in page
    for to in (f"user:{alice.pk}", "user:x", "team:999999", "root", f"user:{bob.pk}0"):
        assert inside.post(url, {"to": to}).status_code == 422
    alice.refresh_from_db()
    assert alice.is_active
    assert inside.post(url, {"to": f"user:{bob.pk}"}).status_code == 302
    assert again(alices["open"]).assignee == bob
    activate_person(alice, by=adam)
    assert again(alices["open"]).assignee == bob
