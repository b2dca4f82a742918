"""Many tickets at once: each for itself, in one order, with one Undo; and the same words to many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from tests.tickets.looking import again, check_log, log
from tests.tickets.test_actions_races import at_once, quiet  # noqa: F401  (its fixture)
from tickets import jobs
from tickets.actions import (
    Post,
    assign_ticket,
    begin_bulk_reply,
    change_many,
    open_ticket,
    post_message,
    post_messages,
    resolve_ticket,
    retag_ticket,
    send_next_of,
    set_priority,
    stop_bulk_reply,
    undo,
)
from tickets.models import BulkReply, BulkReplyRow, Message, Tag, Ticket, Undo

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def many(carla, dora, workshop, desk_row):
    return [
        open_ticket(who, by=who, body=f"Order {number}", channel="email", team=workshop)
        for number in range(3)
        for who in (carla, dora)
    ]


def begun(bulk: BulkReply) -> BulkReply:
    """The same, ten seconds later."""
    BulkReply.objects.filter(pk=bulk.pk).update(begins_at=timezone.now())
    bulk.refresh_from_db()
    return bulk


def begin(tickets, by, body="The depot is closed today.", client_id="b1"):
    return begin_bulk_reply(tickets, by=by, body=body, client_id=client_id)


# --- Changing ---


def test_one_that_cannot_be_does_not_stop_the_others(many, alice, cause):
    resolve_ticket(many[2], by=alice, root_cause=None)
    changed = change_many(many, by=alice, change=lambda t: resolve_ticket(t, by=alice, root_cause=cause))
    others = [ticket.pk for ticket in many if ticket != many[2]]
    assert (changed.done, changed.same) == (others, [])
    assert changed.left == {many[2].pk: "This ticket is solved already."}
    assert [again(ticket).root_cause for ticket in many].count(cause) == 5
    assert again(many[2]).root_cause is None
    assert changed.undo.label == "5 tickets solved"
    assert undo(changed.undo, by=alice).done == others
    assert [again(ticket).status for ticket in many].count("open") == 5
    for ticket in many:
        check_log(ticket)


def test_what_was_so_already_is_told_apart(many, alice, bob):
    assign_ticket(many[0], by=alice, user=bob)
    changed = change_many(many[:2], by=alice, change=lambda t: assign_ticket(t, by=alice, user=bob))
    assert (changed.done, changed.same, changed.left) == ([many[1].pk], [many[0].pk], {})
    assert log(many[0], after=2) == ["ticket.assigned"]


def test_there_is_one_undo_and_none_if_nothing_changed(many, alice):
    change_many(many, by=alice, change=lambda t: set_priority(t, by=alice, priority=3))
    again_so = change_many(many, by=alice, change=lambda t: set_priority(t, by=alice, priority=3))
    assert (Undo.objects.count(), again_so.undo) == (1, None)


def test_what_went_meanwhile_is_said(many, alice):
    missing = Ticket(pk=many[-1].pk + 1000)
    changed = change_many([many[0], missing], by=alice, change=lambda t: set_priority(t, by=alice, priority=3))
    assert (changed.done, changed.left) == ([many[0].pk], {missing.pk: "It is not there any more."})


def test_nothing_and_too_many_are_refused(many, alice):
    for chosen, code in (([], "empty"), ([Ticket(pk=number) for number in range(1, 202)], "too_many")):
        with pytest.raises(ValidationError) as refused:
            change_many(chosen, by=alice, change=lambda t: set_priority(t, by=alice, priority=3))
        assert refused.value.code == code


def test_tags_are_added_and_taken_off_without_touching_others(ticket, alice):
    retag_ticket(ticket, by=alice, add=["order", "tyre"])
    retag_ticket(ticket, by=alice, add=["Size"], remove=["ORDER"])
    assert sorted(ticket.tags.values_list("name", flat=True)) == ["Size", "tyre"]


def test_two_crossing_bulks_and_messages_do_not_lock_each_other_out(many, alice, bob, carla):
    quick = many[::-1]

    def urgent():
        for priority in (3, 4, 3, 4):
            change_many(quick, by=alice, change=lambda t, p=priority: set_priority(t, by=alice, priority=p))

    def tags():
        for number in range(4):
            new = [f"t{number}", f"s{number}"]
            change_many(many, by=bob, change=lambda t, new=new: retag_ticket(t, by=bob, add=new))

    def more_tags():
        for number in range(4):
            new = [f"s{number}", f"t{number}"]
            change_many(quick, by=alice, change=lambda t, new=new: retag_ticket(t, by=alice, add=new))

    def words():
        for number in range(8):
            post_messages([Post(one, by=alice, body=f"{number}") for one in quick])

    assert at_once(urgent, tags, more_tags, words) == [None] * 4
    for ticket in many:
        assert again(ticket).priority == 4
        assert ticket.tags.count() == 8
        assert ticket.messages.count() == 9
        check_log(ticket)
    assert Tag.objects.count() == 8


def test_a_double_click_undoes_once(many, alice):
    changed = change_many(many, by=alice, change=lambda t: set_priority(t, by=alice, priority=3))
    results = at_once(*[lambda: undo(changed.undo, by=alice).done] * 4)
    assert sorted(type(result).__name__ for result in results) == ["ValidationError"] * 3 + ["list"]
    for ticket in many:
        assert log(ticket, after=2) == ["priority.changed", "priority.changed"]


# --- Replying ---


def test_nobody_hears_anything_for_ten_seconds(many, alice):
    bulk = begin(many, alice)
    assert jobs.send_bulk_replies() == 0
    assert stop_bulk_reply(bulk, by=alice) == len(many)
    begun(bulk)
    assert jobs.send_bulk_replies() == 0
    assert not Message.objects.filter(by_user=alice).exists()


def test_then_each_gets_it_once(many, alice):
    bulk = begun(begin(many, alice))
    assert jobs.send_bulk_replies() == len(many)
    assert jobs.send_bulk_replies() == 0
    for ticket in many:
        sent = ticket.messages.get(by_user=alice)
        assert (sent.body, sent.client_id) == ("The depot is closed today.", f"bulk-{bulk.pk}-{ticket.pk}")
        assert again(ticket).waiting_since is None


def test_each_is_called_by_their_own_name(many, alice):
    begun(begin(many, alice, body="Dear {{ customer.first_name | there }}, it is late."))
    jobs.send_bulk_replies()
    assert set(Message.objects.filter(by_user=alice).values_list("body", flat=True)) == {
        "Dear Carla, it is late.",
        "Dear Dora, it is late.",
    }


def test_the_form_sent_twice_is_one_reply(many, alice):
    assert begin(many, alice) == begin(many[:2], alice)
    assert BulkReplyRow.objects.count() == len(many)


def test_four_workers_neither_double_nor_lose(many, alice):
    begun(begin(many, alice))
    assert sum(at_once(*[jobs.send_bulk_replies] * 4)) == len(many)
    assert Message.objects.filter(by_user=alice).count() == len(many)


def test_a_killed_worker_takes_back_what_it_had_begun(many, alice, monkeypatch):
    bulk = begun(begin(many, alice))

    class Killed(BaseException):
        pass

    def die(self, **options):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(BulkReplyRow, "save", die)  # right after the message was written
        with pytest.raises(Killed):
            send_next_of(bulk, by=alice)
    assert not Message.objects.filter(by_user=alice).exists()
    assert jobs.send_bulk_replies() == len(many)
    assert Message.objects.filter(by_user=alice).count() == len(many)


def test_stopping_leaves_the_rest_unsent(many, alice):
    bulk = begun(begin(many, alice))
    send_next_of(bulk, by=alice)
    assert stop_bulk_reply(bulk, by=alice) == len(many) - 1
    assert stop_bulk_reply(bulk, by=alice) == len(many) - 1
    assert jobs.send_bulk_replies() == 0
    assert sorted(bulk.rows.values_list("state", flat=True)) == ["sent"] + ["stopped"] * 5


def test_who_wrote_or_was_answered_meanwhile_is_left_to_a_person(many, alice, bob, carla, dora):
    bulk = begun(begin(many, alice))
    post_message(many[0], by=carla, body="It has come!")
    post_message(many[1], by=bob, body="I look after it.")
    post_message(many[3], by=bob, body="Only for us", kind="note")
    assert jobs.send_bulk_replies() == 4
    assert dict(bulk.rows.filter(state="left").values_list("ticket", "reason")) == {
        many[0].pk: "They wrote meanwhile.",
        many[1].pk: "Somebody else answered meanwhile.",
    }


def test_what_they_may_not_see_any_more_gets_nothing(many, alice, shop):
    bulk = begun(begin(many, alice))
    assign_ticket(many[0], by=None, team=shop)
    assert jobs.send_bulk_replies() == 5
    assert bulk.rows.get(ticket=many[0]).reason == "You may not write there any more."
    assert not many[0].messages.filter(by_user=alice).exists()


def test_who_has_left_says_nothing_more(many, alice):
    begun(begin(many, alice))
    alice.is_active = False
    alice.save(update_fields=["is_active"])
    assert jobs.send_bulk_replies() == 0
    assert set(BulkReplyRow.objects.values_list("state", flat=True)) == {"left"}


def test_only_ones_own_is_stopped(many, alice, bob):
    bulk = begin(many, alice)
    with pytest.raises(PermissionDenied):
        stop_bulk_reply(bulk, by=bob)
    assert bulk.rows.waiting().count() == len(many)


@pytest.mark.parametrize(("body", "code"), [("  ", "empty"), ("x" * 20_001, "too_long")])
def test_words_are_checked_before_anything_is_promised(many, alice, body, code):
    with pytest.raises(ValidationError) as refused:
        begin(many, alice, body=body)
    assert refused.value.code == code
    assert BulkReply.objects.count() == 0


def test_the_lists_are_forgotten_and_the_messages_stay(many, alice):
    begun(begin(many, alice))
    jobs.send_bulk_replies()
    BulkReply.objects.update(created_at=timezone.now() - timedelta(days=8))
    jobs.forget_what_is_done()
    assert (BulkReply.objects.count(), Message.objects.filter(by_user=alice).count()) == (0, 6)
