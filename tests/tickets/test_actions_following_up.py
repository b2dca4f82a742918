"""Mails that a ticket owes: the question after solving, and answers that nobody has seen in the chat."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from customers.actions import claim_address
from customers.models import Customer
from outbox.models import Mail
from tests.tickets.looking import again, last, log
from tickets.actions import (
    call_off_follow_up,
    mark_seen,
    move_follow_up,
    open_ticket,
    post_message,
    reopen_ticket,
    report_mail_trouble,
    resolve_ticket,
    run_follow_up,
)
from tickets.jobs import guard_follow_up, guard_reply, report_failed_mails, run_due_follow_ups
from tickets.models import FollowUp
from tickets.queries import has_seen_all, unmailed_answers


def make_due(**which) -> None:
    FollowUp.objects.filter(**which).update(due_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def asked(ticket, alice, cause):
    """A solved ticket whose question is due."""
    resolve_ticket(ticket, by=alice, root_cause=cause)
    make_due()
    return FollowUp.objects.get(kind="after_solving")


# --- The question after solving ---


def test_the_question_leaves_once(asked, ticket):
    assert run_due_follow_ups() == 1
    assert run_due_follow_ups() == 0
    mail = Mail.objects.get()
    assert (mail.kind, mail.about, mail.is_automatic, mail.is_at_most_once) == ("follow_up", ticket.about, True, True)
    assert mail.recipients.get().email == "carla@example.org"
    assert "Hello Carla" in mail.text
    assert "Hello Carla" in mail.html
    assert FollowUp.objects.get().state == "done"
    assert (last(ticket).type, last(ticket).is_public, last(ticket).data) == (
        "follow_up.sent", False, {"mail": str(mail.pk)},
    )  # fmt: skip


def test_nothing_leaves_before_its_time(ticket, alice):
    resolve_ticket(ticket, by=alice, root_cause=None)
    assert run_due_follow_ups() == 0
    assert not Mail.objects.exists()


def test_whoever_writes_before_is_not_asked(asked, ticket, carla):
    post_message(ticket, by=carla, body="Not yet")
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == ("cancelled", "the customer wrote")
    assert run_due_follow_ups() == 0
    assert not Mail.objects.exists()


def test_a_question_already_in_the_outbox_is_taken_back(asked, ticket, carla):
    run_due_follow_ups()
    post_message(ticket, by=carla, body="Not yet")
    assert Mail.objects.get().state == "cancelled"


def test_what_is_reopened_is_not_asked_about(asked, ticket, alice):
    run_due_follow_ups()
    reopen_ticket(ticket, by=alice)
    assert Mail.objects.get().state == "cancelled"


def test_the_guard_holds_a_question_that_slipped_through(asked, ticket, alice):
    run_due_follow_ups()
    mail = Mail.objects.get()
    assert guard_follow_up(mail) is None
    reopen_ticket(ticket, by=alice)
    assert guard_follow_up(mail) == "not solved any more"
    mail.about = "ticket:999999"
    assert guard_follow_up(mail) == "not solved any more"
    mail.about = "case:1"
    assert guard_follow_up(mail) == "not solved any more"


def test_a_row_that_another_worker_has_is_left_alone(asked):
    FollowUp.objects.update(state="cancelled")
    assert run_follow_up(asked) is None
    assert not Mail.objects.exists()


def test_an_address_that_is_gone_ends_it_with_a_reason(asked, ticket, carla):
    carla.addresses.all().delete()
    assert run_follow_up(asked) is None
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == ("cancelled", "no address")


def test_one_row_that_fails_does_not_hold_up_the_others(asked, ticket, carla, alice, monkeypatch):
    other = open_ticket(carla, by=carla, body="x", channel="form")
    resolve_ticket(other, by=alice, root_cause=None)
    make_due()
    real = run_follow_up

    def sometimes(follow_up):
        if follow_up.ticket_id == ticket.pk:
            raise RuntimeError("broken")
        return real(follow_up)

    monkeypatch.setattr("tickets.jobs.run_follow_up", sometimes)
    assert run_due_follow_ups() == 1
    assert Mail.objects.get().about == other.about
    asked.refresh_from_db()
    assert asked.state == "scheduled"


# --- Answers by mail ---


def test_an_answer_by_mail_leaves_at_once(ticket, alice):
    post_message(ticket, by=alice, body="Sorry!")
    assert run_due_follow_ups() == 1
    mail = Mail.objects.get()
    assert (mail.kind, mail.subject, mail.is_automatic) == ("reply", "Re: The tyre is wrong", False)
    assert "Sorry!" in mail.text
    assert mail.from_name == "Alice at Bellwether Cycles"
    assert again(ticket).mailed_seq == 3
    assert (last(ticket).type, last(ticket).is_public, last(ticket).data["count"]) == ("answers.mailed", False, 1)


def test_every_answer_leaves_once_and_notes_never(ticket, alice, bob):
    for number in range(3):
        post_message(ticket, by=[alice, bob][number % 2], body=f"Answer-{number}")
        post_message(ticket, by=alice, body="Canary", kind="note")
    run_due_follow_ups()
    post_message(ticket, by=alice, body="Answer-3")
    run_due_follow_ups()
    said = "".join(Mail.objects.values_list("text", flat=True))
    assert [said.count(f"Answer-{number}") for number in range(4)] == [1, 1, 1, 1]
    assert "Canary" not in said + "".join(Mail.objects.values_list("html", flat=True))
    assert not FollowUp.objects.scheduled().exists()


def test_a_thread_stays_one_in_mail_programs(ticket, alice):
    for body in ("one", "two"):
        post_message(ticket, by=alice, body=body)
        run_due_follow_ups()
    first, second = Mail.objects.order_by("created_at")
    assert second.references == [first.message_id]


def test_words_in_a_mail_are_text(ticket, alice):
    post_message(ticket, by=alice, body="<script>alert(1)</script> & <b>")
    run_due_follow_ups()
    mail = Mail.objects.get()
    assert "<script>" not in mail.html
    assert "<script>alert(1)</script> & <b>" in mail.text


def test_an_answer_in_the_chat_waits_for_eyes(chat_ticket, alice, settings):
    before = timezone.now()
    post_message(chat_ticket, by=alice, body="Hello!")
    post_message(chat_ticket, by=alice, body="Are you there?")
    owed = FollowUp.objects.get()
    assert owed.due_at >= before + timedelta(seconds=settings.UNSEEN_MAIL_SECONDS)
    assert run_due_follow_ups() == 0
    make_due()
    assert run_due_follow_ups() == 1
    mail = Mail.objects.get()
    assert "Hello!" in mail.text
    assert "Are you there?" in mail.text
    assert last(chat_ticket).data["count"] == 2


def test_what_was_seen_in_the_chat_is_not_mailed(chat_ticket, alice, carla):
    post_message(chat_ticket, by=alice, body="Hello!")
    mark_seen(chat_ticket, by=carla, seq=4)
    make_due()
    assert run_due_follow_ups() == 0
    assert (FollowUp.objects.get().state, FollowUp.objects.get().reason) == ("cancelled", "seen in the chat")
    post_message(chat_ticket, by=alice, body="One more thing")
    make_due(state="scheduled")
    assert run_due_follow_ups() == 1
    assert "Hello!" not in Mail.objects.get().text


def test_only_what_is_unseen_is_mailed(chat_ticket, alice, carla):
    post_message(chat_ticket, by=alice, body="Hello!")
    mark_seen(chat_ticket, by=carla, seq=4)
    post_message(chat_ticket, by=alice, body="And?")
    assert [message.body for message in unmailed_answers(again(chat_ticket))] == ["And?"]


def test_an_agents_eyes_are_not_the_customers(chat_ticket, alice):
    post_message(chat_ticket, by=alice, body="Hello!")
    mark_seen(chat_ticket, by=alice, seq=4)
    make_due()
    assert run_due_follow_ups() == 1


def test_the_guard_holds_an_answer_that_was_seen_meanwhile(chat_ticket, alice, carla):
    post_message(chat_ticket, by=alice, body="Hello!")
    make_due()
    run_due_follow_ups()
    mail = Mail.objects.get()
    assert guard_reply(mail) is None
    mark_seen(chat_ticket, by=carla, seq=4)
    assert has_seen_all(again(chat_ticket))
    assert guard_reply(mail) == "seen in the chat"


def test_the_guard_lets_answers_by_mail_pass(ticket, alice, carla):
    post_message(ticket, by=alice, body="Hello!")
    run_due_follow_ups()
    mark_seen(ticket, by=carla, seq=3)
    assert guard_reply(Mail.objects.get()) is None


def test_a_guest_without_an_address_is_owed_no_mail(desk_row, alice):
    guest = Customer.objects.create()
    chat = open_ticket(guest, by=guest, body="Hello", channel="chat")
    post_message(chat, by=alice, body="Hello!")
    assert not FollowUp.objects.exists()


def test_an_address_that_was_only_typed_gets_our_words_and_nobody_elses(desk_row, alice):
    guest = Customer.objects.create(name="Stranger Danger")
    chat = open_ticket(guest, by=guest, subject="Buy pills", body="Visit evil.example", channel="chat")
    claim_address(guest, email="victim@example.net")
    post_message(chat, by=alice, body="How can we help?")
    make_due()
    run_due_follow_ups()
    mail = Mail.objects.get()
    assert mail.subject == "An answer from Bellwether Cycles"
    assert "How can we help?" in mail.text
    for word in ("Stranger", "pills", "evil"):
        assert word not in mail.subject + mail.text + mail.html, word


# --- Mails that did not arrive ---


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_a_mail_that_did_not_arrive_is_said_on_its_ticket_once(ticket, alice, state):
    post_message(ticket, by=alice, body="Sorry!")
    run_due_follow_ups()
    mail = Mail.objects.get()
    Mail.objects.update(state=state, reason="550 no such mailbox")
    mail.recipients.update(state=state)
    assert report_failed_mails() == 1
    assert report_failed_mails() == 0
    assert report_mail_trouble(mail) is None
    assert (last(ticket).type, last(ticket).is_public) == ("mail.failed", False)
    assert last(ticket).data == {"mail": str(mail.pk), "kind": "reply", "state": state, "reason": "550 no such mailbox"}


def test_a_mail_about_something_else_is_not_ours_to_report(ticket):
    mail = Mail(about="case:7", state="failed")
    assert report_mail_trouble(mail) is None
    assert log(ticket, after=2) == []


def test_the_question_is_moved_and_leaves_at_its_new_time(asked, ticket, alice):
    due_at = timezone.now() + timedelta(days=9)
    move_follow_up(ticket, by=alice, due_at=due_at)
    move_follow_up(ticket, by=alice, due_at=due_at)  # nothing new: nothing is recorded
    asked.refresh_from_db()
    assert asked.due_at == due_at
    moved = ticket.events.get(type="follow_up.moved")
    assert (moved.by, moved.is_public, moved.data["to"]) == (alice, False, due_at.isoformat())
    move_follow_up(ticket, by=alice, due_at=timezone.now())
    assert run_due_follow_ups() == 1


def test_the_question_is_called_off(asked, ticket, alice):
    call_off_follow_up(ticket, by=alice)
    asked.refresh_from_db()
    assert (asked.state, asked.reason) == ("cancelled", "called off")
    assert ticket.events.get(type="follow_up.cancelled").by == alice
    for act in (
        lambda: call_off_follow_up(ticket, by=alice),
        lambda: move_follow_up(ticket, by=alice, due_at=timezone.now()),
    ):
        with pytest.raises(ValidationError) as error:
            act()
        assert error.value.code == "closed"


def test_customers_do_not_move_our_mails(asked, ticket, carla):
    with pytest.raises(PermissionDenied):
        move_follow_up(ticket, by=carla, due_at=timezone.now())
    with pytest.raises(PermissionDenied):
        call_off_follow_up(ticket, by=carla)


@pytest.mark.parametrize(
    ("asked_for", "state", "mails"),
    [
        ({"do": "now"}, "done", 1),
        ({"do": "cancel"}, "cancelled", 0),
        ({"do": "move", "due_at": "2031-01-02T09:30"}, "scheduled", 0),
    ],
)
def test_an_agent_decides_about_the_question_on_the_page(asked, ticket, alice, client, asked_for, state, mails):
    client.force_login(alice)
    address = f"/tickets/{ticket.pk}/follow-up/"
    assert "A mail asks whether all is well on" in client.get(ticket.get_absolute_url()).content.decode()
    assert client.post(address, asked_for).status_code == 303
    run_due_follow_ups()
    asked.refresh_from_db()
    assert (asked.state, Mail.objects.filter(kind="follow_up").count()) == (state, mails)


@pytest.mark.parametrize("nonsense", [{}, {"do": "x"}, {"do": "move"}, {"do": "move", "due_at": "tomorrowish"}])
def test_a_time_that_is_none_is_refused(asked, ticket, alice, client, nonsense):
    client.force_login(alice)
    assert client.post(f"/tickets/{ticket.pk}/follow-up/", nonsense).status_code == 422
    asked.refresh_from_db()
    assert asked.state == "scheduled"


def test_answers_of_the_past_are_not_mailed_again_with_a_new_one(carla, desk_row, alice):
    long_ago = timezone.now() - timedelta(days=90)
    imported = open_ticket(carla, by=carla, body="It squeaks", channel="email", at=long_ago)
    post_message(imported, by=alice, body="Oil it.", at=long_ago + timedelta(hours=1))
    post_message(imported, by=alice, body="Does it still squeak?")
    assert [message.body for message in unmailed_answers(again(imported))] == ["Does it still squeak?"]
