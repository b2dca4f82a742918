"""Whatever is done in whatever order, the log has no gap and both chains hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tickets.looking import again, check_log
from tickets.actions import (
    Post,
    assign_ticket,
    end_chat,
    open_ticket,
    post_message,
    post_messages,
    reopen_ticket,
    resolve_ticket,
    run_follow_up,
    set_priority,
    set_status,
    tag_ticket,
)
from tickets.models import Event, FollowUp, Message, Ticket

CANARY = "between us"
STEPS = {
    "the customer writes": lambda t, c, a: post_message(t, by=c, body="Words"),
    "the same twice": lambda t, c, a: [post_message(t, by=c, body="Same", client_id="same") for _ in "ab"],
    "we answer": lambda t, c, a: post_message(t, by=a, body="Answer"),
    "we note": lambda t, c, a: post_message(t, by=a, body=CANARY, kind="note"),
    "a batch": lambda t, c, a: post_messages(
        [Post(t, by=c, body="1"), Post(t, by=a, body=CANARY, kind="note"), Post(t, by=a, body="2")]
    ),
    "a bad batch": lambda t, c, a: post_messages([Post(t, by=c, body="1"), Post(t, by=a, body="")]),
    "assign": lambda t, c, a: assign_ticket(t, by=a, user=a),
    "take off": lambda t, c, a: assign_ticket(t, by=a, user=None),
    "wait for them": lambda t, c, a: set_status(t, by=a, status="pending"),
    "hold": lambda t, c, a: set_status(t, by=a, status="on_hold"),
    "urgent": lambda t, c, a: set_priority(t, by=a, priority=4),
    "tag": lambda t, c, a: tag_ticket(t, by=a, tags=["x"]),
    "solve": lambda t, c, a: resolve_ticket(t, by=a, root_cause=None),
    "solved long ago": lambda t, c, a: resolve_ticket(t, by=a, root_cause=None, at=timezone.now() - timedelta(days=30)),
    "reopen": lambda t, c, a: reopen_ticket(t, by=a),
    "leave": lambda t, c, a: end_chat(t, by=c),
    "the clock": lambda t, c, a: [run_follow_up(row) for row in FollowUp.objects.scheduled().filter(ticket=t)],
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=14))
def test_the_log_has_no_gap_whatever_happens(carla, alice, desk_row, steps):
    with transaction.atomic():  # each example begins with an empty desk
        ticket = open_ticket(carla, by=carla, body="Words", channel="chat")
        for name in steps:
            try:
                with transaction.atomic():
                    STEPS[name](ticket, carla, alice)
            except ValidationError:
                pass
        for one in Ticket.objects.filter(customer=carla):
            check_log(one)
            check_waiting(one)
        seen = Message.objects.visible_to(carla).values_list("body", flat=True)
        assert CANARY not in seen
        assert set(Event.objects.visible_to(carla).filter(is_public=False)) == set()
        transaction.set_rollback(True)


def check_waiting(ticket: Ticket) -> None:
    """The customer waits exactly if they wrote last, among the words of both, on a ticket that is not solved since."""
    waits = False
    for event in ticket.events.select_related("message").order_by("seq"):
        if event.type == "message.posted" and event.is_public:
            waits = event.by_customer_id is not None
        elif event.type == "ticket.resolved":
            waits = False
    assert (again(ticket).waiting_since is not None) == waits


@pytest.mark.parametrize(
    "broken",
    [
        {"seq": 2},  # given out twice
        {"seq": 0},
        {"seq": 3, "public_prev": 3},
        {"seq": 3, "by_both": True},
    ],
)
def test_the_database_itself_refuses_a_broken_log(ticket, alice, carla, broken):
    authors = {"by_user": alice, "by_customer": carla} if broken.pop("by_both", False) else {}
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(ticket=ticket, type="x", is_public=False, **{"public_prev": 2} | broken | authors)


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "gone"},
        {"priority": 9},
        {"channel": "pigeon"},
        {"status": "solved"},
        {"solved_at": timezone.now()},
        {"answer_due_at": None},
        {"public_last_seq": 3},
    ],
)
def test_the_database_itself_refuses_a_ticket_that_cannot_be(ticket, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.filter(pk=ticket.pk).update(**broken)


def test_a_customer_cannot_have_written_a_note(ticket, carla):
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(ticket=ticket, by_customer=carla, kind="note", body="x")
