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
    mark_seen,
    open_ticket,
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
    monkeypatch.setattr("outbox.actions.nudge", lambda mail_id: None)


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
