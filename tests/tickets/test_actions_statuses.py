"""Statuses of the company's own: beside the four, and always within the one that they are for."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from tests.demo.invariants import RULES
from tickets.actions import (
    merge_ticket,
    open_ticket,
    post_message,
    remembering,
    reopen_ticket,
    resolve_ticket,
    set_status,
    snooze_ticket,
    undo,
    undo_merge,
    wake_ticket,
)
from tickets.actions.shaping import archive_status, create_status, move_status, rename_status
from tickets.models import Event, NamedStatus, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def parts(sue) -> NamedStatus:
    return create_status(by=sue, name="Waiting for parts", status="on_hold")


@pytest.fixture
def refunded(sue) -> NamedStatus:
    return create_status(by=sue, name="Refunded", status="solved")


def again(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_related("named_status").get(pk=ticket.pk)


def disagreeing() -> list[int]:
    """Tickets whose word is one for another status."""
    with connection.cursor() as cursor:
        cursor.execute(RULES["a word of the company's own is one for the status that it has"])
        return [row[0] for row in cursor.fetchall()]


def test_it_is_set_with_its_status_and_said(ticket, alice, parts):
    set_status(ticket, by=alice, status="on_hold", named=parts)
    assert again(ticket).status == "on_hold"
    assert again(ticket).status_words == "Waiting for parts"
    assert Event.objects.get(ticket=ticket, type="status.changed").data == {
        "from": "open", "to": "on_hold", "named": "Waiting for parts",
    }  # fmt: skip
    set_status(ticket, by=alice, status="on_hold", named=parts)
    assert Event.objects.filter(ticket=ticket, type="status.changed").count() == 1
    set_status(ticket, by=alice, status="on_hold")
    assert again(ticket).status_words == "On hold"


@pytest.mark.parametrize("status", ["open", "pending"])
def test_it_is_no_word_for_another_status(ticket, alice, parts, status):
    with pytest.raises(ValidationError):
        set_status(ticket, by=alice, status=status, named=parts)


def test_an_archived_one_stays_where_it_is_and_comes_no_more(ticket, chat_ticket, alice, sue, parts):
    set_status(ticket, by=alice, status="on_hold", named=parts)
    archive_status(parts, by=sue, is_archived=True)
    parts.refresh_from_db()
    with pytest.raises(ValidationError):
        set_status(chat_ticket, by=alice, status="on_hold", named=parts)
    assert again(ticket).named_status == parts


def test_solving_takes_a_word_and_its_cause(ticket, alice, cause, refunded, parts):
    with pytest.raises(ValidationError):
        resolve_ticket(ticket, by=alice, root_cause=cause, named=parts)
    resolve_ticket(ticket, by=alice, root_cause=cause, named=refunded)
    assert again(ticket).named_status == refunded
    assert Event.objects.get(ticket=ticket, type="ticket.resolved").data["named"] == "Refunded"


def _reply(ticket, alice, bob, carla):
    post_message(ticket, by=carla, body="And now?")


def _solve(ticket, alice, bob, carla):
    resolve_ticket(ticket, by=alice, root_cause=None)


def _pend(ticket, alice, bob, carla):
    set_status(ticket, by=alice, status="pending")


def _merge(ticket, alice, bob, carla):
    other = open_ticket(carla, by=carla, body="Again.", channel="email", team=ticket.team)
    merge_ticket(ticket, by=alice, into=other)


@pytest.mark.parametrize("change", [_reply, _solve, _pend, _merge])
def test_whatever_changes_the_status_takes_the_word_off(ticket, alice, bob, carla, parts, change):
    set_status(ticket, by=alice, status="on_hold", named=parts)
    change(ticket, alice, bob, carla)
    assert again(ticket).named_status is None
    assert disagreeing() == []


@pytest.mark.parametrize("door", ["customer", "agent"])
def test_a_solved_one_that_opens_again_loses_its_word(ticket, alice, carla, refunded, door):
    resolve_ticket(ticket, by=alice, root_cause=None, named=refunded)
    if door == "customer":
        post_message(ticket, by=carla, body="It is flat again.")
    else:
        reopen_ticket(ticket, by=alice)
    assert (again(ticket).status, again(ticket).named_status) == ("open", None)


def test_sleeping_and_waking_changes_nothing_of_it(ticket, alice, parts):
    set_status(ticket, by=alice, status="on_hold", named=parts)
    snooze_ticket(ticket, by=alice, until=None)
    wake_ticket(ticket, by=alice)
    assert again(ticket).named_status == parts


def test_it_comes_back_with_undo(ticket, alice, parts, refunded):
    set_status(ticket, by=alice, status="on_hold", named=parts)
    with remembering([ticket], by=alice) as noted:
        set_status(ticket, by=alice, status="open")
    undo(noted.undo, by=alice)
    assert again(ticket).named_status == parts
    with remembering([ticket], by=alice) as noted:
        resolve_ticket(ticket, by=alice, root_cause=None, named=refunded)
    undo(noted.undo, by=alice)
    assert (again(ticket).status, again(ticket).named_status) == ("on_hold", parts)
    with remembering([ticket], by=alice) as noted:
        set_status(ticket, by=alice, status="on_hold", named=None)
    assert "on hold" in noted.undo.label.lower()
    undo(noted.undo, by=alice)
    assert again(ticket).named_status == parts


def test_undoing_a_merge_brings_it_back(ticket, alice, carla, parts):
    set_status(ticket, by=alice, status="on_hold", named=parts)
    _merge(ticket, alice, None, carla)
    undo_merge(ticket, by=alice)
    assert again(ticket).named_status == parts
    assert disagreeing() == []


def test_names_are_unique_and_none_of_the_four(sue, parts):
    for name in ("waiting FOR parts", "On hold", "solved", " ", "x" * 41):
        with pytest.raises(ValidationError):
            create_status(by=sue, name=name, status="on_hold")
    with pytest.raises(ValidationError):
        create_status(by=sue, name="Closed", status="closed")
    archive_status(parts, by=sue, is_archived=True)
    again_one = create_status(by=sue, name="Waiting for parts", status="pending")
    with pytest.raises(ValidationError):
        archive_status(parts, by=sue, is_archived=False)
    rename_status(again_one, by=sue, name="Parts ordered")
    archive_status(parts, by=sue, is_archived=False)
    assert NamedStatus.objects.filter(archived_at=None).count() == 2


def test_they_are_put_in_order_within_their_status(sue, parts):
    other = create_status(by=sue, name="With the maker", status="on_hold")
    move_status(other, by=sue, step=-1)
    found = NamedStatus.objects.filter(status="on_hold")
    assert [one.name for one in found.order_by("position")] == ["With the maker", "Waiting for parts"]
    for step in (-1, 99, -99):
        move_status(other, by=sue, step=step)


def test_leads_and_agents_do_not_shape(alice, lea, parts):
    for person in (alice, lea):
        for deed in (
            lambda who: create_status(by=who, name="Mine", status="open"),
            lambda who: rename_status(parts, by=who, name="Mine"),
            lambda who: move_status(parts, by=who, step=1),
            lambda who: archive_status(parts, by=who, is_archived=True),
        ):
            with pytest.raises(PermissionDenied):
                deed(person)
