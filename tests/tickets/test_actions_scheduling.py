"""Replies that leave later: undone, sent, held; never lost, never twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from tests.tickets.looking import again, check_log, log
from tests.tickets.test_actions_races import at_once, quiet  # noqa: F401
from tickets.actions import (
    HeldError,
    add_attachment,
    discard_reply,
    hold_reply,
    merge_ticket,
    open_ticket,
    post_message,
    run_scheduled_reply,
    save_draft,
    schedule_reply,
    send_reply,
    send_reply_now,
    take_back_reply,
)
from tickets.jobs import send_due_replies
from tickets.models import Draft, FollowUp, Message, ScheduledReply, Ticket


@pytest.fixture(autouse=True)
def undo_send(settings):
    settings.UNDO_SEND_SECONDS = 10


@pytest.fixture
def seen(ticket) -> int:
    """What everybody has seen when they begin to write."""
    return again(ticket).last_seq


def due(reply: ScheduledReply) -> ScheduledReply:
    """Its time has come."""
    ScheduledReply.objects.filter(pk=reply.pk).update(send_at=timezone.now() - timedelta(seconds=1))
    return ScheduledReply.objects.get(pk=reply.pk)


def state(reply: ScheduledReply) -> str:
    return ScheduledReply.objects.get(pk=reply.pk).state


def said(ticket: Ticket) -> list[str]:
    return list(ticket.messages.filter(by_user__isnull=False).order_by("pk").values_list("body", flat=True))


# --- When it leaves ---


def test_a_reply_by_mail_waits_for_a_moment(ticket, alice, seen):
    before = timezone.now()
    reply = send_reply(ticket, by=alice, body=" Sorry! ", client_id="c1", begun_seq=seen)
    assert isinstance(reply, ScheduledReply)
    assert (reply.body, reply.state, reply.is_leaving) == ("Sorry!", "waiting", True)
    assert timedelta(seconds=9) < reply.send_at - before < timedelta(seconds=12)
    assert said(ticket) == []
    assert again(ticket).last_seq == seen, "nothing has happened yet: the customer and the log know of nothing"
    assert send_due_replies() == 0
    due(reply)
    assert send_due_replies() == 1
    assert said(ticket) == ["Sorry!"]
    sent = ScheduledReply.objects.get()
    assert (sent.state, sent.message.client_id, sent.message.by_user) == ("sent", "c1", alice)
    assert send_due_replies() == 0
    check_log(ticket)


def test_in_a_chat_and_where_nobody_can_be_mailed_it_leaves_at_once(chat_ticket, alice, ticket):
    assert isinstance(send_reply(chat_ticket, by=alice, body="Hi", client_id="c1"), Message)
    ticket.customer.addresses.all().delete()
    assert isinstance(send_reply(ticket, by=alice, body="Hi", client_id="c2"), Message)


def test_it_leaves_when_somebody_chose_also_in_a_chat(chat_ticket, alice):
    monday = timezone.now() + timedelta(days=3)
    reply = send_reply(chat_ticket, by=alice, body="Morning!", client_id="c1", send_at=monday)
    assert (reply.send_at, reply.is_leaving, said(chat_ticket)) == (monday, False, [])
    assert log(chat_ticket)[-1] == "reply.scheduled"


def test_a_time_that_has_passed_means_in_a_moment_and_one_too_far_is_refused(ticket, alice):
    past = schedule_reply(ticket, by=alice, body="x", send_at=timezone.now() - timedelta(hours=1))
    assert timezone.now() < past.send_at < timezone.now() + timedelta(seconds=11)
    with pytest.raises(ValidationError):
        schedule_reply(ticket, by=alice, body="x", send_at=timezone.now() + timedelta(days=400))


def test_without_a_moment_to_undo_it_leaves_at_once(ticket, alice, settings):
    settings.UNDO_SEND_SECONDS = 0
    assert isinstance(send_reply(ticket, by=alice, body="Now"), Message)


def test_it_is_solved_with_the_reply_and_not_before(ticket, alice, cause):
    reply = send_reply(ticket, by=alice, body="Done", client_id="c1", then={"resolve": cause.slug})
    assert not again(ticket).is_solved
    run_scheduled_reply(due(reply))
    solved = again(ticket)
    assert (solved.is_solved, solved.root_cause, said(ticket)) == (True, cause, ["Done"])
    check_log(ticket)


def test_it_is_solved_at_once_in_a_chat(chat_ticket, alice):
    send_reply(chat_ticket, by=alice, body="Done", client_id="c1", then={"resolve": "none"})
    assert again(chat_ticket).is_solved


def test_a_cause_that_is_gone_by_then_leaves_it_open_and_is_said(ticket, alice, cause):
    reply = send_reply(ticket, by=alice, body="Done", then={"resolve": cause.slug})
    cause.delete()
    run_scheduled_reply(due(reply))
    assert (again(ticket).is_solved, said(ticket), log(ticket)[-1]) == (False, ["Done"], "reply.unfinished")


@pytest.mark.parametrize("then", [{"resolve": "gone"}, {"explode": "now"}, {"resolve": ""}, {"resolve": "x" * 500}])
def test_what_cannot_be_done_with_it_is_refused_while_one_can_still_choose(ticket, alice, then):
    with pytest.raises(ValidationError):
        send_reply(ticket, by=alice, body="Done", then=then)
    assert not ScheduledReply.objects.exists()


# --- Said twice ---


def test_the_same_reply_twice_is_one(ticket, alice, seen):
    first = send_reply(ticket, by=alice, body="Sorry!", client_id="c1", begun_seq=seen)
    assert send_reply(ticket, by=alice, body="Sorry!", client_id="c1", begun_seq=seen) == first
    message = run_scheduled_reply(due(first))
    assert send_reply(ticket, by=alice, body="Sorry!", client_id="c1", begun_seq=seen) == message
    assert said(ticket) == ["Sorry!"]
    with pytest.raises(ValidationError) as error:
        send_reply(ticket, by=alice, body="Other words", client_id="c1")
    assert error.value.code == "conflict"


def test_one_that_was_undone_is_not_sent_by_a_late_repetition(ticket, alice):
    reply = send_reply(ticket, by=alice, body="Sorry!", client_id="c1")
    take_back_reply(reply, by=alice)
    late = send_reply(ticket, by=alice, body="Sorry!", client_id="c1")
    assert (late.pk, late.state) == (reply.pk, "cancelled")
    send_due_replies()
    assert said(ticket) == []


# --- Undone ---


def test_undo_restores_exactly_what_was_there(ticket, alice, seen, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = add_attachment(SimpleUploadedFile("tyre.txt", b"42"), by=alice)
    words = "Sorry,\n\n  that was us.\nAlice"
    save_draft(ticket, by=alice, body=words, client_id="c1", begun_seq=seen)
    reply = send_reply(ticket, by=alice, body=words, client_id="c1", begun_seq=seen, attachments=(str(file.pk),))
    assert not Draft.objects.exists()
    draft = take_back_reply(reply, by=alice)
    assert (draft.body, draft.kind, draft.begun_seq, list(draft.attachments.all())) == (words, "reply", seen, [file])
    assert draft.client_id != "c1", "under the old one it could not be sent again with other words"
    assert (state(reply), log(ticket)[-1]) == ("cancelled", "message.posted*")
    assert take_back_reply(reply, by=alice) == draft
    due(reply)
    assert (send_due_replies(), said(ticket)) == (0, [])
    again_sent = send_reply(ticket, by=alice, body=words, client_id=draft.client_id, attachments=(str(file.pk),))
    assert run_scheduled_reply(due(again_sent)).attachments.get() == file
    assert not Draft.objects.exists()


def test_undo_loses_nothing_of_what_was_begun_since(ticket, alice):
    reply = send_reply(ticket, by=alice, body="First", client_id="c1")
    save_draft(ticket, by=alice, body="Second", client_id="c2")
    assert take_back_reply(reply, by=alice).body == "First\n\nSecond"


def test_a_note_that_was_begun_since_stays_for_the_team(ticket, alice):
    reply = send_reply(ticket, by=alice, body="First", client_id="c1")
    save_draft(ticket, by=alice, body="He is rude", kind="note", client_id="c2")
    assert take_back_reply(reply, by=alice).kind == "note"


def test_what_has_left_cannot_be_undone(ticket, alice):
    reply = send_reply(ticket, by=alice, body="Sorry!")
    run_scheduled_reply(due(reply))
    for act in (take_back_reply, discard_reply):
        with pytest.raises(ValidationError) as error:
            act(reply, by=alice)
        assert error.value.code == "closed"
    with pytest.raises(ValidationError):
        hold_reply(reply, by=alice)
    assert send_reply_now(reply, by=alice).body == "Sorry!"
    assert said(ticket) == ["Sorry!"]


def test_only_its_author_takes_it_back_or_sends_it_but_anybody_can_stop_it(ticket, alice, bob):
    reply = schedule_reply(ticket, by=alice, body="Later", send_at=timezone.now() + timedelta(days=1))
    for act in (take_back_reply, discard_reply, send_reply_now):
        with pytest.raises(PermissionDenied):
            act(reply, by=bob)
    hold_reply(reply, by=bob)
    held = ScheduledReply.objects.get()
    assert (held.state, held.reason) == ("held", "Bob Bakker stopped it.")
    assert send_due_replies() == 0
    send_reply_now(reply, by=alice)
    assert said(ticket) == ["Later"]


def test_sent_now_or_thrown_away(ticket, alice):
    later = timezone.now() + timedelta(days=1)
    now = schedule_reply(ticket, by=alice, body="Now", send_at=later)
    never = schedule_reply(ticket, by=alice, body="Never", send_at=later)
    send_reply_now(now, by=alice)
    discard_reply(never, by=alice)
    assert (said(ticket), state(now), state(never)) == (["Now"], "sent", "cancelled")
    with pytest.raises(ValidationError):
        send_reply_now(never, by=alice)
    assert log(ticket)[-3:] == ["reply.scheduled", "message.posted*", "reply.taken_back"]


# --- Held ---


def test_a_reply_is_held_if_somebody_else_has_answered(ticket, alice, bob, seen):
    reply = send_reply(ticket, by=alice, body="It is the tyre", begun_seq=seen)
    post_message(ticket, by=bob, body="It was the wheel")
    assert run_scheduled_reply(due(reply)) is None
    held = ScheduledReply.objects.get()
    assert (held.state, held.reason) == ("held", "Bob Bakker answered meanwhile.")
    assert (said(ticket), log(ticket)[-1]) == (["It was the wheel"], "reply.held")
    assert send_due_replies() == 0


def test_by_mail_it_is_held_if_the_customer_wrote_in_a_chat_it_is_not(ticket, chat_ticket, alice, carla):
    by_mail = send_reply(ticket, by=alice, body="x", begun_seq=again(ticket).last_seq)
    post_message(ticket, by=carla, body="Never mind")
    run_scheduled_reply(due(by_mail))
    assert ScheduledReply.objects.get().reason == "The customer wrote meanwhile."
    begun = again(chat_ticket).last_seq
    post_message(chat_ticket, by=carla, body="Hello?")
    assert isinstance(send_reply(chat_ticket, by=alice, body="Here", begun_seq=begun), Message)


def test_in_a_chat_it_is_refused_at_once_and_says_what_came_between(chat_ticket, alice, bob):
    begun = again(chat_ticket).last_seq
    answer = post_message(chat_ticket, by=bob, body="I am on it")
    with pytest.raises(HeldError) as error:
        send_reply(chat_ticket, by=alice, body="Me too", client_id="c1", begun_seq=begun)
    assert (error.value.code, error.value.between) == ("held", [answer.event])
    assert said(chat_ticket) == ["I am on it"]
    anyway = send_reply(chat_ticket, by=alice, body="Me too", client_id="c1", begun_seq=error.value.seq)
    assert anyway.body == "Me too"


def test_what_one_said_oneself_what_the_team_noted_and_what_was_there_before_hold_nothing(ticket, alice, bob):
    post_message(ticket, by=bob, body="Before")
    begun = again(ticket).last_seq
    post_message(ticket, by=alice, body="Mine")
    post_message(ticket, by=bob, body="A note", kind="note")
    reply = send_reply(ticket, by=alice, body="And", begun_seq=begun)
    assert run_scheduled_reply(due(reply)).body == "And"


def test_one_that_crossed_already_is_held_while_its_author_is_still_there(ticket, alice, bob, seen):
    post_message(ticket, by=bob, body="It was the wheel")
    assert send_reply(ticket, by=alice, body="It is the tyre", begun_seq=seen).state == "held"


def test_a_held_one_is_sent_all_the_same_but_not_past_what_its_author_has_not_seen(ticket, alice, bob, carla, seen):
    post_message(ticket, by=bob, body="It was the wheel")
    reply = send_reply(ticket, by=alice, body="It is the tyre", begun_seq=seen)
    shown = again(ticket).last_seq
    post_message(ticket, by=carla, body="So which is it?")
    assert send_reply_now(reply, by=alice, seen_seq=shown) is None
    assert ScheduledReply.objects.get().reason == "The customer wrote meanwhile."
    assert send_reply_now(reply, by=alice, seen_seq=again(ticket).last_seq).body == "It is the tyre"
    check_log(ticket)


def test_a_held_one_that_is_edited_was_begun_after_what_its_author_has_seen(ticket, alice, bob, seen):
    post_message(ticket, by=bob, body="It was the wheel")
    reply = send_reply(ticket, by=alice, body="It is the tyre", begun_seq=seen)
    shown = again(ticket).last_seq
    draft = take_back_reply(reply, by=alice, seen_seq=shown)
    edited = send_reply(ticket, by=alice, body="Both", client_id=draft.client_id, begun_seq=draft.begun_seq)
    assert (draft.begun_seq, edited.state) == (shown, "waiting")


def test_who_may_not_answer_any_more_does_not(ticket, alice, bob):
    reply = send_reply(ticket, by=alice, body="x")
    alice.teams.clear()
    ticket.refresh_from_db()
    run_scheduled_reply(due(reply))
    assert ScheduledReply.objects.get().reason == "Alice Arden may not answer here any more."
    other = send_reply(ticket, by=bob, body="y")
    bob.is_active = False
    bob.save()
    run_scheduled_reply(due(other))
    assert (state(other), said(ticket)) == ("held", [])


def test_where_the_ticket_was_merged_it_is_held_on_the_one_that_goes_on(ticket, carla, alice, bob, workshop):
    other = open_ticket(carla, by=carla, body="Once more", channel="email", team=workshop)
    first, second = (send_reply(ticket, by=alice, body=f"Reply {number}") for number in (1, 2))
    merge_ticket(ticket, by=bob, into=other)
    run_scheduled_reply(due(first))
    held = ScheduledReply.objects.get(pk=first.pk)
    assert (held.state, held.ticket, said(ticket), said(other)) == ("held", other, [], [])
    assert "merged" in held.reason
    assert send_reply_now(held, by=alice).ticket == other
    take_back_reply(ScheduledReply.objects.get(pk=second.pk), by=alice)
    assert (Draft.objects.get().ticket, said(other)) == (other, ["Reply 1"])
    check_log(other)


def test_a_file_that_is_gone_holds_the_reply(ticket, alice, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = add_attachment(SimpleUploadedFile("tyre.txt", b"42"), by=alice)
    reply = send_reply(ticket, by=alice, body="Here", attachments=(str(file.pk),))
    post_message(ticket, by=alice, body="Sent elsewhere", attachments=(str(file.pk),))
    run_scheduled_reply(due(reply))
    assert (state(reply), said(ticket)) == ("held", ["Sent elsewhere"])


def test_somebody_elses_file_is_not_taken(ticket, alice, bob, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = add_attachment(SimpleUploadedFile("tyre.txt", b"42"), by=bob)
    with pytest.raises(ValidationError):
        send_reply(ticket, by=alice, body="Here", attachments=(str(file.pk),))


# --- Together, and after a crash ---


def test_a_crash_while_it_is_posted_neither_loses_nor_doubles_it(ticket, alice, monkeypatch):
    reply = due(send_reply(ticket, by=alice, body="Once", client_id="c1"))
    with monkeypatch.context() as broken:
        broken.setattr(ScheduledReply, "save", lambda *args, **kwargs: 1 / 0)
        with transaction.atomic():
            assert send_due_replies() == 0
    assert (said(ticket), state(reply)) == ([], "waiting")
    assert send_due_replies() == 1
    assert said(ticket) == ["Once"]


@pytest.mark.django_db(transaction=True)
def test_many_clocks_send_it_once(ticket, alice):
    reply = due(send_reply(ticket, by=alice, body="Once", client_id="c1"))
    results = at_once(*[lambda: run_scheduled_reply(reply)] * 6)
    assert sum(isinstance(result, Message) for result in results) == 1, results
    assert said(ticket) == ["Once"]


@pytest.mark.django_db(transaction=True)
def test_undo_and_the_clock_at_once_do_one_of_the_two(ticket, alice):
    for number in range(10):
        reply = due(send_reply(ticket, by=alice, body=f"Words {number}", client_id=f"c{number}"))
        undone, sent = at_once(lambda r=reply: take_back_reply(r, by=alice), lambda r=reply: run_scheduled_reply(r))
        if isinstance(sent, Message):
            assert isinstance(undone, ValidationError)
            assert (state(reply), undone.code) == ("sent", "closed")
        else:
            assert (sent, state(reply), undone.body) == (None, "cancelled", f"Words {number}")
            Draft.objects.all().delete()
        assert (f"Words {number}" in said(ticket)) is isinstance(sent, Message)
    check_log(ticket)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [30, pytest.param(200, marks=pytest.mark.long)])
@pytest.mark.parametrize("channel", ["chat", "email"])
def test_two_who_answer_at_once_time_and_again_lose_and_double_nothing(
    times, channel, ticket, chat_ticket, alice, bob, settings
):
    """Each reply is posted once, or held for its author with what came between: nothing else can become of it."""
    subject = chat_ticket if channel == "chat" else ticket
    settings.UNDO_SEND_SECONDS = 10
    begun = [again(subject).last_seq]

    def answer(by, number):
        try:
            sent = send_reply(
                subject, by=by, body=f"{by.pk}-{number}", client_id=f"{by.pk}-{number}", begun_seq=begun[0]
            )
        except HeldError as error:
            return error
        return run_scheduled_reply(due(sent)) or sent if isinstance(sent, ScheduledReply) else sent

    fates = {"sent": 0, "held": 0}
    for number in range(times):
        results = at_once(lambda n=number: answer(alice, n), lambda n=number: answer(bob, n))
        posted = set(said(subject))
        for by, result in zip((alice, bob), results, strict=True):
            words = f"{by.pk}-{number}"
            if isinstance(result, Message):
                assert words in posted
                fates["sent"] += 1
            elif isinstance(result, HeldError):
                assert words not in posted
                assert result.between
                fates["held"] += 1
            else:
                assert isinstance(result, ScheduledReply), result
                assert (state(result), words in posted) == ("held", False)
                fates["held"] += 1
        assert sum(isinstance(result, Message) for result in results) == 1, "the first is sent, the other is held"
        begun[0] = again(subject).last_seq
    assert fates == {"sent": times, "held": times}
    words = said(subject)
    assert (len(words), len(set(words))) == (times, times)
    check_log(subject)
    FollowUp.objects.all().delete()
