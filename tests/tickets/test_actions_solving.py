"""A ticket is solved with its cause named, and taken up again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from customers.models import Customer
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import open_ticket, post_message, reopen_ticket, resolve_ticket, set_status
from tickets.models import FollowUp


def test_solving_ends_the_waiting_names_the_cause_and_owes_a_question(ticket, alice, cause, desk_row):
    before = timezone.now()
    resolve_ticket(ticket, by=alice, root_cause=cause, note="New one\nsent")
    solved = again(ticket)
    assert (solved.status, solved.root_cause) == ("solved", cause)
    assert before <= solved.solved_at <= timezone.now()
    assert (solved.waiting_since, solved.answer_due_at) == (None, None)
    follow_up = FollowUp.objects.get(ticket=ticket)
    assert (follow_up.kind, follow_up.state, follow_up.anchor_seq) == ("after_solving", "scheduled", 3)
    assert follow_up.due_at == solved.solved_at + timedelta(days=desk_row.follow_up_days)
    event = last(ticket)
    assert (event.type, event.is_public, event.seq, event.public_prev) == ("ticket.resolved", True, 3, 2)
    assert event.data == {
        "root_cause": "tyre-size",
        "cause": cause.name,
        "note": "New one sent",
        "follow_up_at": follow_up.due_at.isoformat(),
    }
    check_log(ticket)


def test_that_there_is_no_cause_is_said_too(ticket, alice):
    resolve_ticket(ticket, by=alice, root_cause=None)
    assert again(ticket).root_cause is None
    assert (last(ticket).data["root_cause"], last(ticket).data["cause"]) == (None, None)
    assert "note" not in last(ticket).data


def test_solving_twice_is_refused_and_asks_once(ticket, alice, cause):
    resolve_ticket(ticket, by=alice, root_cause=cause)
    with pytest.raises(ValidationError) as refused:
        resolve_ticket(ticket, by=alice, root_cause=None)
    assert refused.value.code == "closed"
    assert again(ticket).root_cause == cause
    assert log(ticket, after=2) == ["ticket.resolved*"]
    assert FollowUp.objects.count() == 1


@pytest.mark.parametrize("status", ["pending", "on_hold"])
def test_a_ticket_is_solved_from_any_status(ticket, alice, status):
    set_status(ticket, by=alice, status=status)
    resolve_ticket(ticket, by=alice, root_cause=None)
    assert again(ticket).status == "solved"


def test_nobody_is_asked_who_cannot_be_or_need_not_be(desk_row, alice, carla, workshop):
    guest = Customer.objects.create()
    blocked = open_ticket(carla, by=carla, body="x", channel="email")
    Customer.objects.filter(pk=carla.pk).update(is_blocked=True)
    for ticket in (open_ticket(guest, by=guest, body="x", channel="chat"), blocked):
        resolve_ticket(ticket, by=alice, root_cause=None)
        assert "follow_up_at" not in last(ticket).data
    Customer.objects.filter(pk=carla.pk).update(is_blocked=False)
    desk_row.follow_up_days = 0
    desk_row.save()
    silent = open_ticket(carla, by=alice, body="x", channel="email")
    resolve_ticket(silent, by=alice, root_cause=None)
    assert not FollowUp.objects.filter(kind="after_solving").exists()


def test_the_question_is_reckoned_from_when_it_was_solved(ticket, desk_row):
    at = timezone.now() - timedelta(days=60)
    resolve_ticket(ticket, by=None, root_cause=None, at=at)
    assert again(ticket).solved_at == at
    assert datetime.fromisoformat(last(ticket).data["follow_up_at"]) == at + timedelta(days=3)


def test_reopening_takes_it_up_and_calls_the_question_off(ticket, alice, cause):
    resolve_ticket(ticket, by=alice, root_cause=cause)
    reopen_ticket(ticket, by=alice)
    opened = again(ticket)
    assert (opened.status, opened.solved_at, opened.waiting_since) == ("open", None, None)
    assert opened.root_cause == cause  # what it was stays known until it is solved again
    assert FollowUp.objects.get().state == "cancelled"
    assert FollowUp.objects.get().reason == "reopened"
    assert log(ticket, after=3) == ["ticket.reopened*"]
    check_log(ticket)


def test_reopening_what_is_open_is_refused(ticket, alice):
    with pytest.raises(ValidationError) as refused:
        reopen_ticket(ticket, by=alice)
    assert refused.value.code == "invalid"
    resolve_ticket(ticket, by=alice, root_cause=None)
    reopen_ticket(ticket, by=alice)
    with pytest.raises(ValidationError):
        reopen_ticket(ticket, by=alice)
    assert log(ticket, after=2) == ["ticket.resolved*", "ticket.reopened*"]


def test_solving_again_asks_again(ticket, alice, carla):
    resolve_ticket(ticket, by=alice, root_cause=None)
    post_message(ticket, by=carla, body="Not yet")
    resolve_ticket(ticket, by=alice, root_cause=None)
    assert list(FollowUp.objects.filter(kind="after_solving").order_by("pk").values_list("state", flat=True)) == [
        "cancelled",
        "scheduled",
    ]
