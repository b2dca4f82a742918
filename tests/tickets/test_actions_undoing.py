"""What one did a moment ago is taken back: exactly, once, in time, and only one's own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    assign_ticket,
    change_many,
    forget_undos,
    newest_undo,
    open_ticket,
    post_message,
    remembering,
    resolve_ticket,
    set_priority,
    set_status,
    snooze_ticket,
    tag_ticket,
    undo,
    wake_ticket,
)
from tickets.models import FollowUp, Ticket, Undo


def facts(ticket: Ticket) -> dict[str, object]:
    """Everything of a ticket but its counters."""
    row = Ticket.objects.values().get(pk=ticket.pk)
    tags = sorted(ticket.tags.values_list("name", flat=True))
    return {name: row[name] for name in row if name not in ("last_seq", "public_last_seq", "updated_at")} | {
        "tags": tags
    }


def do(ticket, by, act) -> Undo | None:
    with remembering([ticket], by=by) as noted:
        act(ticket)
    return noted.undo


DEEDS = {
    "Assigned to Bob Bakker": lambda t, alice, bob, shop: assign_ticket(t, by=alice, user=bob),
    "Moved to Shop": lambda t, alice, bob, shop: assign_ticket(t, by=alice, team=shop),
    "Assigned to nobody and moved to no team": lambda t, alice, bob, shop: assign_ticket(
        t, by=alice, user=None, team=None
    ),
    "Set to pending": lambda t, alice, bob, shop: set_status(t, by=alice, status="pending"),
    "Set to urgent priority": lambda t, alice, bob, shop: set_priority(t, by=alice, priority=4),
    "Tagged": lambda t, alice, bob, shop: tag_ticket(t, by=alice, tags=["tyre", "size"]),
    "Snoozed": lambda t, alice, bob, shop: snooze_ticket(t, by=alice, until=None),
    "Solved": lambda t, alice, bob, shop: resolve_ticket(t, by=alice, root_cause=None),
}


@pytest.mark.parametrize("label", DEEDS)
def test_each_deed_is_taken_back_exactly(label, ticket, alice, bob, shop):
    assign_ticket(ticket, by=alice, user=alice)
    tag_ticket(ticket, by=alice, tags=["order", "Tyre"])
    set_status(ticket, by=alice, status="on_hold")
    before, seq = facts(ticket), again(ticket).last_seq
    noted = do(ticket, alice, lambda t: DEEDS[label](t, alice, bob, shop))
    assert noted.label == label
    assert facts(ticket) != before
    assert undo(noted, by=alice).done == [ticket.pk]
    assert facts(ticket) == before
    done, undone = log(ticket, after=seq)
    assert undone in (done, "ticket.reopened*", "ticket.woken")
    assert last(ticket).data["undo"] is True
    assert last(ticket).by_user == alice
    check_log(ticket)


def test_solving_by_mistake_costs_nobody_their_place_in_the_line(ticket, alice, cause):
    was = again(ticket)
    assert was.waiting_since is not None
    noted = do(ticket, alice, lambda t: resolve_ticket(t, by=alice, root_cause=cause))
    assert FollowUp.objects.scheduled().filter(kind="after_solving").count() == 1
    undo(noted, by=alice)
    now = again(ticket)
    assert (now.waiting_since, now.answer_due_at) == (was.waiting_since, was.answer_due_at)
    assert (now.status, now.root_cause, now.solved_at) == ("open", None, None)
    follow_up = FollowUp.objects.get(kind="after_solving")
    assert (follow_up.state, follow_up.reason) == ("cancelled", "undone")
    # Solved once more, its question is promised once more.
    resolve_ticket(ticket, by=alice, root_cause=cause)
    assert FollowUp.objects.scheduled().filter(kind="after_solving").count() == 1


def test_a_snoozed_ticket_that_was_woken_or_solved_by_mistake_sleeps_on(ticket, alice):
    until = timezone.now() + timedelta(days=2)
    snooze_ticket(ticket, by=alice, until=until)
    noted = do(ticket, alice, lambda t: wake_ticket(t, by=alice))
    assert noted.label == "Woken"
    undo(noted, by=alice)
    assert again(ticket).snoozed_until == until
    undo(do(ticket, alice, lambda t: resolve_ticket(t, by=alice, root_cause=None)), by=alice)
    assert again(ticket).snoozed_until == until


def test_the_question_of_an_earlier_solving_is_left_alone(ticket, alice, carla, cause):
    resolve_ticket(ticket, by=alice, root_cause=cause)
    post_message(ticket, by=carla, body="Still wrong.")
    noted = do(ticket, alice, lambda t: resolve_ticket(t, by=alice, root_cause=None))
    undo(noted, by=alice)
    assert again(ticket).root_cause == cause
    assert [row.reason for row in FollowUp.objects.order_by("pk").filter(kind="after_solving")] == [
        "the customer wrote",
        "undone",
    ]


def test_what_changed_since_is_left_alone_and_said(ticket, carla, dora, alice, bob, workshop):
    other = open_ticket(dora, by=dora, body="The bell", channel="form", team=workshop)
    changed = change_many([ticket, other], by=alice, change=lambda t: assign_ticket(t, by=alice, user=bob))
    assert changed.undo.label == "2 tickets assigned to Bob Bakker"
    assign_ticket(other, by=bob, user=alice)
    undone = undo(changed.undo, by=alice)
    assert (undone.done, undone.left) == ([ticket.pk], {other.pk: "It has changed since."})
    assert (again(ticket).assignee, again(other).assignee) == (None, alice)


def test_other_changes_do_not_stand_in_the_way(ticket, alice, bob, carla):
    noted = do(ticket, alice, lambda t: assign_ticket(t, by=alice, user=bob))
    post_message(ticket, by=carla, body="Hello?")
    set_priority(ticket, by=bob, priority=4)
    assert undo(noted, by=alice).done == [ticket.pk]
    assert (again(ticket).assignee, again(ticket).priority) == (None, 4)


def test_a_reopened_and_solved_anew_ticket_is_not_what_we_made_it(ticket, alice, bob, carla):
    noted = do(ticket, alice, lambda t: resolve_ticket(t, by=alice, root_cause=None))
    post_message(ticket, by=carla, body="Not yet.")
    resolve_ticket(ticket, by=bob, root_cause=None)
    assert undo(noted, by=alice).left == {ticket.pk: "It has changed since."}
    assert again(ticket).is_solved


def test_several_things_at_once_are_undone_together_or_not_at_all(ticket, alice, bob):
    def all_of_it(t):
        assign_ticket(t, by=alice, user=alice)
        tag_ticket(t, by=alice, tags=["tyre"])
        resolve_ticket(t, by=alice, root_cause=None)

    before = facts(ticket)
    noted = do(ticket, alice, all_of_it)
    assert noted.label == "Assigned to Alice Arden, tagged, solved"
    undo(noted, by=alice)
    assert facts(ticket) == before
    noted = do(ticket, alice, all_of_it)
    tag_ticket(ticket, by=bob, tags=["tyre", "order"])
    assert undo(noted, by=alice).done == []
    assert again(ticket).is_solved


def test_it_is_undone_once(ticket, alice, bob):
    noted = do(ticket, alice, lambda t: assign_ticket(t, by=alice, user=bob))
    undo(noted, by=alice)
    seq = again(ticket).last_seq
    with pytest.raises(ValidationError) as refused:
        undo(noted, by=alice)
    assert refused.value.code == "again"
    assert again(ticket).last_seq == seq
    assert newest_undo(by=alice) is None


def test_it_is_undone_in_time(ticket, alice, bob):
    noted = do(ticket, alice, lambda t: assign_ticket(t, by=alice, user=bob))
    Undo.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert newest_undo(by=alice) is None
    with pytest.raises(ValidationError) as refused:
        undo(noted, by=alice)
    assert refused.value.code == "closed"
    assert again(ticket).assignee == bob


@pytest.mark.parametrize("who", ["bob", "charlie", "adam"])
def test_only_ones_own_is_undone(who, request, ticket, alice, bob):
    noted = do(ticket, alice, lambda t: assign_ticket(t, by=alice, user=bob))
    other = request.getfixturevalue(who)
    assert newest_undo(by=other) is None
    with pytest.raises(PermissionDenied):
        undo(noted, by=other)
    assert again(ticket).assignee == bob


def test_who_moved_it_out_of_sight_takes_it_back(ticket, alice, shop, workshop):
    noted = do(ticket, alice, lambda t: assign_ticket(t, by=alice, team=shop))
    assert not Ticket.objects.visible_to(alice).filter(pk=ticket.pk).exists()
    assert undo(noted, by=alice).done == [ticket.pk]
    assert again(ticket).team == workshop


def test_a_right_that_is_gone_is_gone_for_undoing_too(ticket, alice, bob):
    noted = do(ticket, alice, lambda t: assign_ticket(t, by=alice, user=bob))
    alice.is_active = False
    alice.save(update_fields=["is_active"])
    assert undo(noted, by=alice).left == {ticket.pk: "You may not do that any more."}
    assert again(ticket).assignee == bob


def test_who_has_left_does_not_get_it_back(ticket, alice, bob):
    assign_ticket(ticket, by=alice, user=bob)
    noted = do(ticket, alice, lambda t: assign_ticket(t, by=alice, user=alice))
    bob.is_active = False
    bob.save(update_fields=["is_active"])
    assert undo(noted, by=alice).left == {ticket.pk: "Bob Bakker no longer works here."}
    assert again(ticket).assignee == alice


def test_what_changes_nothing_or_fails_leaves_nothing_to_undo(ticket, alice):
    assert do(ticket, alice, lambda t: set_status(t, by=alice, status="open")) is None
    with pytest.raises(ValidationError):
        do(ticket, alice, lambda t: (set_priority(t, by=alice, priority=4), set_status(t, by=alice, status="solved")))
    assert (Undo.objects.count(), again(ticket).priority) == (0, 2)


def test_the_notes_are_forgotten_after_a_day(ticket, alice, bob):
    do(ticket, alice, lambda t: assign_ticket(t, by=alice, user=bob))
    assert forget_undos(older_than=timezone.now() - timedelta(days=1)) == 0
    assert forget_undos(older_than=timezone.now()) == 1
