"""The clock that measures promises: real transactions, several clocks at once, a worker that was away."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.tickets.looking import check_log, log
from tests.tickets.test_actions_races import at_once, quiet
from tickets.actions import open_ticket, post_message
from tickets.actions.promises import Terms, give_promise
from tickets.actions.promising import READER, measure
from tickets.jobs import measure_promises
from tickets.models import Event, EventMark, PromiseRun, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["quiet"]  # a fixture


@pytest.fixture(autouse=True)
def promised(desk_row):
    terms = Terms("next_answer", 10, is_round_the_clock=True)
    give_promise(by=None, words="Ten minutes", terms=terms, at=timezone.now() - timedelta(days=1))
    measure_promises()  # begins at the newest event
    return timezone.now() - timedelta(hours=1)


def tick() -> int:
    """What the clock finds broken until it has read everything: an event is read once it is certain that no transaction
    of its time is still open, and those of whoever else uses this server count."""
    newest, broken, end = Event.objects.latest("pk").pk, 0, time.monotonic() + 60
    while EventMark.objects.get(reader=READER).done_id < newest:
        assert time.monotonic() < end
        broken += measure_promises()
        time.sleep(0.02)
    return broken + measure_promises()


def waiting(carla, at) -> Ticket:
    return open_ticket(carla, by=carla, body="It does not ring.", channel="email", at=at)


def test_the_clock_reads_what_happened_and_says_what_is_broken(carla, alice, promised):
    ticket = waiting(carla, promised)
    assert tick() == 1
    assert tick() == 0
    assert log(ticket).count("promise.broken") == 1
    post_message(ticket, by=alice, body="Shake it.")
    assert tick() == 0
    run = PromiseRun.objects.get()
    assert run.state == "broken"
    assert run.broken_at == promised + timedelta(minutes=10)
    assert run.ended_at is not None


def test_what_was_answered_while_the_worker_was_away_is_kept(carla, alice, promised):
    ticket = waiting(carla, promised)
    post_message(ticket, by=alice, body="Shake it.", at=promised + timedelta(minutes=9))
    assert tick() == 0
    assert [run.state for run in PromiseRun.objects.all()] == ["kept"]


def test_of_many_clocks_one_says_it(carla, dora, promised):
    tickets = [waiting(carla, promised), waiting(dora, promised)]
    found = at_once(*[tick] * 4)
    assert not [one for one in found if isinstance(one, Exception)]
    assert sum(found) == 2
    for ticket in tickets:
        assert log(ticket).count("promise.broken") == 1
        check_log(ticket)


def test_posting_waits_for_no_reader(carla, alice, promised):
    """A batch of events that is being read locks no ticket: whoever writes meanwhile need not wait for its end."""
    ticket = waiting(carla, promised)

    def write() -> str:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
            return post_message(ticket, by=alice, body="Shake it.").body

    with transaction.atomic():
        for event in ticket.events.select_related("ticket").order_by("pk"):
            measure(event)
        assert PromiseRun.objects.count() == 1
        assert at_once(write) == ["Shake it."]
