"""Two tickets are made one, and two again."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import Team, User
from customers.models import Customer
from tickets.actions import (
    assign_ticket,
    merge_ticket,
    open_ticket,
    post_message,
    reopen_ticket,
    resolve_ticket,
    undo_merge,
)
from tickets.models import FollowUp, Message, RootCause, Ticket
from tickets.queries import inbox_page, inbox_views, timeline

RESTORED = ("status", "waiting_since", "answer_due_at", "solved_at", "snoozed_at", "snoozed_until", "merged_into_id")


@pytest.fixture
def first(carla: Customer) -> Ticket:
    return open_ticket(carla, by=carla, body="The tyre is wrong", channel="email")


@pytest.fixture
def second(carla: Customer) -> Ticket:
    return open_ticket(carla, by=carla, body="The tyre is still wrong", channel="email")


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def state(ticket: Ticket) -> dict[str, object]:
    return {name: getattr(fresh(ticket), name) for name in RESTORED}


def words(ticket: Ticket, viewer: User) -> list[str]:
    return [event.message.body for event in timeline(fresh(ticket), viewer).events if event.message]


def test_the_one_that_goes_on_shows_both_in_the_order_of_time(first, second, carla, alice):
    post_message(first, by=alice, body="We look at it")
    merge_ticket(second, by=alice, into=first)
    post_message(first, by=carla, body="Thank you")
    assert words(first, alice) == ["The tyre is wrong", "The tyre is still wrong", "We look at it", "Thank you"]
    assert fresh(second).is_solved
    assert fresh(second).merged_into_id == first.pk


def test_what_is_said_on_the_merged_one_is_said_where_it_goes_on(first, second, carla, alice):
    merge_ticket(second, by=alice, into=first)
    said = post_message(second, by=carla, body="One more thing", client_id="c1")
    assert said.ticket_id == first.pk
    assert post_message(second, by=carla, body="One more thing", client_id="c1") == said
    assert fresh(second).is_solved
    assert Message.objects.filter(client_id="c1").count() == 1


def test_a_chain_of_merges_leads_to_its_end(first, second, carla, alice):
    third = open_ticket(carla, by=carla, body="Hello again", channel="email")
    merge_ticket(first, by=alice, into=second)
    merge_ticket(second, by=alice, into=third)
    assert post_message(first, by=carla, body="Anybody?").ticket_id == third.pk
    assert "The tyre is wrong" in words(third, alice)


def test_whoever_waited_there_waits_here_since_then(first, second, alice):
    post_message(first, by=alice, body="Answered")
    waited = fresh(second)
    merge_ticket(second, by=alice, into=first)
    now = fresh(first)
    assert (now.waiting_since, now.answer_due_at) == (waited.waiting_since, waited.answer_due_at)


def test_a_solved_ticket_opens_when_somebody_waits_on_the_one_it_takes_in(first, second, alice):
    resolve_ticket(first, by=alice, root_cause=None)
    merge_ticket(second, by=alice, into=first)
    assert fresh(first).status == "open"


@pytest.mark.parametrize("how", ["waiting", "answered", "solved"])
def test_undo_puts_back_exactly_what_was_there(first, second, alice, cause: RootCause, how: str):
    if how != "waiting":
        post_message(second, by=alice, body="Answered")
    if how == "solved":
        resolve_ticket(second, by=alice, root_cause=cause)
    before, owed = state(second), list(FollowUp.objects.scheduled().filter(ticket=second))
    merge_ticket(second, by=alice, into=first)
    asks = FollowUp.objects.scheduled().filter(ticket=second, kind=FollowUp.Kind.AFTER_SOLVING)
    assert not asks.exists()
    undo_merge(second, by=alice)
    assert state(second) == before
    assert list(FollowUp.objects.scheduled().filter(ticket=second)) == owed
    assert words(first, alice) == ["The tyre is wrong"]


def test_what_cannot_be_merged_is_refused(first, second, dora, alice):
    hers = open_ticket(dora, by=dora, body="My bell", channel="email")
    for one, into in ((first, first), (first, hers)):
        with pytest.raises(ValidationError):
            merge_ticket(one, by=alice, into=into)
    merge_ticket(second, by=alice, into=first)
    third = open_ticket(first.customer, by=None, body="x", channel="email")
    for one, into in ((second, third), (third, second), (first, second)):
        with pytest.raises(ValidationError):
            merge_ticket(one, by=alice, into=into)
    with pytest.raises(ValidationError):
        undo_merge(first, by=alice)
    with pytest.raises(ValidationError):
        reopen_ticket(second, by=alice)


def test_customers_merge_nothing(first, second, carla):
    with pytest.raises(PermissionDenied):
        merge_ticket(second, by=carla, into=first)
    with pytest.raises(PermissionDenied):
        undo_merge(second, by=carla)


def test_whoever_may_not_see_the_merged_one_does_not_see_its_words(first, second, alice, charlie, workshop: Team):
    assign_ticket(second, by=None, team=workshop)
    merge_ticket(second, by=alice, into=first)
    assert "The tyre is still wrong" in words(first, alice)
    assert "The tyre is still wrong" not in words(first, charlie)


def test_a_merged_ticket_is_in_no_list(first, second, alice):
    merge_ticket(second, by=alice, into=first)
    tickets = Ticket.objects.visible_to(alice)
    for view in inbox_views(alice, []).values():
        assert second not in inbox_page(tickets, alice, view, None).tickets


def test_long_conversations_are_paged_across_both(first, second, carla, alice, monkeypatch):
    for number in range(6):
        post_message((first, second)[number % 2], by=carla, body=f"word {number}")
    merge_ticket(second, by=alice, into=first)
    monkeypatch.setattr("tickets.queries.timelines.PAGE_SIZE", 5)
    seen, before = [], None
    for _ in range(10):
        page = timeline(fresh(first), alice, before=before)
        seen = page.events + seen
        before = page.earlier
        if before is None:
            break
    assert len({event.pk for event in seen}) == len(seen)
    assert [event.pk for event in seen] == [event.pk for event in sorted(seen, key=lambda one: (one.at, one.pk))]
    assert {event.ticket_id for event in seen} == {first.pk, second.pk}


@pytest.mark.django_db(transaction=True)
def test_words_that_arrive_while_two_are_merged_and_unmerged_are_stored_once(first, second, carla, alice):
    stop, errors = threading.Event(), []

    def back_and_forth() -> None:
        try:
            while not stop.is_set():
                merge_ticket(second, by=alice, into=first)
                undo_merge(second, by=alice)
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=back_and_forth)
    other.start()
    for number in range(60):
        post_message((first, second)[number % 2], by=carla, body=f"word {number}", client_id=f"c{number}")
    stop.set()
    other.join()
    assert errors == []
    assert Message.objects.filter(client_id__startswith="c", by_customer=carla).count() == 60
    for ticket in (first, second):
        seqs = list(ticket.events.order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, fresh(ticket).last_seq + 1))


def test_times_in_the_past_are_not_asked_for_again(first, second, alice, cause):
    resolve_ticket(second, by=alice, root_cause=cause)
    merge_ticket(second, by=alice, into=first)
    FollowUp.objects.filter(ticket=second).update(due_at=timezone.now() - timedelta(minutes=1))
    undo_merge(second, by=alice)
    asks = FollowUp.objects.scheduled().filter(ticket=second, kind=FollowUp.Kind.AFTER_SOLVING)
    assert not asks.exists()
