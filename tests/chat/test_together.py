"""What sockets ask together is answered as if each had asked alone."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from chat.actions import Shared, check_guest
from chat.actions.checking import _check
from chat.models import Block, Visitor
from chat.presence import mark_visitors_here
from chat.queries import look_at_guests, read_events, read_for_people
from customers.models import Customer
from tests.chat.conftest import agent_socket, arrive, say_hello
from tickets.actions import open_ticket, post_message
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


async def test_who_asks_while_somebody_else_asks_waits_for_that_answer():
    """Not for the next one, which a patient question would keep them waiting for."""
    may_answer, asked = threading.Event(), []

    def look(key):
        asked.append(key)
        may_answer.wait(5)
        return len(asked)

    shared = Shared(look, seconds=60)
    first = asyncio.create_task(shared.ask("a", max_age=10))
    while not asked:
        await asyncio.sleep(0.01)
    second = asyncio.create_task(shared.ask("a", max_age=10))
    await asyncio.sleep(0.05)
    may_answer.set()
    assert await asyncio.wait_for(asyncio.gather(first, second), 5) == [1, 1]
    assert await asyncio.wait_for(shared.ask("a", max_age=10), 5) == 1


def test_our_people_read_together_what_each_may_see_alone(
    carla: Customer, dora: Customer, alice: User, charlie: User, lea: User, workshop
):
    """An agent of another team, one of this team and a lead, from different positions."""
    mine = open_ticket(carla, by=carla, body="one", channel="chat", team=workshop)
    post_message(mine, by=carla, body="two")
    free = open_ticket(dora, by=dora, body="one", channel="chat")
    asked = [
        (charlie, {mine.pk: 0, free.pk: 0}),
        (alice, {mine.pk: 1, free.pk: 0}),
        (lea, {mine.pk: 2}),
        (alice, {free.pk: 1}),
    ]
    together = read_for_people(asked)
    assert together == [read_events(user, after) for user, after in asked]
    assert {event.ticket_id for event in together[0]} == {free.pk}  # charlie is not in the workshop
    assert {event.ticket_id for event in together[1]} == {mine.pk, free.pk}


def test_guests_are_looked_at_together(site, carla: Customer, dora: Customer, chat_ticket: Ticket):
    known, _ = arrive(site, carla)
    new, _ = arrive(site)
    blocked, _ = arrive(site, dora)
    Customer.objects.filter(pk=dora.pk).update(is_blocked=True)
    Block.objects.create(address="192.0.2.7")
    gone = new.pk + 1000
    asked = [(known.pk, "192.0.2.1"), (new.pk, "192.0.2.7"), (blocked.pk, "no address"), (gone, "192.0.2.1")]
    guests = look_at_guests(asked)
    assert [guest.visitor for guest in guests] == [known, new, blocked, None]
    assert [guest.is_turned_away for guest in guests] == [False, True, True, False]
    head = (chat_ticket.pk, chat_ticket.reference, Ticket.objects.get(pk=chat_ticket.pk).public_last_seq)
    assert [guest.heads for guest in guests] == [[head], [], [], []]


def test_only_the_newest_conversations_of_a_guest_are_told(site, carla: Customer, monkeypatch):
    monkeypatch.setattr("chat.queries.TICKETS_PER_GUEST", 2)
    tickets = [open_ticket(carla, by=carla, body="Hello", channel="chat") for _ in range(3)]
    (guest,) = look_at_guests([(arrive(site, carla)[0].pk, "")])
    assert [number for number, _, _ in guest.heads] == [tickets[2].pk, tickets[1].pk]


def test_who_is_turned_away_is_not_here(site):
    here, _ = arrive(site)
    away, _ = arrive(site)
    before = timezone.now() - timedelta(minutes=5)
    Visitor.objects.update(last_seen_at=before)
    Block.objects.create(address="192.0.2.7")
    _check([(here.pk, "192.0.2.1"), (away.pk, "192.0.2.7")])
    assert Visitor.objects.get(pk=here.pk).last_seen_at > before
    assert Visitor.objects.get(pk=away.pk).last_seen_at == before


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_visitor_who_is_being_written_about(site):
    busy, _ = arrive(site)
    free, _ = arrive(site)
    before = timezone.now() - timedelta(minutes=5)
    Visitor.objects.update(last_seen_at=before)
    for visitor in (busy, free):
        visitor.last_seen_at = before
    done = threading.Event()

    def mark():
        mark_visitors_here([busy, free])
        done.set()

    with transaction.atomic():
        Visitor.objects.select_for_update().get(pk=busy.pk)
        thread = threading.Thread(target=mark)
        thread.start()
        assert done.wait(10)
    thread.join()
    assert Visitor.objects.get(pk=free.pk).last_seen_at > before
    assert Visitor.objects.get(pk=busy.pk).last_seen_at == before


async def test_all_that_happened_to_a_ticket_at_once_reaches_whoever_does_not_watch_it(live, site, alice, chat_ticket):
    """Two events in one transaction ring once; a list or a program that never asked for the ticket hears of both."""

    def twice() -> None:
        with transaction.atomic():
            post_message(chat_ticket, by=chat_ticket.customer, body="first")
            post_message(chat_ticket, by=chat_ticket.customer, body="second")

    async with await agent_socket(live, alice) as agent:
        await say_hello(agent)
        await sync_to_async(twice)()
        await agent.wait_for("event", ref=chat_ticket.reference, seq=3)
        await agent.wait_for("event", ref=chat_ticket.reference, seq=4)


async def test_checks_that_come_together_are_one_batch(live, site):
    visitors = [(await sync_to_async(arrive)(site))[0] for _ in range(3)]
    guests = await asyncio.gather(*(check_guest(one.pk, "192.0.2.1") for one in visitors))
    assert [guest.visitor for guest in guests] == visitors
