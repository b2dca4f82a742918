"""Whose it is, how it stands, how urgent, what about: each says what was and what is, and only if that changed."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from tests.tickets.looking import again, check_log, last, log
from tickets.actions import assign_ticket, mark_seen, post_message, resolve_ticket, set_priority, set_status, tag_ticket
from tickets.models import Event, ReadMark, Tag


def test_assigning_says_from_whom_to_whom(ticket, alice, bob, workshop, shop):
    assign_ticket(ticket, by=alice, user=bob)
    assert last(ticket).data == {
        "user": {"from": None, "to": "Bob Bakker", "id": bob.pk},
        "team": {"from": "Workshop", "to": "Workshop", "id": workshop.pk},
    }
    assign_ticket(ticket, by=alice, user=None, team=shop)
    assert last(ticket).data == {
        "user": {"from": "Bob Bakker", "to": None, "id": None},
        "team": {"from": "Workshop", "to": "Shop", "id": shop.pk},
    }
    assert (again(ticket).assignee, again(ticket).team) == (None, shop)
    check_log(ticket)


def test_what_is_not_named_stays(ticket, alice, bob, workshop):
    assign_ticket(ticket, by=alice, user=bob)
    assign_ticket(ticket, by=alice, team=None)
    assert (again(ticket).assignee, again(ticket).team) == (bob, None)


def test_assigning_twice_is_said_once(ticket, alice, bob):
    for _ in range(2):
        assign_ticket(ticket, by=alice, user=bob)
    assert log(ticket, after=2) == ["ticket.assigned"]


def test_someone_who_left_is_given_nothing_new(ticket, alice, bob, shop):
    assign_ticket(ticket, by=alice, user=bob)
    bob.is_active = False
    bob.save()
    assign_ticket(ticket, by=alice, user=bob, team=shop)  # still his: only the team is new
    assign_ticket(ticket, by=alice, user=alice)
    with pytest.raises(ValidationError) as refused:
        assign_ticket(ticket, by=alice, user=bob)
    assert refused.value.code == "invalid"
    assert again(ticket).assignee == alice


def test_whoever_has_it_sees_it(ticket, alice, charlie):
    assign_ticket(ticket, by=alice, user=charlie)
    assert Event.objects.visible_to(charlie).exists()


@pytest.mark.parametrize("status", ["pending", "on_hold"])
def test_a_status_is_set_once_and_says_what_it_was(ticket, alice, status):
    for _ in range(2):
        set_status(ticket, by=alice, status=status)
    assert log(ticket, after=2) == ["status.changed"]
    assert last(ticket).data == {"from": "open", "to": status}
    assert again(ticket).status == status
    set_status(ticket, by=alice, status="open")
    assert last(ticket).data == {"from": status, "to": "open"}
    check_log(ticket)


def test_a_status_leaves_the_customers_clock_alone(ticket, alice):
    before = again(ticket).waiting_since
    set_status(ticket, by=alice, status="on_hold")
    assert again(ticket).waiting_since == before


@pytest.mark.parametrize("status", ["solved", "closed", "", None])
def test_solving_is_no_status_that_one_sets(ticket, alice, status):
    with pytest.raises(ValidationError) as refused:
        set_status(ticket, by=alice, status=status)
    assert refused.value.code == "invalid"
    assert again(ticket).status == "open"


def test_a_solved_ticket_is_reopened_first(ticket, alice):
    resolve_ticket(ticket, by=alice, root_cause=None)
    with pytest.raises(ValidationError) as refused:
        set_status(ticket, by=alice, status="pending")
    assert refused.value.code == "invalid"
    assert again(ticket).status == "solved"


def test_a_priority_is_set_once_and_says_what_it_was(ticket, alice):
    for _ in range(2):
        set_priority(ticket, by=alice, priority=4)
    assert log(ticket, after=2) == ["priority.changed"]
    assert last(ticket).data == {"from": 2, "to": 4}


@pytest.mark.parametrize("priority", [0, 5, -1, "x", None])
def test_there_are_four_priorities(ticket, alice, priority):
    with pytest.raises(ValidationError) as refused:
        set_priority(ticket, by=alice, priority=priority)
    assert refused.value.code == "invalid"
    assert again(ticket).priority == 2


def test_tags_are_these_and_no_others(ticket, alice):
    tag_ticket(ticket, by=alice, tags=["tyre", "Big  order"])
    assert last(ticket).data == {"added": ["Big order", "tyre"], "removed": []}
    tag_ticket(ticket, by=alice, tags=["TYRE", "rim"])
    assert last(ticket).data == {"added": ["rim"], "removed": ["Big order"]}
    assert {tag.name for tag in ticket.tags.all()} == {"tyre", "rim"}
    tag_ticket(ticket, by=alice, tags=["rim", "tyre", "Rim", " "])
    assert log(ticket, after=2) == ["ticket.tagged"] * 2
    assert set(Tag.objects.values_list("name", flat=True)) == {"tyre", "Big order", "rim"}
    check_log(ticket)


def test_tags_have_an_end(ticket, alice):
    tag_ticket(ticket, by=alice, tags=[str(number) for number in range(20)])
    with pytest.raises(ValidationError):
        tag_ticket(ticket, by=alice, tags=[str(number) for number in range(21)])
    assert ticket.tags.count() == 20


# --- Reading ---


def test_a_mark_moves_forward_only_and_never_past_the_end(ticket, alice, carla):
    assert mark_seen(ticket, by=alice, seq=1)
    assert not mark_seen(ticket, by=alice, seq=1)
    assert mark_seen(ticket, by=alice, seq=99)
    assert ReadMark.objects.get(user=alice).seq == 2
    assert not mark_seen(ticket, by=alice, seq=1)
    assert ReadMark.objects.get(user=alice).seq == 2
    post_message(ticket, by=carla, body="Words")
    assert mark_seen(ticket, by=alice, seq=3)
    assert mark_seen(ticket, by=carla, seq=3)
    assert ReadMark.objects.filter(ticket=ticket, seq=3).count() == 2
    assert log(ticket, after=3) == []
