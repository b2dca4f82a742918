"""Who gets copies of our answers: a mail of their own, the same words, and no way in."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from customers.actions import block_customer, claim_address, create_guest, get_or_create_customer
from outbox.actions import suppress
from outbox.jobs import send_due
from outbox.models import Mail
from outbox.policy import Why
from tests.outbox.conftest import Server, smtp  # noqa: F401  (a fixture)
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import add_copied, mark_seen, open_ticket, post_message, remove_copied, send_reply
from tickets.jobs import report_failed_mails, run_due_follow_ups, send_due_replies
from tickets.models import Copied, FollowUp, ScheduledReply, Ticket

pytestmark = pytest.mark.django_db


def at(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def mails(kind: str) -> list[Mail]:
    return list(Mail.objects.filter(kind=kind).order_by("created_at"))


def leave() -> None:
    FollowUp.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    run_due_follow_ups()


def test_an_answer_goes_to_the_customer_and_to_each_copy_by_itself(smtp: Server, ticket, alice):  # noqa: F811
    add_copied(ticket, by=alice, email="Dana@Example.net", name="Dana Dee")
    post_message(ticket, by=alice, body="The right one leaves today.")
    leave()
    send_due()
    by_envelope = {
        taken.to[0]: email.message_from_bytes(taken.content, policy=email.policy.default) for taken in smtp.taken
    }
    assert {address: len(taken.to) for address, taken in zip(by_envelope, smtp.taken, strict=True)} == {
        "carla@example.org": 1,
        "dana@example.net": 1,
    }
    ids = set()
    for message in by_envelope.values():
        assert isinstance(message, EmailMessage)
        assert message["To"] == "Carla Cortez <carla@example.org>"
        assert message["Cc"] == "Dana Dee <dana@example.net>"
        assert message["Subject"] == "Re: The tyre is wrong"
        text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert "The right one leaves today." in text
        ids.add(message["Message-ID"])
    assert len(ids) == 2
    copy = by_envelope["dana@example.net"]
    said = copy.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "This is a copy of our answer to Carla Cortez. Alice copied you in on it." in said
    assert set(Mail.objects.values_list("kind", "state")) == {("reply", "sent"), ("reply_copy", "sent")}


def test_a_copy_gives_no_access_to_anything(site, ticket, alice):
    """No link to the chat, no id of a mail to the customer by which an answer would pass for theirs."""
    Ticket.objects.filter(pk=ticket.pk).update(site=site)
    site.url = "https://shop.example/chat"
    site.save()
    ticket = again(ticket)
    post_message(ticket, by=alice, body="First")
    leave()
    add_copied(ticket, by=alice, email="dana@example.net")
    for body in ("Second", "Third"):
        post_message(ticket, by=alice, body=body)
        leave()
    copies, answers = mails("reply_copy"), mails("reply")
    assert [len(answers), len(copies)] == [3, 2]
    assert all("https://shop.example/chat" in mail.text for mail in answers)
    theirs = {mail.message_id for mail in answers}
    for copy in copies:
        assert "https://shop.example" not in copy.text + copy.html
        assert ticket.reference not in copy.text + copy.html + copy.subject
        assert copy.reply_to == ""
        assert not theirs & set(copy.references)
    assert copies[1].references == [copies[0].message_id]
    assert not {copy.message_id for copy in copies} & set(answers[2].references)
    assert "First" not in copies[0].text


def test_a_copy_can_be_left_out_for_one_answer(ticket, alice):
    add_copied(ticket, by=alice, email="dana@example.net")
    send_reply(ticket, by=alice, body="Between us.", then={"uncopied": True})
    leave()
    assert mails("reply_copy") == []
    assert mails("reply")[0].shown_cc == []
    send_reply(ticket, by=alice, body="For all.")
    leave()
    (copy,) = mails("reply_copy")
    assert "For all." in copy.text
    assert "Between us." not in copy.text
    assert mails("reply")[1].shown_cc == [["", "dana@example.net"]]


def test_what_leaves_later_remembers_that_copies_are_left_out(ticket, alice, settings):
    settings.UNDO_SEND_SECONDS = 10
    add_copied(ticket, by=alice, email="dana@example.net")
    send_reply(ticket, by=alice, body="Between us.", then={"uncopied": True})
    ScheduledReply.objects.update(send_at=timezone.now())
    assert send_due_replies() == 1
    leave()
    assert (len(mails("reply")), mails("reply_copy")) == (1, [])


def test_a_customer_learns_of_no_copy_from_the_log(ticket, alice, carla):
    add_copied(ticket, by=alice, email="dana@example.net", name="Dana")
    post_message(ticket, by=alice, body="Between us.", is_copied=False)
    assert log(again(ticket)) == ["ticket.opened*", "message.posted*", "copy.added", "message.posted*"]
    check_log(ticket)


def test_in_a_chat_copies_leave_together_whether_the_customer_has_read_them_or_not(chat_ticket, carla, alice):
    add_copied(chat_ticket, by=alice, email="dana@example.net")
    for body in ("One.", "Two."):
        post_message(chat_ticket, by=alice, body=body)
    mark_seen(again(chat_ticket), by=carla, seq=again(chat_ticket).last_seq)
    leave()
    (copy,) = mails("reply_copy")
    assert copy.text.index("One.") < copy.text.index("Two.")
    assert mails("reply") == []
    leave()
    assert len(mails("reply_copy")) == 1


def test_a_customer_without_an_address_does_not_keep_copies_from_leaving(alice, workshop, desk_row):
    guest = create_guest(name="Gus")
    ticket = open_ticket(guest, by=guest, body="Hello", channel="form", team=workshop)
    add_copied(ticket, by=alice, email="dana@example.net")
    post_message(again(ticket), by=alice, body="On its way.")
    leave()
    assert [mail.subject for mail in mails("reply_copy")] == ["An answer from Bellwether Cycles"]


def test_an_address_that_was_merely_typed_neither_learns_of_others_nor_is_shown_to_them(alice, workshop, desk_row):
    guest = create_guest(name="Evil Name")
    claim_address(guest, email="typed@example.com")
    ticket = open_ticket(guest, by=guest, body="x", subject="EVIL", channel="form", team=workshop)
    add_copied(ticket, by=alice, email="dana@example.net", name="Dana")
    post_message(again(ticket), by=alice, body="On its way.")
    leave()
    (answer,), (copy,) = mails("reply"), mails("reply_copy")
    assert answer.shown_cc == []
    assert copy.shown_to == [["Dana", "dana@example.net"]]
    for mail in (answer, copy):
        assert "EVIL" not in mail.text + mail.html + mail.subject
        assert "Evil" not in mail.text + mail.html
    assert "typed@example.com" not in copy.text + str(copy.shown_to) + str(copy.shown_cc)


def test_adding_and_removing_twice_is_harmless_and_can_be_undone(ticket, alice):
    first = add_copied(ticket, by=alice, email="dana@example.net")
    assert add_copied(ticket, by=alice, email="DANA@example.net ") == first
    remove_copied(first, by=alice)
    remove_copied(first, by=alice)
    assert log(again(ticket))[-2:] == ["copy.added", "copy.removed"]
    again_there = add_copied(ticket, by=alice, email="dana@example.net")
    assert again_there != first
    assert last(ticket).data == {"email": "dana@example.net", "name": ""}
    post_message(ticket, by=alice, body="x")
    leave()
    assert len(mails("reply_copy")) == 1


def test_who_is_no_use_or_wants_no_mail_is_refused(ticket, alice, dora, lea):
    suppress("bounced@example.net", reason=Why.BOUNCE)
    block_customer(dora, by=lea, is_blocked=True)
    codes = {
        "bounced@example.net": "undeliverable",
        "dora@example.org": "undeliverable",
        "CARLA@example.org": "invalid",
        "no address": "invalid_email",
        "a@b.example\r\nBcc: all@example.com": "invalid_email",
        '"quoted"@example.com': "invalid_email",
    }
    for address, code in codes.items():
        with pytest.raises(ValidationError) as refused:
            add_copied(ticket, by=alice, email=address)
        assert refused.value.code == code, address
    assert not Copied.objects.exists()


def test_a_name_cannot_break_the_header(smtp: Server, ticket, alice):  # noqa: F811
    add_copied(ticket, by=alice, email="dana@example.net", name="Dana\r\nBcc: all@example.com\x00\u202e <x@y>")
    post_message(ticket, by=alice, body="x")
    leave()
    send_due()
    for taken in smtp.taken:
        message = email.message_from_bytes(taken.content, policy=email.policy.default)
        assert message["Bcc"] is None
        assert [address.addr_spec for address in message["Cc"].addresses] == ["dana@example.net"]


def test_twenty_copies_are_enough(ticket, alice):
    for number in range(20):
        add_copied(ticket, by=alice, email=f"c{number}@example.net")
    with pytest.raises(ValidationError) as refused:
        add_copied(ticket, by=alice, email="one@more.example")
    assert refused.value.code == "too_many"


def test_strangers_are_counted(ticket, alice, dora, settings):
    settings.NEW_RECIPIENTS_PER_HOUR = 1
    add_copied(ticket, by=alice, email="dora@example.org")  # a customer is no stranger
    add_copied(ticket, by=alice, email="stranger@example.net")
    with pytest.raises(ValidationError) as refused:
        add_copied(ticket, by=alice, email="another@example.net")
    assert refused.value.code == "rate_limited"


def test_a_copy_that_comes_back_is_said_on_the_ticket(ticket, alice):
    add_copied(ticket, by=alice, email="dana@example.net")
    suppress("dana@example.net", reason=Why.BOUNCE)
    post_message(ticket, by=alice, body="x")
    leave()
    assert report_failed_mails() == 1
    assert last(ticket).data["to"] == ["dana@example.net"]
    assert mails("reply")[0].state == "pending"


def test_nobody_without_the_right_copies_anybody(ticket, alice, carla):
    alice.is_active = False
    with pytest.raises(PermissionDenied):
        add_copied(ticket, by=alice, email="dana@example.net")


def test_a_known_customer_keeps_their_own_name_in_the_list(ticket, alice):
    get_or_create_customer(by=alice, email="dana@example.net", name="Dana Dee")
    assert add_copied(ticket, by=alice, email="dana@example.net").name == "Dana Dee"


def test_a_copy_that_came_to_be_the_customers_own_address_is_not_sent_twice(ticket, alice, carla):
    add_copied(ticket, by=alice, email="carla@work.example")
    claim_address(carla, email="carla@work.example")
    post_message(ticket, by=alice, body="x")
    leave()
    assert (len(mails("reply")), mails("reply_copy"), mails("reply")[0].shown_cc) == (1, [], [])
