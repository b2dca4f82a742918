"""A ticket of its own for what somebody's words are about, besides."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from chat.models import Visitor
from chat.queries import guest_heads
from outbox.models import Mail
from tests.tickets.looking import again, check_log, log
from tickets.actions import (
    index_due,
    merge_ticket,
    post_message,
    resolve_ticket,
    split_ticket,
    trash_ticket,
    undo_merge,
)
from tickets.jobs import run_due_follow_ups
from tickets.models import Event, Message, Ticket, TicketLink
from tickets.queries import timeline, understand
from tickets.queries.relating import links_of
from tickets.queries.searching import search_page


@pytest.fixture
def message(ticket, carla) -> Message:
    return post_message(ticket, by=carla, body="And where is my invoice?\nI need it.")


def test_nothing_is_moved_and_the_new_one_refers_to_it(ticket, message, alice, carla):
    new = split_ticket(ticket, message=message, by=alice, subject="  The  invoice ")
    assert (new.subject, new.customer, new.team, new.channel, new.assignee) == (
        "The invoice", carla, ticket.team, "email", alice,
    )  # fmt: skip
    assert list(ticket.messages.values_list("pk", flat=True)).count(message.pk) == 1
    assert not new.messages.exists()
    assert log(new) == ["ticket.opened"]
    assert log(ticket)[-1] == "ticket.split"
    link = TicketLink.objects.get()
    assert (link.ticket, link.other, link.kind, link.message) == (new, ticket, "split", message)
    check_log(ticket)


def test_whoever_waits_waits_there_as_well(ticket, message, alice):
    new = split_ticket(ticket, message=message, by=alice, subject="The invoice")
    assert again(new).waiting_since == message.created_at
    assert again(new).answer_due_at > again(new).waiting_since
    assert again(ticket).waiting_since is not None


def test_who_was_answered_waits_for_nobody(ticket, message, alice):
    ours = post_message(ticket, by=alice, body="We also owe you a bell.")
    assert again(split_ticket(ticket, message=message, by=alice, subject="One")).waiting_since is None
    assert again(split_ticket(ticket, message=ours, by=alice, subject="Two")).waiting_since is None


def test_the_customer_learns_of_it_by_the_first_answer(
    ticket, message, alice, carla, site, django_capture_on_commit_callbacks
):
    visitor = Visitor.objects.create(site=site, customer=carla, token_digest="x" * 64)
    new = split_ticket(ticket, message=message, by=alice, subject="The invoice")
    run_due_follow_ups()
    assert not Mail.objects.exists()
    assert new.pk not in [number for number, _, _ in guest_heads(visitor)]
    assert not Event.objects.visible_to(carla).filter(ticket=new).exists()
    post_message(new, by=alice, body="Here it is.")
    assert new.pk in [number for number, _, _ in guest_heads(visitor)]
    (event,) = Event.objects.visible_to(carla).filter(ticket=new)
    assert (event.message.body, event.public_prev) == ("Here it is.", 0)
    run_due_follow_ups()
    assert Mail.objects.get().subject == "The invoice"  # which is new to them
    check_log(new)


def test_its_words_are_read_by_whoever_sees_the_new_one(ticket, message, alice, charlie, shop):
    new = split_ticket(ticket, message=message, by=alice, subject="The invoice", team=shop)
    assert new.assignee is None  # another team decides whose it is
    split_off = links_of(new, charlie).split_off
    assert (split_off.ticket, split_off.message.body) == (None, message.body)
    assert links_of(new, alice).split_off is None or not Ticket.objects.visible_to(alice).filter(pk=new.pk).exists()
    assert [one.label for one in links_of(ticket, alice).all] == ["Split into"]


def test_it_is_found_by_its_subject(ticket, message, alice):
    new = split_ticket(ticket, message=message, by=alice, subject="Rechnung verlangt")
    index_due()
    found = search_page(Ticket.objects.visible_to(alice), alice, understand("rechnung", alice))
    assert [one.pk for one in found.tickets] == [new.pk]


def test_a_second_click_is_no_second_ticket(ticket, message, alice):
    new = split_ticket(ticket, message=message, by=alice, subject="The invoice")
    assert split_ticket(ticket, message=message, by=alice, subject="The invoice") == new
    assert split_ticket(ticket, message=message, by=alice, subject="The bell") != new


def test_it_is_merged_back_and_taken_apart_again(ticket, message, alice):
    new = split_ticket(ticket, message=message, by=alice, subject="The invoice")
    merge_ticket(new, by=alice, into=ticket)
    said = [event.message.body for event in timeline(again(ticket), alice).events if event.message]
    assert said.count(message.body) == 1
    undo_merge(new, by=alice)
    assert links_of(new, alice).split_off.message == message


def test_a_message_that_stands_on_a_merged_ticket(ticket, message, alice, carla):
    survivor = split_ticket(ticket, message=message, by=alice, subject="The invoice")
    merge_ticket(ticket, by=alice, into=survivor)
    new = split_ticket(survivor, message=message, by=alice, subject="The delivery")
    assert links_of(new, alice).split_off.ticket == survivor
    with pytest.raises(ValidationError, match="split it there"):
        split_ticket(ticket, message=message, by=alice, subject="Else")


def test_what_cannot_be(ticket, message, chat_ticket, alice, carla):
    note = post_message(ticket, by=alice, body="Careful", kind="note")
    elsewhere = chat_ticket.messages.get()
    for wrong, subject in ((note, "x"), (elsewhere, "x"), (message, " \n ")):
        with pytest.raises(ValidationError):
            split_ticket(ticket, message=wrong, by=alice, subject=subject)
    alice.is_active = False
    alice.save()
    with pytest.raises(PermissionDenied):
        split_ticket(ticket, message=message, by=alice, subject="x")
    assert not TicketLink.objects.exists()


def test_not_in_the_trash_but_from_a_solved_one(ticket, message, alice):
    resolve_ticket(ticket, by=alice, root_cause=None)
    assert not split_ticket(ticket, message=message, by=alice, subject="x").is_solved
    trash_ticket(ticket, by=alice)
    with pytest.raises(ValidationError, match="in the trash"):
        split_ticket(ticket, message=message, by=alice, subject="y")
