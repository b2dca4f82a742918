"""Every promise is measured from what happened, and comes to the same whenever that is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Calendar
from customers.actions import block_customer
from tests.tickets.looking import again, last, log
from tickets.actions import (
    assign_ticket,
    merge_ticket,
    open_ticket,
    post_message,
    reopen_ticket,
    resolve_ticket,
    restore_ticket,
    set_priority,
    set_status,
    split_ticket,
    transfer_ticket,
    trash_ticket,
    undo_merge,
)
from tickets.actions.promises import Terms, change_promise, give_promise, switch_promise
from tickets.actions.promising import break_promises, measure_history
from tickets.actions.solving import BeforeSolving
from tickets.events import record
from tickets.models import Event, Message, Promise, PromiseRun, Ticket

pytestmark = pytest.mark.django_db

T0 = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)  # a Wednesday
M = timedelta(minutes=1)


def promise(measure: str = "next_answer", minutes: int | None = 30, **terms: Any) -> Promise:
    words = terms.pop("words", "An answer within half an hour")
    terms = {"is_round_the_clock": True} | terms
    asked = Terms(measure=measure, minutes=minutes, **terms)
    return give_promise(by=None, words=words, terms=asked, at=T0 - timedelta(days=90))


def written(carla, at: datetime = T0, **fields: Any) -> Ticket:
    return open_ticket(carla, by=carla, body="It does not ring.", channel="email", at=at, **fields)


def runs(ticket: Ticket | None = None) -> list[tuple[str, str, int | None]]:
    """What became of each: measure, state, minutes until its end (None: none yet)."""
    rows = PromiseRun.objects.filter(ticket=ticket) if ticket else PromiseRun.objects.all()
    return [
        (run.promise.measure, run.state, int((run.ended_at - run.began_at) / M) if run.ended_at else None)
        for run in rows.select_related("promise").order_by("pk")
    ]


def after(minutes: int) -> datetime:
    return T0 + minutes * M


@pytest.fixture(autouse=True)
def company(desk_row):
    return desk_row


# --- Answers -------------------------------------------------------------------------------
def test_an_answer_in_time_keeps_it(carla, alice):
    promise()
    ticket = written(carla)
    post_message(ticket, by=alice, body="Shake it.", at=after(30))
    measure_history(after(500))
    assert runs() == [("next_answer", "kept", 30)]
    assert "promise.broken" not in log(ticket)


def test_what_is_late_is_said_once_with_how_late_it_was(carla, alice):
    given = promise(words="Half an hour, no longer")
    ticket = written(carla)
    post_message(ticket, by=alice, body="Shake it.", at=after(55))
    measure_history(after(500))
    measure_history(after(900))
    run = PromiseRun.objects.get()
    assert (run.state, run.broken_at, run.ended_at) == ("broken", after(30), after(55))
    assert log(ticket).count("promise.broken") == 1
    said = last(ticket)
    assert not said.is_public
    assert said.data == {
        "promise": given.pk,
        "run": run.pk,
        "words": "Half an hour, no longer",
        "measure": "next_answer",
        "began_at": T0.isoformat(),
        "due_at": after(30).isoformat(),
        "late": 25 * 60,
    }


def test_it_is_broken_while_the_customer_still_waits_and_the_late_answer_is_kept_on_record(carla, alice):
    promise()
    ticket = written(carla)
    measure_history(after(30))
    assert runs() == [("next_answer", "running", None)], "at the minute it is due it is not late yet"
    measure_history(after(31))
    assert runs() == [("next_answer", "broken", None)]
    assert last(ticket).data["late"] is None
    post_message(ticket, by=alice, body="Shake it.", at=after(90))
    measure_history(after(91))
    run = PromiseRun.objects.get()
    assert (run.state, run.broken_at, run.ended_at) == ("broken", after(30), after(90))
    assert log(ticket).count("promise.broken") == 1


def test_several_messages_wait_as_one_and_each_wait_counts(carla, alice):
    promise()
    ticket = written(carla)
    post_message(ticket, by=carla, body="Hello?", at=after(10))
    post_message(ticket, by=alice, body="Shake it.", at=after(20))
    post_message(ticket, by=alice, body="Twice.", at=after(21))
    post_message(ticket, by=carla, body="It still does not.", at=after(100))
    measure_history(after(110))
    assert runs() == [("next_answer", "kept", 20), ("next_answer", "running", None)]


def test_a_first_answer_is_asked_for_once(carla, alice):
    promise("first_answer")
    ticket = written(carla)
    post_message(ticket, by=alice, body="Shake it.", at=after(20))
    post_message(ticket, by=carla, body="It still does not.", at=after(30))
    measure_history(after(500))
    assert runs() == [("first_answer", "kept", 20)]


def test_a_note_answers_nobody_and_pending_snoozed_or_on_hold_the_customer_waits(carla, alice):
    promise()
    ticket = written(carla)
    post_message(ticket, by=alice, body="No idea.", kind=Message.Kind.NOTE, at=after(5))
    set_status(ticket, by=alice, status="pending", at=after(6))
    set_status(ticket, by=alice, status="on_hold", at=after(7))
    measure_history(after(40))
    assert runs() == [("next_answer", "broken", None)]


def test_solved_without_a_word_it_does_not_count_but_past_due_it_is_broken(carla, dora, alice):
    promise()
    early, late = written(carla), written(dora)
    resolve_ticket(early, by=alice, root_cause=None, at=after(10))
    resolve_ticket(late, by=alice, root_cause=None, at=after(40))
    measure_history(after(50))
    assert runs(early) == [("next_answer", "void", 10)]
    assert runs(late) == [("next_answer", "broken", 40)]


def test_a_ticket_that_we_begin_promises_nothing_until_the_customer_writes(carla, alice):
    promise("first_answer")
    ticket = open_ticket(carla, by=alice, body="Your bike is ready.", channel="email", at=T0)
    measure_history(after(100))
    assert runs() == []
    post_message(ticket, by=carla, body="When are you open?", at=after(200))
    measure_history(after(201))
    assert runs() == [("first_answer", "running", None)]


# --- What does not count -------------------------------------------------------------------
def test_in_the_trash_it_does_not_count_and_restored_it_goes_on(carla, alice):
    promise()
    ticket = written(carla)
    measure_history(after(35))
    trash_ticket(ticket, by=alice, at=after(40))
    measure_history(after(50))
    assert runs() == [("next_answer", "void", 40)]
    restore_ticket(ticket, by=alice, at=after(60))
    measure_history(after(61))
    assert runs() == [("next_answer", "broken", None)]
    assert log(ticket).count("promise.broken") == 1, "it was said already"


def test_whoever_is_blocked_was_promised_nothing(carla, alice):
    promise()
    ticket = written(carla)
    block_customer(carla, by=alice, is_blocked=True)
    measure_history(after(40))
    assert [state for _, state, _ in runs()] == ["void"]
    assert "promise.broken" not in log(ticket)


def test_merged_the_customer_has_waited_since_the_first_of_both(carla, alice):
    promise()
    first, second = written(carla), written(carla, after(10))
    merge_ticket(first, by=None, into=second)
    Event.objects.filter(type="ticket.merged").update(at=after(15))
    post_message(second, by=alice, body="Both answered.", at=after(32))
    measure_history(after(33))
    assert runs(first) == [("next_answer", "void", 15)]
    assert runs(second) == [("next_answer", "void", 5), ("next_answer", "broken", 32)]


def test_a_merge_that_is_undone_leaves_both_as_they_were(carla, alice):
    promise()
    first, second = written(carla), written(carla, after(10))
    merge_ticket(first, by=None, into=second)
    Event.objects.filter(type="ticket.merged").update(at=after(15))
    undo_merge(first, by=None)
    Event.objects.filter(type="ticket.unmerged").update(at=after(20))
    post_message(second, by=alice, body="One answered.", at=after(25))
    measure_history(after(100))
    assert runs(first) == [("next_answer", "broken", None)]
    assert runs(second) == [("next_answer", "kept", 15), ("next_answer", "void", 20)]


def test_what_is_split_off_waits_since_its_message(carla, alice):
    promise()
    ticket = written(carla)
    message = Message.objects.get(ticket=ticket)
    new = split_ticket(ticket, message=message, by=alice, subject="The bell", at=after(10))
    measure_history(after(31))
    assert runs(new) == [("next_answer", "broken", None)]
    assert PromiseRun.objects.get(ticket=new).began_at == T0
    post_message(ticket, by=alice, body="Done.", at=after(40))
    other = split_ticket(ticket, message=message, by=alice, subject="Once more", at=after(50))
    measure_history(after(60))
    assert runs(other) == [], "answered before it was split off"


# --- Solved --------------------------------------------------------------------------------
def test_solved_in_time_reopened_and_solved_again(carla, alice):
    promise("solved", 60)
    ticket = written(carla)
    resolve_ticket(ticket, by=alice, root_cause=None, at=after(50))
    reopen_ticket(ticket, by=alice, at=after(100))
    resolve_ticket(ticket, by=alice, root_cause=None, at=after(200))
    post_message(ticket, by=carla, body="It is not.", at=after(300))
    measure_history(after(310))
    assert runs() == [("solved", "kept", 50), ("solved", "broken", 100), ("solved", "running", None)]


def test_a_solving_that_is_undone_never_was(carla, alice):
    promise("solved", 60)
    promise()
    ticket = written(carla)
    before = BeforeSolving("open", None, ticket.waiting_since, ticket.answer_due_at, None, None)
    resolve_ticket(ticket, by=alice, root_cause=None, at=after(10))
    reopen_ticket(ticket, by=alice, as_before=before, at=after(11))
    measure_history(after(61))
    assert runs() == [("solved", "broken", None), ("next_answer", "broken", None)]


def test_a_call_is_to_be_solved_though_nobody_wrote(carla, alice):
    promise("solved", 60)
    promise()
    open_ticket(carla, by=alice, body="She rang.", kind=Message.Kind.NOTE, channel="phone", at=T0)
    measure_history(after(10))
    assert runs() == [("solved", "running", None)]


def test_pending_stops_what_is_to_be_solved_only_where_the_company_says_so(carla, alice):
    promise("solved", 60)
    promise("solved", 60, is_paused_while_pending=True)
    ticket = written(carla)
    set_status(ticket, by=alice, status="pending", at=after(20))
    measure_history(after(70))
    assert runs() == [("solved", "broken", None), ("solved", "running", None)]
    post_message(ticket, by=carla, body="Here it is.", at=after(300))
    measure_history(after(301))
    assert PromiseRun.objects.get(promise__is_paused_while_pending=True).due_at == after(340)
    set_status(ticket, by=alice, status="pending", at=after(320))
    resolve_ticket(ticket, by=alice, root_cause=None, at=after(900))
    measure_history(after(901))
    assert runs() == [("solved", "broken", 900), ("solved", "kept", 900)]


# --- Transfers -----------------------------------------------------------------------------
def test_a_transfer_needs_a_word(carla, alice, bob, workshop, shop):
    given = promise("handed_over", None, words="Nobody has to tell it twice")
    ticket = written(carla, team=workshop)
    assign_ticket(ticket, by=alice, user=alice, at=after(1))  # taken, not transferred
    transfer_ticket(ticket, by=alice, user=bob, note="She has the wrong bell.", at=after(2))
    transfer_ticket(ticket, by=bob, team=shop, at=after(3))
    measure_history(after(4))
    assert runs() == [("handed_over", "kept", 0), ("handed_over", "broken", 0)]
    assert last(ticket).type == "promise.broken"
    assert last(ticket).data["promise"] == given.pk
    assert "due_at" not in last(ticket).data


def test_to_give_it_to_another_person_is_a_transfer_and_to_take_it_is_none(carla, alice, bob, charlie, workshop):
    promise("handed_over", None)
    ticket = written(carla, team=workshop)
    assign_ticket(ticket, by=alice, user=bob, at=after(1))  # nobody had it
    assign_ticket(ticket, by=alice, user=alice, at=after(2))  # she takes it from him
    assign_ticket(ticket, by=alice, user=None, at=after(3))  # given back: nobody has it now
    assign_ticket(ticket, by=None, user=bob, at=after(4))
    assign_ticket(ticket, by=None, user=charlie, at=after(5))  # the system does
    measure_history(after(6))
    assert runs() == []
    assign_ticket(ticket, by=charlie, user=bob, at=after(7))
    measure_history(after(8))
    assert runs() == [("handed_over", "broken", 0)]
    assign_ticket(ticket, by=charlie, user=charlie, at=after(9), is_undo=True)
    measure_history(after(10))
    assert [state for _, state, _ in runs()] == ["void"], "undone, it was none"


def test_in_a_chat_that_goes_to_a_team_the_customer_waits(carla, alice, site, shop):
    promise()
    chat = open_ticket(carla, by=carla, body="Hello?", channel="chat", site=site, at=T0)
    post_message(chat, by=alice, body="Hello!", at=after(1))
    transfer_ticket(chat, by=alice, team=shop, note="A question of price.", at=after(2))
    measure_history(after(33))
    assert runs() == [("next_answer", "kept", 1), ("next_answer", "broken", None)]
    assert again(chat).waiting_since == after(2)


# --- Which promises hold -------------------------------------------------------------------
def test_it_holds_on_tickets_as_they_were_when_it_began(carla, alice, workshop, shop):
    promise(team=workshop)
    promise(priority=3)
    promise(channel="chat")
    ticket = written(carla, team=workshop)
    assign_ticket(ticket, by=alice, team=shop, at=after(1))
    set_priority(ticket, by=alice, priority=4, at=after(2))
    post_message(ticket, by=alice, body="One moment.", at=after(3))
    post_message(ticket, by=carla, body="Yes?", at=after(4))
    measure_history(after(5))
    found = PromiseRun.objects.order_by("pk").values_list("promise__team", "promise__priority", "began_at")
    assert list(found) == [(workshop.pk, None, T0), (None, 3, after(4))]


def test_a_changed_promise_concerns_what_begins_from_then_on(carla, dora, alice):
    given = promise(minutes=30)
    old = written(carla)  # read after the change
    changed = change_promise(
        given, by=None, words="An hour", terms=Terms("next_answer", 60, is_round_the_clock=True), is_public=False
    )
    now = changed.created_at
    new = open_ticket(dora, by=dora, body="And mine?", channel="email", at=now + M)
    measure_history(now + 2 * M)
    assert [(run.promise_id, run.due_at) for run in PromiseRun.objects.order_by("pk")] == [
        (given.pk, old.created_at + 30 * M),
        (changed.pk, new.created_at + 60 * M),
    ]


def test_what_is_promised_no_more_begins_nothing_and_ends_what_ran(carla, dora, alice):
    given = promise()
    ticket = written(carla)
    switched = switch_promise(given, by=None, is_on=False)
    open_ticket(dora, by=dora, body="And mine?", channel="email", at=switched.ended_at + M)
    post_message(ticket, by=alice, body="Shake it.", at=after(20))
    measure_history(switched.ended_at + 2 * M)
    assert runs() == [("next_answer", "kept", 20)]


def test_opening_hours_of_the_promise_or_of_the_site(carla, site):
    hours = {str(day): [["09:00", "17:00"]] for day in range(5)}
    site.calendar = Calendar.objects.create(name="Chat", time_zone="UTC", hours=hours)
    site.save()
    noon = Calendar.objects.create(name="Noon", time_zone="UTC", hours={"2": [["12:00", "13:00"]]})
    for terms in ({}, {"calendar": noon}, {"is_round_the_clock": True}):
        promise(**({"is_round_the_clock": False} | terms))
    open_ticket(carla, by=carla, body="Hello?", channel="chat", site=site, at=T0 - 60 * M)
    measure_history(T0)
    assert [run.due_at for run in PromiseRun.objects.order_by("pk")] == [after(30), after(210), after(-30)]


# --- Whenever it is read -------------------------------------------------------------------
def play(script: list[tuple[int, int]], people: dict[str, Any], looks: set[int]) -> None:
    """Do these things, some minutes after one another, on two tickets; what cannot be done just then is not. Whoever
    measures looks after these steps only."""
    carla, alice, bob, workshop, shop = (people[name] for name in ("carla", "alice", "bob", "workshop", "shop"))
    tickets = [written(carla, team=workshop), written(carla, team=None)]
    acts: list[Callable[[Ticket, datetime, bool], object]] = [
        lambda ticket, at, odd: post_message(ticket, by=carla, body="?", at=at),
        lambda ticket, at, odd: post_message(ticket, by=alice, body="!", at=at),
        lambda ticket, at, odd: resolve_ticket(ticket, by=alice, root_cause=None, at=at),
        lambda ticket, at, odd: reopen_ticket(ticket, by=alice, at=at),
        lambda ticket, at, odd: trash_ticket(ticket, by=alice, at=at),
        lambda ticket, at, odd: restore_ticket(ticket, by=alice, at=at),
        lambda ticket, at, odd: transfer_ticket(ticket, by=alice, user=bob, note="" if odd else "A word", at=at),
        lambda ticket, at, odd: transfer_ticket(ticket, by=alice, team=shop if odd else workshop, at=at),
        lambda ticket, at, odd: set_status(ticket, by=alice, status="pending" if odd else "open", at=at),
        lambda ticket, at, odd: set_priority(ticket, by=alice, priority=4 if odd else 1, at=at),
        lambda ticket, at, odd: merge_ticket(ticket, by=None, into=tickets[ticket.pk == tickets[0].pk]),
        lambda ticket, at, odd: undo_merge(ticket, by=None),
        lambda ticket, at, odd: assign_ticket(ticket, by=alice, user=bob if odd else alice, at=at),
    ]
    now = T0
    for step, (what, minutes) in enumerate(script):
        now += minutes * M
        try:
            with transaction.atomic():
                acts[what // 2](again(tickets[what % 2]), now, bool(minutes % 2))
        except Exception:  # noqa: BLE001, S110  (it cannot be done to a ticket like this)
            pass
        Event.objects.filter(at__gt=T0 + timedelta(days=2)).update(at=now)  # a merge happens now, whatever now is
        if step in looks:
            measure_history(now)


def measured(script: list[tuple[int, int]], people: dict[str, Any], looks: set[int]) -> list[tuple[Any, ...]]:
    """The runs that such a story comes to, by what they are about; nothing of it is kept."""
    with transaction.atomic():
        for measure_, minutes, terms in (
            ("first_answer", 20, {}),
            ("next_answer", 30, {"team": people["workshop"]}),
            ("next_answer", 40, {"priority": 3}),
            ("solved", 90, {"is_paused_while_pending": True}),
            ("handed_over", None, {}),
        ):
            promise(measure_, minutes, **terms)
        play(script, people, looks)
        measure_history(T0 + timedelta(days=2))
        numbers = sorted(Ticket.objects.values_list("pk", flat=True))
        found = [
            (
                (run.promise.measure, run.promise.minutes, numbers.index(run.ticket_id), run.began.type, run.began_at),
                (run.state, run.due_at, run.ended and run.ended.type, run.ended_at, run.broken_at, run.left),
            )
            for run in PromiseRun.objects.select_related("promise", "began", "ended")
        ]
        for number in numbers:
            broken = Event.objects.filter(ticket=number, type="promise.broken")
            assert broken.count() == len({event.data["run"] for event in broken}), "each is said once"
        transaction.set_rollback(True)
    return sorted(found, key=repr)


@pytest.fixture
def people(carla, alice, bob, workshop, shop):
    return {"carla": carla, "alice": alice, "bob": bob, "workshop": workshop, "shop": shop}


@given(
    script=st.lists(st.tuples(st.integers(0, 25), st.integers(1, 45)), max_size=14),
    looks=st.sets(st.integers(0, 13), max_size=6),
)
@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whenever_it_is_read_the_runs_are_the_same(people, script, looks):
    """Read all along, now and then, or only afterwards, as by a worker that was away."""
    afterwards = measured(script, people, set())
    assert afterwards
    assert measured(script, people, looks) == afterwards
    assert measured(script, people, set(range(len(script)))) == afterwards


# --- The clock -----------------------------------------------------------------------------
def test_what_is_unread_may_have_been_in_time(carla, alice):
    """The answer is in the log, committed, and the reader has not come to it yet: nothing is broken."""
    promise()
    ticket = written(carla)
    measure_history(after(10))
    post_message(ticket, by=alice, body="Shake it.", at=after(20))
    assert break_promises(after(60)) == 0
    assert runs() == [("next_answer", "running", None)]
    measure_history(after(61))
    assert runs() == [("next_answer", "kept", 20)]


def test_a_run_that_cannot_be_decided_does_not_hold_up_the_others(carla, dora, monkeypatch):
    promise()
    first, second = written(carla), written(dora)
    measure_history(after(10))

    def fails_once(ticket: Ticket, *args: Any, **kwargs: Any) -> Event:
        if ticket.pk == first.pk:
            raise RuntimeError
        return record(ticket, *args, **kwargs)

    monkeypatch.setattr("tickets.actions.promising.record", fails_once)
    assert break_promises(after(60)) == 1
    assert "promise.broken" in log(second)
    assert runs(first) == [("next_answer", "running", None)]
    monkeypatch.undo()
    assert break_promises(after(61)) == 1


def test_nothing_more_is_asked_of_the_database_where_a_message_is_posted(chat_ticket, carla, alice, site):
    site.calendar = Calendar.objects.create(name="Chat", time_zone="UTC", hours={})
    site.save()

    def cost() -> int:
        post_message(chat_ticket, by=alice, body="Hello!")
        with CaptureQueriesContext(connection) as asked:
            post_message(Ticket.objects.get(pk=chat_ticket.pk), by=carla, body="And then?")
        return len(asked)

    without = cost()
    for number in range(5):
        promise(minutes=number + 3)
    assert cost() == without
    now = again(chat_ticket)
    assert now.answer_due_at == now.waiting_since + 3 * M, "the strictest"


@pytest.mark.parametrize(
    ("measure_", "channel", "minutes"), [("solved", "", 10), ("next_answer", "chat", 10), ("first_answer", "", 45)]
)
def test_where_nothing_is_promised_the_companys_minutes_order_the_list(carla, alice, measure_, channel, minutes):
    promise(measure_, 45, channel=channel)
    ticket = open_ticket(carla, by=carla, body="Hello?", channel="email", at=T0)
    assert ticket.answer_due_at == T0 + minutes * M
    post_message(ticket, by=alice, body="Yes?", at=after(1))
    post_message(ticket, by=carla, body="So.", at=after(2))
    assert again(ticket).answer_due_at == after(12), "a first answer was given"
