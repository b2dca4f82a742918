"""Who may do what: one table for every action, and each event says who did it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from customers.models import Customer
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    assign_ticket,
    end_chat,
    open_ticket,
    post_message,
    reopen_ticket,
    resolve_ticket,
    set_priority,
    set_status,
    tag_ticket,
    tell_of_address,
)
from tickets.models import Event, Ticket

STAFF = ["alice", "charlie", "lea", "sue", "adam"]

# name: (does it, what it writes, whether the ticket must be solved first)
ACTIONS: dict[str, tuple[Callable, list[str], bool]] = {
    "reply": (lambda ticket, by: post_message(ticket, by=by, body="Words"), ["message.posted*"], False),
    "note": (lambda ticket, by: post_message(ticket, by=by, body="Words", kind="note"), ["message.posted"], False),
    "assign": (lambda ticket, by: assign_ticket(ticket, by=by, team=None), ["ticket.assigned"], False),
    "status": (lambda ticket, by: set_status(ticket, by=by, status="on_hold"), ["status.changed"], False),
    "priority": (lambda ticket, by: set_priority(ticket, by=by, priority=4), ["priority.changed"], False),
    "tag": (lambda ticket, by: tag_ticket(ticket, by=by, tags=["tyre"]), ["ticket.tagged"], False),
    "resolve": (lambda ticket, by: resolve_ticket(ticket, by=by, root_cause=None), ["ticket.resolved*"], False),
    "reopen": (lambda ticket, by: reopen_ticket(ticket, by=by), ["ticket.reopened*"], True),
    "tell of an address": (lambda ticket, by: tell_of_address(ticket, by=by), ["address.left"], False),
    "end chat": (lambda ticket, by: end_chat(ticket, by=by), ["chat.ended*"], False),
}
CUSTOMERS_MAY = {"reply", "end chat", "tell of an address"}


@pytest.fixture
def prepared(ticket):
    """The ticket as the action needs it, and its last seq."""

    def prepare(name: str) -> tuple[Ticket, int]:
        if ACTIONS[name][2]:
            resolve_ticket(ticket, by=None, root_cause=None)
        return again(ticket), again(ticket).last_seq

    return prepare


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("who", [*STAFF, "nobody"])
def test_everyone_who_works_here_may_and_the_system_too(request, prepared, name, who):
    by = None if who == "nobody" else request.getfixturevalue(who)
    ticket, seq = prepared(name)
    do, writes, _ = ACTIONS[name]
    do(ticket, by)
    assert log(ticket, after=seq) == writes
    assert (last(ticket).by_user, last(ticket).by_customer) == (by, None)
    check_log(ticket)


@pytest.mark.parametrize("name", ACTIONS)
def test_who_left_may_nothing(prepared, alice, name):
    alice.is_active = False
    refuse(prepared(name), ACTIONS[name][0], alice)


@pytest.mark.parametrize("name", ACTIONS)
def test_another_customer_may_nothing(prepared, dora, name):
    refuse(prepared(name), ACTIONS[name][0], dora)


@pytest.mark.parametrize("name", ACTIONS)
def test_a_blocked_customer_may_nothing(prepared, carla, name):
    Customer.objects.filter(pk=carla.pk).update(is_blocked=True)  # since whoever holds `carla` has read her
    refuse(prepared(name), ACTIONS[name][0], carla)


@pytest.mark.parametrize("name", ACTIONS)
def test_a_customer_writes_and_leaves_on_their_own_ticket_and_no_more(prepared, carla, name):
    ticket, seq = prepared(name)
    do, writes, _ = ACTIONS[name]
    if name not in CUSTOMERS_MAY:
        refuse((ticket, seq), do, carla)
        return
    do(ticket, carla)
    assert log(ticket, after=seq) == writes
    assert (last(ticket).by_user, last(ticket).by_customer) == (None, carla)


@pytest.mark.parametrize("name", sorted(ACTIONS.keys() - {"end chat", "tell of an address"}))
def test_a_right_that_a_role_loses_is_lost_at_once(prepared, alice, monkeypatch, name):
    """Each action asks for its own right: with all others it is still refused."""
    rights = {"reply": "reply", "status": "set_status", "priority": "set_priority"}
    mine = f"tickets.{rights.get(name, name)}"
    from accounts.roles import PERMISSIONS

    monkeypatch.setattr("accounts.roles.PERMISSIONS", {"agent": PERMISSIONS["admin"] - {mine}})
    refuse(prepared(name), ACTIONS[name][0], alice)


def refuse(prepared: tuple[Ticket, int], do: Callable, by) -> None:
    ticket, seq = prepared
    before = Ticket.objects.filter(pk=ticket.pk).values().get()
    with pytest.raises(PermissionDenied):
        do(ticket, by)
    assert Ticket.objects.filter(pk=ticket.pk).values().get() == before
    assert log(ticket, after=seq) == []


def test_opening_is_for_staff_and_for_oneself(carla, dora, alice, desk_row):
    assert open_ticket(carla, by=alice, body="Words", channel="email").customer == carla
    assert open_ticket(carla, by=carla, body="Words", channel="email").customer == carla
    alice.is_active = False
    carla.is_blocked = True
    for by in (alice, dora, carla):
        with pytest.raises(PermissionDenied):
            open_ticket(carla, by=by, body="Words", channel="email")
    assert Event.objects.filter(type="ticket.opened").count() == 2
