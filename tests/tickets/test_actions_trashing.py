"""A ticket in the trash counts nowhere, does nothing, and comes back exactly as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from chat.queries import abandoned_chats, live_chats, open_calls
from reports.queries import now_figures
from tests.tickets.looking import again, check_log, last
from tests.tickets.test_actions_undoing import facts
from tickets.actions import (
    assign_ticket,
    begin_bulk_reply,
    change_many,
    merge_ticket,
    newest_undo,
    open_ticket,
    post_message,
    rate_ticket,
    remembering,
    resolve_ticket,
    restore_ticket,
    run_follow_up,
    run_scheduled_reply,
    schedule_reply,
    send_next_of,
    set_priority,
    snooze_ticket,
    tag_ticket,
    trash_ticket,
    undo,
    undo_merge,
    wake_ticket,
)
from tickets.jobs import run_due_follow_ups, wake_due_tickets
from tickets.models import Channel, FollowUp, Message, ScheduledReply, Ticket
from tickets.queries import inbox_page, inbox_views, keep_of, timeline, understand
from tickets.queries.inbox import TRASH, count_views


def wait(ticket, alice, cause):
    return ticket


def answer(ticket, alice, cause):
    return post_message(ticket, by=alice, body="On its way.").ticket


def sleep(ticket, alice, cause):
    return snooze_ticket(ticket, by=alice, until=timezone.now() + timedelta(days=3))


def solve(ticket, alice, cause):
    return resolve_ticket(ticket, by=alice, root_cause=cause)


def sort(ticket, alice, cause):
    set_priority(ticket, by=alice, priority=4)
    tag_ticket(ticket, by=alice, tags=["tyre", "size"])
    return assign_ticket(ticket, by=alice, user=alice)


@pytest.mark.parametrize("before", [wait, answer, sleep, solve, sort])
def test_what_was_trashed_and_restored_is_exactly_what_it_was(ticket, alice, bob, cause, before):
    before(ticket, alice, cause)
    was, owed = facts(ticket), list(ticket.follow_ups.order_by("pk").values())
    trash_ticket(ticket, by=alice)
    assert again(ticket).trashed_at is not None
    restore_ticket(ticket, by=bob)
    assert facts(ticket) == was
    assert list(ticket.follow_ups.order_by("pk").values()) == owed
    check_log(ticket)


def test_doing_it_twice_is_harmless(ticket, alice):
    trash_ticket(ticket, by=alice)
    since, seq = again(ticket).trashed_at, again(ticket).last_seq
    trash_ticket(ticket, by=alice)
    assert (again(ticket).trashed_at, again(ticket).last_seq) == (since, seq)
    restore_ticket(ticket, by=alice)
    restore_ticket(ticket, by=alice)
    assert again(ticket).last_seq == seq + 1


def test_only_who_may_and_the_customer_learns_nothing(ticket, alice, carla):
    public = again(ticket).public_last_seq
    with pytest.raises(PermissionDenied):
        trash_ticket(ticket, by=carla)
    trash_ticket(ticket, by=alice)
    with pytest.raises(PermissionDenied):
        restore_ticket(ticket, by=carla)
    assert again(ticket).public_last_seq == public
    assert Ticket.objects.visible_to(carla).filter(pk=ticket.pk).exists()


def test_it_is_in_one_place_for_those_who_saw_it(ticket, alice, charlie, sue):
    trash_ticket(ticket, by=alice)
    for viewer, seen in ((alice, [ticket.pk]), (sue, [ticket.pk]), (charlie, [])):
        assert not Ticket.objects.visible_to(viewer).exists()
        views = inbox_views(viewer, [])
        counts = count_views(Ticket.objects.visible_to(viewer), viewer, list(views.values()))
        assert set(counts.values()) == {0}
        page = inbox_page(Ticket.objects.trash_of(viewer), viewer, views[TRASH], None)
        assert [row.pk for row in page.tickets] == seen
    assert now_figures(sue, timezone.now()).figures[0].value == "0"
    assert [event.type for event in timeline(again(ticket), alice).events][-1] == "ticket.trashed"
    assert timeline(again(ticket), charlie).events == []


def test_the_trash_is_read_page_by_page_newest_first(carla, alice, workshop, desk_row):
    numbers = []
    for number in range(65):
        one = open_ticket(carla, by=carla, body=f"Question {number}", channel="email", team=workshop)
        trash_ticket(one, by=alice, since=timezone.now() - timedelta(minutes=number // 2))
        numbers.append(one.pk)
    wanted = list(Ticket.objects.order_by("-trashed_at", "-number").values_list("pk", flat=True))
    found, cursor = [], None
    for _ in range(3):
        page = inbox_page(Ticket.objects.trash_of(alice), alice, inbox_views(alice, [])[TRASH], cursor)
        found += [row.pk for row in page.tickets]
        cursor = page.next_cursor
    assert (found, cursor) == (wanted, None)
    assert sorted(found) == sorted(numbers)


def test_what_the_customer_writes_brings_it_back(ticket, alice, carla):
    trash_ticket(ticket, by=alice)
    post_message(ticket, by=carla, body="Hello?")
    assert again(ticket).trashed_at is None
    check_log(ticket)
    types = list(ticket.events.order_by("seq").values_list("type", "is_public"))[-2:]
    assert types == [("ticket.restored", False), ("message.posted", True)]
    assert Ticket.objects.visible_to(alice).get() == ticket


def test_so_does_their_rating(ticket, alice, carla, cause):
    resolve_ticket(ticket, by=alice, root_cause=cause)
    trash_ticket(ticket, by=alice)
    rate_ticket(ticket, by=carla, score=2)
    assert again(ticket).trashed_at is None
    assert again(ticket).is_solved
    check_log(ticket)


def test_a_letter_to_what_was_merged_brings_the_other_back(ticket, alice, carla):
    second = open_ticket(carla, by=carla, body="Again", channel="email", team=ticket.team)
    merge_ticket(second, by=alice, into=ticket)
    trash_ticket(ticket, by=alice)
    post_message(second, by=carla, body="And?")
    assert again(ticket).trashed_at is None


def test_nobody_of_ours_writes_there(ticket, alice):
    trash_ticket(ticket, by=alice)
    for kind in Message.Kind.values:
        with pytest.raises(ValidationError, match="in the trash"):
            post_message(ticket, by=alice, body="Hello", kind=kind)
    assert ticket.messages.count() == 1


def test_merging_into_it_from_it_and_undoing_that_is_refused(ticket, alice, carla):
    second = open_ticket(carla, by=carla, body="Again", channel="email", team=ticket.team)
    trash_ticket(second, by=alice)
    for one, other in ((ticket, second), (second, ticket)):
        with pytest.raises(ValidationError, match="in the trash"):
            merge_ticket(one, by=alice, into=other)
    restore_ticket(second, by=alice)
    merge_ticket(second, by=alice, into=ticket)
    with pytest.raises(ValidationError, match="part of ticket"):
        trash_ticket(second, by=alice)
    trash_ticket(ticket, by=alice)
    with pytest.raises(ValidationError, match="in the trash"):
        undo_merge(second, by=alice)


def test_nothing_happens_to_it_by_itself(ticket, alice, carla):
    snooze_ticket(ticket, by=alice, until=timezone.now() + timedelta(days=1))
    Ticket.objects.filter(pk=ticket.pk).update(snoozed_until=timezone.now() - timedelta(minutes=1))
    trash_ticket(ticket, by=alice)
    seq = again(ticket).last_seq
    assert wake_due_tickets() == 0
    wake_ticket(ticket, by=None)
    assert (again(ticket).last_seq, again(ticket).snoozed_at is None) == (seq, False)
    restore_ticket(ticket, by=alice)
    assert wake_due_tickets() == 1


def test_a_follow_up_waits_until_it_is_out_of_the_trash(ticket, alice, cause):
    resolve_ticket(ticket, by=alice, root_cause=cause)
    trash_ticket(ticket, by=alice)
    FollowUp.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert run_due_follow_ups() == 0
    assert run_follow_up(FollowUp.objects.get()) is None
    assert FollowUp.objects.get().state == FollowUp.State.SCHEDULED
    restore_ticket(ticket, by=alice)
    assert run_due_follow_ups() == 1


def test_a_reply_that_leaves_later_is_held_and_says_why(ticket, alice):
    reply = schedule_reply(ticket, by=alice, body="Tomorrow", send_at=timezone.now() + timedelta(hours=1))
    trash_ticket(ticket, by=alice)
    ScheduledReply.objects.update(send_at=timezone.now() - timedelta(seconds=1))
    assert run_scheduled_reply(reply) is None
    reply.refresh_from_db()
    assert (reply.state, reply.reason) == ("held", "The ticket is in the trash.")
    assert ticket.messages.count() == 1


def test_a_reply_to_many_leaves_it_out(ticket, alice):
    bulk = begin_bulk_reply([ticket], by=alice, body="Hello all", client_id="b")
    trash_ticket(ticket, by=alice)
    assert "in the trash" in send_next_of(bulk, by=alice).reason


def test_its_chat_rings_for_nobody_and_is_taken_back_from_nobody(chat_ticket, alice):
    now = timezone.now()
    assert [call.number for call in open_calls(now)] == [chat_ticket.pk]
    trash_ticket(chat_ticket, by=alice)
    assert open_calls(now) == []
    restore_ticket(chat_ticket, by=alice)
    assign_ticket(chat_ticket, by=alice, user=alice)
    assert live_chats(now).exists()
    trash_ticket(chat_ticket, by=alice)
    assert not live_chats(now).exists()
    assert not abandoned_chats(now + timedelta(hours=1)).exists()
    assert chat_ticket.channel == Channel.CHAT


def test_it_is_searched_only_if_asked_for(ticket, alice, charlie):
    trash_ticket(ticket, by=alice)
    search = understand("in:trash", alice)
    assert search.is_of_trash
    assert search.parts[0].label == "In the trash"
    assert not understand("-in:trash", alice).is_of_trash
    assert not understand("in:attic", alice).is_of_trash
    assert Ticket.objects.trash_of(alice).filter(keep_of(search, alice)).get() == ticket
    assert not Ticket.objects.trash_of(charlie).filter(keep_of(search, charlie)).exists()


def test_it_is_undone_like_all_else(ticket, alice):
    was = facts(ticket)
    with remembering([ticket], by=alice):
        trash_ticket(ticket, by=alice)
    row = newest_undo(by=alice)
    assert row.label == "Moved to the trash"
    assert undo(row, by=alice).done == [ticket.pk]
    assert facts(ticket) == was
    trash_ticket(ticket, by=alice)
    trashed = facts(ticket)
    with remembering([ticket], by=alice):
        restore_ticket(ticket, by=alice)
    undo(newest_undo(by=alice), by=alice)
    assert facts(ticket) == trashed


def test_what_was_done_before_is_not_undone_in_the_trash(ticket, alice):
    with remembering([ticket], by=alice):
        set_priority(ticket, by=alice, priority=4)
    row = newest_undo(by=alice)
    trash_ticket(ticket, by=alice)
    assert "in the trash" in undo(row, by=alice).left[ticket.pk]
    assert again(ticket).priority == 4


def test_many_at_once_with_one_undo(carla, alice, workshop, desk_row):
    tickets = [open_ticket(carla, by=carla, body=str(n), channel="email", team=workshop) for n in range(3)]
    changed = change_many(tickets, by=alice, change=lambda one: trash_ticket(one, by=alice))
    assert len(changed.done) == 3
    assert undo(changed.undo, by=alice).done == [one.pk for one in tickets]
    assert Ticket.objects.visible_to(alice).count() == 3


def test_what_was_solved_long_ago_goes_on_as_another(ticket, alice, carla, cause):
    resolve_ticket(ticket, by=alice, root_cause=cause)
    trash_ticket(ticket, by=alice)
    Ticket.objects.update(solved_at=timezone.now() - timedelta(days=100))
    message = post_message(ticket, by=carla, body="Again")
    assert message.ticket.continues == ticket
    assert again(ticket).trashed_at is not None
    assert last(message.ticket).type == "message.posted"
