"""Before a promise breaks, whoever has the ticket hears of it: once, and only while it can be kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Calendar
from customers.models import Customer
from tests.tickets.looking import log
from tickets.actions import assign_ticket, merge_ticket, open_ticket, post_message, set_status
from tickets.actions.notifying import notify
from tickets.actions.promises import Terms, give_promise
from tickets.actions.promising import measure_history
from tickets.actions.warning import warn_of_promises
from tickets.models import Event, Notification, Promise, PromiseRun, Ticket
from tickets.queries.promises import promise_rows, standings
from tickets.sla import warn_at
from tickets.templatetags.moments import wait

M = timedelta(minutes=1)
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday

pytestmark = pytest.mark.usefixtures("desk_row")


def promise(measure: str = "next_answer", minutes: int = 40, **more: object) -> Promise:
    terms = Terms(measure, minutes, is_round_the_clock=True, **more)  # type: ignore[arg-type]
    return give_promise(by=None, words="Forty minutes", terms=terms, at=T0 - timedelta(days=1))


def written(carla: Customer, alice, **more: object) -> Ticket:
    ticket = open_ticket(carla, by=carla, body="It does not ring.", channel="email", at=T0, **more)  # type: ignore[arg-type]
    assign_ticket(ticket, by=alice, user=alice, team=ticket.team, at=T0)
    return ticket


def warned(ticket: Ticket, minutes: float) -> int:
    """How often it is said on the ticket, after the clock has struck at this minute."""
    measure_history(T0 + minutes * M)
    warn_of_promises(T0 + minutes * M)
    return log(ticket).count("promise.near")


def test_it_is_said_once_when_a_quarter_is_left(carla, alice):
    given = promise()
    ticket = written(carla, alice)
    assert [warned(ticket, minute) for minute in (29, 30, 31, 39)] == [0, 1, 1, 1]
    event = Event.objects.get(ticket=ticket, type="promise.near")
    assert not event.is_public
    run = PromiseRun.objects.get()
    due = (T0 + 40 * M).isoformat()
    assert event.data == {"promise": given.pk, "run": run.pk, "words": "Forty minutes", "due_at": due}


def test_whoever_has_the_ticket_is_told_and_nobody_else(carla, alice, bob, lea):
    promise()
    ticket = written(carla, alice)
    warned(ticket, 30)
    event = Event.objects.get(type="promise.near")
    notify(event)
    told = Notification.objects.get()
    assert (told.user, told.kind) == (alice, "promise")


def test_what_was_answered_is_not_near(carla, alice):
    promise()
    ticket = written(carla, alice)
    post_message(ticket, by=alice, body="Shake it.", at=T0 + 5 * M)
    assert warned(ticket, 35) == 0


def test_what_is_broken_is_not_near(carla, alice):
    promise()
    ticket = written(carla, alice)
    assert warned(ticket, 41) == 0
    assert log(ticket).count("promise.broken") == 1


def test_where_nobody_has_it_it_is_said_once_somebody_does(carla, alice):
    promise()
    ticket = written(carla, alice)
    Ticket.objects.update(assignee=None)
    assert warned(ticket, 31) == 0
    Ticket.objects.update(assignee=alice)
    assert warned(ticket, 33) == 1


def test_not_while_something_is_unread(carla, alice):
    promise()
    ticket = written(carla, alice)
    measure_history(T0 + 31 * M)
    post_message(ticket, by=alice, body="Shake it.", at=T0 + 30 * M)
    warn_of_promises(T0 + 31 * M)
    assert "promise.near" not in log(ticket)


def test_time_in_which_it_is_paused_does_not_count(carla, alice):
    promise("solved", is_paused_while_pending=True)
    ticket = written(carla, alice)
    set_status(ticket, by=alice, status="pending", at=T0 + 10 * M)
    assert warned(ticket, 60) == 0
    set_status(ticket, by=alice, status="open", at=T0 + 100 * M)
    assert [warned(ticket, minute) for minute in (119, 120)] == [0, 1]  # 30 minutes were left, of 40
    set_status(ticket, by=alice, status="pending", at=T0 + 121 * M)
    set_status(ticket, by=alice, status="open", at=T0 + 200 * M)
    assert warned(ticket, 201) == 1  # it was said


def test_whoever_waits_on_the_ticket_that_goes_on_is_near_there(carla, alice):
    promise()
    ticket = written(carla, alice)
    other = written(carla, alice)
    PromiseRun.objects.all().delete()
    measure_history(T0 + M)
    merge_ticket(ticket, by=alice, into=other)
    assert warned(other, 31) == 1
    assert "promise.near" not in log(ticket)


def test_a_quarter_of_opening_hours():
    shop = Calendar(time_zone="UTC", hours={"0": [["09:00", "18:00"]], "1": [["09:00", "18:00"]]})
    begin = datetime(2026, 3, 2, 16, tzinfo=UTC)
    three = timedelta(hours=3)
    assert warn_at(begin, three, three, shop) == datetime(2026, 3, 3, 9, 15, tzinfo=UTC)
    assert warn_at(begin, timedelta(minutes=10), three, shop) == begin


def test_beside_the_ticket_it_is_marked(carla, alice):
    promise()
    ticket = written(carla, alice)
    measure_history(T0 + M)

    def near(minutes: int) -> list[bool]:
        rows = Ticket.objects.annotate(rows=promise_rows()).get(pk=ticket.pk).rows  # type: ignore[attr-defined]
        return [one.is_near for one in standings(rows, T0 + minutes * M)]

    assert [near(minutes) for minutes in (10, 30, 31, 41)] == [[False], [False], [True], [False]]


def test_in_the_list_it_is_marked_without_a_script(carla, alice):
    ticket = Ticket(waiting_since=T0, answer_due_at=T0 + 40 * M)
    with timezone.override("UTC"):
        states = [wait(ticket, T0 + minutes * M)["state"] for minutes in (10, 30, 31, 41)]
    assert states == ["", "", "soon", "late"]
