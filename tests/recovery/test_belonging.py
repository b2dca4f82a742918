"""What making good holds of a customer moves with them."""

from __future__ import annotations

import pytest

from accounts.actions import deactivate_person
from customers.actions import create_guest
from recovery.actions import open_case
from recovery.models import Case, Lot, Trigger
from tickets.actions import assign_ticket, merge_customers, merge_guest, open_ticket, undo_customer_merge


@pytest.fixture
def guest(desk_row):
    return create_guest(name="Somebody")


def test_a_guest_with_a_case_can_still_prove_who_they_are(guest, carla, workshop):
    ticket = open_ticket(guest, by=guest, body="Hello?", channel="chat", team=workshop)
    case = open_case(ticket, by=None, trigger=Trigger.ABANDONED, why={"minutes": 5})
    for trigger in ("abandoned", "rating"):
        Lot.objects.create(customer=guest, trigger=trigger, arm="holdout")
    Lot.objects.create(customer=carla, trigger="rating", arm="free")
    merge_guest(guest, into=carla, how="code", where="Bellwether Cycles")
    assert Case.objects.get().customer == carla
    assert {(lot.trigger, lot.arm) for lot in Lot.objects.filter(customer=carla)} == {
        ("abandoned", "holdout"),
        ("rating", "free"),
    }
    assert case.pk == Case.objects.get().pk


def test_two_records_of_one_person_have_one_history_and_can_be_two_again(ticket, carla, dora, lea):
    case = open_case(ticket, by=None, trigger=Trigger.AGENT, why={})
    Lot.objects.create(customer=carla, trigger="rating", arm="money")
    merge = merge_customers(dora, merged=carla, by=lea)
    case.refresh_from_db()
    assert case.customer == dora
    assert Lot.objects.get().customer == dora
    undo_customer_merge(merge, by=lea)
    case.refresh_from_db()
    assert case.customer == carla
    assert Lot.objects.get().customer == carla


def test_the_cases_of_whoever_leaves_go_on_with_somebody_else(ticket, dora, alice, bob, lea, adam):
    cases = []
    for customer in (ticket.customer, dora):
        one = open_ticket(customer, by=customer, body="Mine", channel="email", team=ticket.team)
        assign_ticket(one, by=alice, user=alice)
        cases.append(open_case(one, by=None, trigger=Trigger.AGENT, why={}))
    assert {case.owner for case in cases} == {alice}
    Case.objects.filter(pk=cases[1].pk).update(is_second_failure=True)
    deactivate_person(alice, by=adam, to=bob)
    owners = {case.pk: case.owner for case in Case.objects.all()}
    assert owners == {cases[0].pk: bob, cases[1].pk: lea}
