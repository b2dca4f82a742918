"""The company's own fields on a ticket: who fills them with what, what is needed, what stays, what can be undone."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from tickets.actions import (
    assign_ticket,
    change_many,
    open_ticket,
    remembering,
    resolve_ticket,
    set_fields,
    set_priority,
    undo,
)
from tickets.actions.filling import read_fields
from tickets.actions.shaping import archive_field, change_field, create_field
from tickets.models import Event, Field, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(sue) -> Field:
    return create_field(by=sue, name="Order number", kind="text")


@pytest.fixture
def size(sue, workshop) -> Field:
    return create_field(by=sue, name="Size", kind="choice", team=workshop, is_needed=True, options=["Small", "Large"])


def again(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_a_field_is_filled_and_says_so_to_staff_only(ticket, alice, order):
    set_fields(ticket, by=alice, values={"order-number": " A 17 "})
    assert again(ticket).fields == {"order-number": "A 17"}
    event = Event.objects.get(ticket=ticket, type="field.changed")
    assert event.data == {"field": "order-number", "name": "Order number", "from": "", "to": "A 17"}
    assert not event.is_public


def test_the_same_again_is_no_event_and_nothing_empties_it(ticket, alice, order):
    for _ in range(2):
        set_fields(ticket, by=alice, values={"order-number": "A 17"})
    set_fields(ticket, by=alice, values={"order-number": ""})
    assert again(ticket).fields == {}
    assert Event.objects.filter(ticket=ticket, type="field.changed").count() == 2


def test_all_of_it_or_nothing(ticket, alice, order, size):
    with pytest.raises(ValidationError) as refused:
        set_fields(ticket, by=alice, values={"order-number": "A 17", "size": "Huge", "colour": "red"})
    assert "Size: " in " ".join(refused.value.messages)
    assert "colour: There is no such field" in " ".join(refused.value.messages)
    assert again(ticket).fields == {}


def test_a_customer_fills_nothing(ticket, carla, order):
    with pytest.raises(PermissionDenied):
        set_fields(ticket, by=carla, values={"order-number": "A 17"})


def test_another_teams_field_is_hidden_and_what_it_holds_stays(ticket, alice, shop, workshop, size):
    set_fields(ticket, by=alice, values={"size": "Large"})
    assign_ticket(ticket, by=alice, team=shop)
    with pytest.raises(ValidationError):
        set_fields(ticket, by=None, values={"size": "Small"})
    assert again(ticket).fields == {"size": "large"}
    assign_ticket(ticket, by=None, team=workshop)
    set_fields(ticket, by=alice, values={"size": "Small"})
    assert again(ticket).fields == {"size": "small"}


def test_a_needed_field_is_filled_before_solving(ticket, alice, size):
    with pytest.raises(ValidationError) as refused:
        resolve_ticket(ticket, by=alice, root_cause=None)
    assert refused.value.code == "needed"
    assert "Size" in refused.value.messages[0]
    assert not again(ticket).is_solved
    set_fields(ticket, by=alice, values={"size": "small"})
    resolve_ticket(ticket, by=alice, root_cause=None)
    assert again(ticket).is_solved


def test_an_archived_or_foreign_field_is_not_needed(ticket, alice, size, sue, shop):
    create_field(by=sue, name="Till", kind="text", team=shop, is_needed=True)
    archive_field(size, by=sue, is_archived=True)
    resolve_ticket(ticket, by=alice, root_cause=None)
    assert again(ticket).is_solved


def test_many_are_solved_and_those_that_lack_something_are_named(ticket, chat_ticket, alice, sue, size, settings):
    Field.objects.filter(pk=size.pk).update(team=None)
    set_fields(ticket, by=alice, values={"size": "small"})
    changed = change_many(
        [ticket, chat_ticket], by=alice, change=lambda one: resolve_ticket(one, by=alice, root_cause=None)
    )
    assert changed.done == [ticket.pk]
    assert changed.left == {chat_ticket.pk: "Fill in first: Size."}


def test_a_choice_that_is_gone_may_stay_but_not_come(ticket, chat_ticket, alice, sue, size, workshop):
    Field.objects.filter(pk=size.pk).update(team=None)
    set_fields(ticket, by=alice, values={"size": "Large"})
    change_field(size, by=sue, name="Size", options={"large": ""})
    set_fields(ticket, by=alice, values={"size": "large"})
    with pytest.raises(ValidationError):
        set_fields(chat_ticket, by=alice, values={"size": "large"})


def test_it_can_be_undone_and_leaves_other_fields_alone(ticket, alice, bob, order, size):
    set_fields(ticket, by=alice, values={"order-number": "A 17"})
    with remembering([ticket], by=alice) as noted:
        set_fields(ticket, by=alice, values={"order-number": "B 2"})
        set_priority(ticket, by=alice, priority=3)
    set_fields(ticket, by=bob, values={"size": "small"})
    assert undo(noted.undo, by=alice).done == [ticket.pk]
    assert again(ticket).fields == {"order-number": "A 17", "size": "small"}
    assert again(ticket).priority == 2


def test_it_is_not_undone_over_what_somebody_else_wrote(ticket, alice, bob, order):
    with remembering([ticket], by=alice) as noted:
        set_fields(ticket, by=alice, values={"order-number": "A"})
    set_fields(ticket, by=bob, values={"order-number": "B"})
    assert ticket.pk in undo(noted.undo, by=alice).left
    assert again(ticket).fields == {"order-number": "B"}


def test_a_field_that_was_filled_to_solve_is_empty_again_when_that_is_undone(ticket, alice, size):
    with remembering([ticket], by=alice) as noted:
        set_fields(ticket, by=alice, values={"size": "small"})
        resolve_ticket(ticket, by=alice, root_cause=None)
    undo(noted.undo, by=alice)
    assert again(ticket).fields == {}
    assert again(ticket).status == "open"


def test_a_conversation_begins_with_what_is_filled(carla, alice, workshop, order, size, desk_row):
    fields = {"order-number": "A 17", "size": "Large"}
    ticket = open_ticket(carla, by=alice, body="It is here", channel="email", team=workshop, fields=fields)
    assert ticket.fields == again(ticket).fields == {"order-number": "A 17", "size": "large"}
    assert list(Event.objects.filter(ticket=ticket).values_list("type", flat=True)) == [
        "ticket.opened",
        "message.posted",
        "field.changed",
        "field.changed",
    ]


@pytest.mark.parametrize("fields", [{"size": "Large"}, {"colour": "red"}, {"order-number": "x" * 501}])
def test_nothing_begins_with_what_is_refused(carla, alice, shop, order, size, desk_row, fields):
    with pytest.raises(ValidationError):
        open_ticket(carla, by=alice, body="It is here", channel="email", team=shop, fields=fields)
    assert not Ticket.objects.exists()


def test_a_customer_begins_with_nothing_filled(carla, order, desk_row):
    with pytest.raises(PermissionDenied):
        open_ticket(carla, by=carla, body="Hello", channel="email", fields={"order-number": "A 17"})
    assert not Ticket.objects.exists()


def test_what_a_new_ticket_will_hold_is_known_before(sue, shop, workshop, order, size):
    given = {"order-number": " A 17 ", "size": "Large"}
    assert read_fields(given, team=workshop) == {"order-number": "A 17", "size": "large"}
    assert read_fields({"size": "", "colour": "", "order-number": " "}, team=None) == {}
    for team in (shop, None):
        with pytest.raises(ValidationError) as refused:
            read_fields(given, team=team)
        assert refused.value.messages == ["Size: Only tickets of Workshop have this."]
    archive_field(order, by=sue, is_archived=True)
    with pytest.raises(ValidationError):
        read_fields(given, team=workshop)
