"""Many at once: real threads, real transactions, real locks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from outbox.models import Mail
from tests.tickets.looking import again, check_log, log
from tickets.actions import (
    Post,
    assign_ticket,
    do_follow_up_now,
    drop_follow_up,
    mark_seen,
    merge_ticket,
    open_ticket,
    plan_follow_up,
    post_message,
    post_messages,
    resolve_ticket,
    run_follow_up,
    set_priority,
    tag_ticket,
)
from tickets.jobs import run_due_follow_ups
from tickets.models import Event, FollowUp, Message, ReadMark, Tag, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """No bells and no broker: these tests are about the database."""
    monkeypatch.setattr("tickets.events._ring", lambda heads: None)
    monkeypatch.setattr("tickets.events.nudge", lambda *args: None)
    monkeypatch.setattr("tickets.actions.following_up.nudge", lambda *args: None)
    monkeypatch.setattr("outbox.actions.mails.nudge", lambda mail_id: None)


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """What each job returned or raised, all begun at the same moment on connections of their own."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        try:
            start.wait(10)
            return job()
        except Exception as error:  # noqa: BLE001
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_four_writers_leave_no_gap(ticket, carla, alice, bob):
    def write(by, kind="reply") -> Callable[[], None]:
        def job() -> None:
            for number in range(25):
                post_message(ticket, by=by, body=f"{by.pk}-{number}", kind=kind, client_id=f"{kind}{number}")

        return job

    results = at_once(write(carla), write(alice), write(bob), write(alice, "note"))
    assert results == [None] * 4
    assert again(ticket).last_seq == 102
    assert Message.objects.filter(ticket=ticket).count() == 101
    check_log(ticket)
    for by, column in ((carla, "by_customer"), (bob, "by_user")):
        mine = Event.objects.filter(**{column: by}, message__client_id__startswith="reply").order_by("seq")
        assert [event.message.body for event in mine] == [f"{by.pk}-{number}" for number in range(25)]


def test_batches_over_the_same_tickets_in_other_orders_do_not_lock_each_other_out(carla, dora, desk_row):
    tickets = [open_ticket(carla, by=carla, body="x", channel="form") for _ in range(4)]

    def write(order) -> Callable[[], list[Message]]:
        return lambda: [
            message for _ in range(8) for message in post_messages([Post(one, by=carla, body="y") for one in order])
        ]

    results = at_once(write(tickets), write(tickets[::-1]), write(tickets[2:] + tickets[:2]))
    assert [len(result) for result in results] == [32, 32, 32]
    for ticket in tickets:
        assert again(ticket).last_seq == 26
        check_log(ticket)


def test_the_same_message_from_many_sides_is_stored_once(ticket, carla):
    results = at_once(*[lambda: post_message(ticket, by=carla, body="Words", client_id="c1").pk] * 6)
    assert len(set(results)) == 1
    assert again(ticket).last_seq == 3
    check_log(ticket)


def test_the_same_message_on_two_tickets_at_once_is_stored_once(ticket, carla, workshop):
    other = open_ticket(carla, by=carla, body="x", channel="form")
    for number in range(5):
        results = at_once(
            *[
                lambda t=t, n=number: post_message(t, by=carla, body="Words", client_id=f"c{n}").pk
                for t in (ticket, other)
            ]
        )
        assert len(set(results)) == 1, results
    assert Message.objects.filter(client_id__startswith="c").count() == 5
    check_log(ticket)
    check_log(other)


def test_the_same_first_message_opens_one_ticket(carla, desk_row):
    results = at_once(*[lambda: open_ticket(carla, by=carla, body="Words", channel="chat", client_id="c1").pk] * 6)
    assert len(set(results)) == 1, results
    assert Ticket.objects.count() == 1
    assert Message.objects.count() == 1


def test_late_messages_at_once_open_one_linked_ticket(ticket, carla):
    resolve_ticket(ticket, by=None, root_cause=None, at=timezone.now() - timedelta(days=20))
    results = at_once(*[lambda n=n: post_message(ticket, by=carla, body=f"{n}").ticket_id for n in range(4)])
    assert len(set(results)) == 1, results
    assert Ticket.objects.count() == 2
    check_log(Ticket.objects.get(pk=results[0]))


def test_changes_of_many_kinds_at_once_all_arrive(ticket, alice, bob, carla, cause):
    results = at_once(
        lambda: [set_priority(ticket, by=alice, priority=p) for p in (3, 4, 1, 3)],
        lambda: [assign_ticket(ticket, by=bob, user=user) for user in (alice, bob, None, alice)],
        lambda: [tag_ticket(ticket, by=alice, tags=tags) for tags in (["a"], ["b"], ["a", "b"])],
        lambda: [post_message(ticket, by=carla, body="Words") for _ in range(4)],
    )
    assert not [result for result in results if isinstance(result, Exception)]
    now = again(ticket)
    assert (now.priority, now.assignee, {tag.name for tag in now.tags.all()}) == (3, alice, {"a", "b"})
    assert now.waiting_since is not None
    check_log(ticket)


def test_a_new_tag_wanted_by_many_is_made_once(alice, carla, desk_row):
    tickets = [open_ticket(carla, by=carla, body="x", channel="form") for _ in range(5)]
    results = at_once(*[lambda t=t: tag_ticket(t, by=alice, tags=["Tyre"]) for t in tickets])
    assert not [result for result in results if isinstance(result, Exception)]
    assert Tag.objects.count() == 1


def test_only_one_of_many_solves(ticket, alice, cause):
    results = at_once(*[lambda: resolve_ticket(ticket, by=alice, root_cause=cause)] * 4)
    assert sum(isinstance(result, ValidationError) for result in results) == 3
    assert log(ticket, after=2) == ["ticket.resolved*"]
    assert FollowUp.objects.filter(kind="after_solving").count() == 1


def test_a_mark_never_goes_back(ticket, alice, carla):
    for number in range(10):
        post_message(ticket, by=carla, body=f"{number}")
    at_once(*[lambda seqs=seqs: [mark_seen(ticket, by=alice, seq=seq) for seq in seqs]
              for seqs in (range(12, 0, -1), range(1, 13), (5, 3, 12, 1))])  # fmt: skip
    assert ReadMark.objects.get(user=alice).seq == 12


def test_two_clocks_send_the_question_once(ticket, alice, cause):
    resolve_ticket(ticket, by=alice, root_cause=cause)
    FollowUp.objects.update(due_at=timezone.now())
    row = FollowUp.objects.get(kind="after_solving")
    results = at_once(lambda: run_follow_up(row), lambda: run_follow_up(row), run_due_follow_ups, run_due_follow_ups)
    assert not [result for result in results if isinstance(result, Exception)]
    assert Mail.objects.filter(kind="follow_up").count() == 1
    assert log(ticket, after=3) == ["follow_up.sent"]


@pytest.mark.parametrize("round_", range(4))
def test_whoever_writes_while_the_clock_strikes_is_not_asked(ticket, alice, carla, round_):
    resolve_ticket(ticket, by=alice, root_cause=None)
    FollowUp.objects.update(due_at=timezone.now())
    at_once(run_due_follow_ups, lambda: post_message(ticket, by=carla, body="Not yet"))
    assert not FollowUp.objects.scheduled().filter(kind="after_solving").exists()
    assert not Mail.objects.filter(kind="follow_up").exclude(state="cancelled").exists()
    assert again(ticket).status == "open"
    check_log(ticket)


def test_answers_leave_once_while_more_are_written(ticket, alice):
    post_message(ticket, by=alice, body="Answer-0")
    at_once(
        run_due_follow_ups,
        run_due_follow_ups,
        lambda: [post_message(ticket, by=alice, body=f"Answer-{number}") for number in range(1, 6)],
    )
    run_due_follow_ups()
    said = "".join(Mail.objects.values_list("text", flat=True))
    assert [said.count(f"Answer-{number}") for number in range(6)] == [1] * 6
    check_log(ticket)


# --- Planned follow-ups --------------------------------------------------------------------


def planned(ticket, by, kind: str, **asked) -> FollowUp:
    """One whose time has come."""
    tomorrow = timezone.now() + timedelta(days=1)
    row = plan_follow_up(ticket, by=by, kind=kind, body=f"Has it arrived? {kind}", due_at=tomorrow, **asked)
    FollowUp.objects.filter(pk=row.pk).update(due_at=timezone.now())
    return row


@pytest.mark.parametrize("kind", ["message", "task"])
def test_two_workers_and_two_clocks_do_what_is_planned_once(ticket, alice, bob, kind):
    post_message(ticket, by=alice, body="It leaves today")
    rows = [planned(ticket, by, kind) for by in (alice, bob, alice)]
    before = again(ticket).last_seq
    results = at_once(
        run_due_follow_ups,
        run_due_follow_ups,
        *[lambda row=row: run_follow_up(row) for row in rows],
        lambda: [post_message(ticket, by=bob, body=f"{number}", kind="note") for number in range(5)],
    )
    assert not [result for result in results if isinstance(result, Exception)]
    for _ in range(3):  # whoever met another one's lock left the row to the next tick
        run_due_follow_ups()
    happened = log(ticket, after=before)
    assert happened.count("follow_up.done" if kind == "message" else "follow_up.due") == 3
    assert ticket.messages.replies().filter(body__contains="Has it arrived?").count() == (3 if kind == "message" else 0)
    check_log(ticket)


@pytest.mark.parametrize("round_", range(4))
def test_a_customer_who_writes_while_the_clock_strikes_never_gets_both(ticket, alice, carla, round_):
    """Either the message left before their words, or it was called off: never after them."""
    post_message(ticket, by=alice, body="It leaves today")
    row = planned(ticket, alice, "message", unless=["customer_writes"])
    at_once(run_due_follow_ups, lambda: post_message(ticket, by=carla, body="It is here"), run_due_follow_ups)
    run_due_follow_ups()
    row.refresh_from_db()
    said = list(ticket.events.filter(message__isnull=False).order_by("seq").values_list("message__body", flat=True))
    if row.state == "done":
        assert said.index("Has it arrived? message") < said.index("It is here")
    else:
        assert (row.state, row.reason) == ("cancelled", "the customer wrote")
        assert "Has it arrived? message" not in said
    check_log(ticket)


def test_it_is_called_off_or_sent_but_not_both(ticket, alice, bob):
    post_message(ticket, by=alice, body="It leaves today")
    row = planned(ticket, alice, "message")
    results = at_once(
        lambda: drop_follow_up(row, by=bob),
        run_due_follow_ups,
        lambda: do_follow_up_now(row, by=bob),
        run_due_follow_ups,
    )
    run_due_follow_ups()
    row.refresh_from_db()
    sent = ticket.messages.filter(body__contains="Has it arrived?").count()
    assert (row.state, sent) in (("done", 1), ("cancelled", 0))
    assert all(isinstance(result, ValidationError) for result in results if isinstance(result, Exception))
    check_log(ticket)


def test_planned_twice_at_once_under_one_id_it_is_planned_once(ticket, alice, carla, desk_row):
    other = open_ticket(carla, by=carla, body="Another one", channel="email")
    told = {"kind": "task", "body": "Call", "due_at": timezone.now() + timedelta(days=1), "client_id": "once"}
    results = at_once(
        *[lambda: plan_follow_up(ticket, by=alice, **told)] * 3, lambda: plan_follow_up(other, by=alice, **told)
    )
    assert FollowUp.objects.planned().count() == 1
    assert all(isinstance(result, FollowUp | ValidationError) for result in results)


def test_merging_while_the_clock_strikes_loses_and_doubles_nothing(ticket, alice, carla, workshop):
    post_message(ticket, by=alice, body="It leaves today")
    other = open_ticket(carla, by=carla, body="The same", channel="email", team=workshop)
    post_message(other, by=alice, body="I see")
    rows = [planned(ticket, alice, "message"), planned(ticket, alice, "task")]
    results = at_once(run_due_follow_ups, lambda: merge_ticket(ticket, by=alice, into=other), run_due_follow_ups)
    assert not [result for result in results if isinstance(result, Exception)]
    run_due_follow_ups()
    assert [FollowUp.objects.get(pk=row.pk).state for row in rows] == ["done", "due"]
    assert Message.objects.filter(body__contains="Has it arrived?").count() == 1
    for one in (ticket, other):
        check_log(one)


@pytest.mark.parametrize("kind", ["message", "task"])
@pytest.mark.parametrize("place", ["tickets.actions.falling_due.record", "tickets.actions.falling_due.end"])
def test_a_worker_that_dies_on_the_way_loses_and_doubles_nothing(ticket, alice, monkeypatch, kind, place):
    """Whatever was written before it died is taken back with its claim."""
    post_message(ticket, by=alice, body="It leaves today")
    row = planned(ticket, alice, kind)
    before = again(ticket).last_seq

    class Killed(BaseException):
        """Nothing catches it, as nothing catches a kill."""

    def die(*_args, **_kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(place, die)
        if kind == "message" or place.endswith("record"):
            with pytest.raises(Killed):
                run_follow_up(row)
            row.refresh_from_db()
            assert (row.state, again(ticket).last_seq) == ("scheduled", before)
    run_due_follow_ups()
    run_due_follow_ups()
    row.refresh_from_db()
    assert row.state == ("done" if kind == "message" else "due")
    assert ticket.messages.filter(body__contains="Has it arrived?").count() == (1 if kind == "message" else 0)
    check_log(ticket)
