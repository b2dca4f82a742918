"""What becomes of mails: each ends in a state with a reason, on the right ticket, and answers go where they should."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.mime.image import MIMEImage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from customers.models import Address, Customer
from mailroom.actions import block_sender, handle, mark_spam, mark_ticket_spam, run_again, take_in, unblock_sender
from mailroom.models import RawMail, RawText, State
from outbox.models import Mail, Recipient, Suppression
from tests.mailroom.conftest import Arrive
from tests.mailroom.letters import PICTURE, SERVER, SUPPORT, letter
from tickets.actions import post_message, resolve_ticket
from tickets.jobs import run_due_follow_ups
from tickets.models import Copied, Letter, Message, Ticket, TicketLink
from tickets.tokens import reply_address

pytestmark = pytest.mark.django_db


def receipts() -> list[Mail]:
    return list(Mail.objects.filter(kind="acknowledgement"))


def reply_to(ticket: Ticket) -> str:
    return reply_address(ticket.reference, SUPPORT)


def answered(ticket: Ticket, by, words: str = "Which size is it?") -> Mail:
    """Our answer, as it left by mail."""
    post_message(ticket, by=by, body=words)
    run_due_follow_ups()
    mail = Mail.objects.filter(kind="reply", about=ticket.about).latest("created_at")
    Mail.objects.filter(pk=mail.pk).update(state="sent", sent_at=timezone.now())
    mail.recipients.update(state="sent")
    return Mail.objects.get(pk=mail.pk)


# --- New conversations -----------------------------------------------------------------------
def test_a_mail_begins_a_conversation(arrive: Arrive, workshop):
    mail = arrive(letter("The tyre is wrong.\n\nPlease help."))
    assert (mail.state, mail.from_email, mail.subject) == (State.TICKET, "carla@example.org", "My order")
    assert mail.reason
    ticket = mail.ticket
    assert (ticket.subject, ticket.channel, ticket.team) == ("My order", "email", workshop)
    assert ticket.customer.email == "carla@example.org"
    assert ticket.waiting_since is not None
    message = mail.entry
    assert message.body == "The tyre is wrong.\n\nPlease help."
    assert message.by_customer == ticket.customer
    known = Letter.objects.get(message=message)
    assert (known.authenticity, known.from_name, known.raw) == ("pass", "Carla Cortez", str(mail.pk))
    assert known.known_as == mail.message_id


def test_whoever_is_proved_is_told_that_we_have_it_in_their_words(arrive: Arrive):
    mail = arrive(letter())
    (receipt,) = receipts()
    assert receipt.subject == "Re: My order"
    assert receipt.in_reply_to == mail.message_id
    assert receipt.is_automatic
    assert receipt.is_at_most_once
    assert "My order" in receipt.text
    assert [person.email for person in receipt.recipients.all()] == ["carla@example.org"]


def test_whoever_is_not_proved_reads_nothing_that_a_stranger_wrote(arrive: Arrive):
    mail = arrive(letter(proof=None, subject="Buy CHEAP now", sender="Zorro <victim@example.net>"))
    (receipt,) = receipts()
    said = receipt.subject + receipt.text + receipt.html
    assert "CHEAP" not in said
    assert "Zorro" not in said
    assert mail.ticket.customer.address.proof == Address.Proof.CLAIMED


def test_who_is_refuted_is_told_nothing_and_is_nobody_whom_we_know(arrive: Arrive, carla: Customer):
    mail = arrive(letter(proof="fail"))
    assert mail.state == State.TICKET
    assert mail.ticket.customer != carla
    assert Letter.objects.get(message=mail.entry).authenticity == "fail"
    assert not receipts()


def test_one_address_is_told_once_a_day_however_often_it_writes(arrive: Arrive):
    for number in range(4):
        arrive(letter(f"Number {number}", subject=f"Matter {number}"))
    assert Ticket.objects.count() == 4
    assert len(receipts()) == 1


def test_nothing_is_told_where_the_mailbox_does_not_want_it(arrive: Arrive, support):
    support.sends_receipts = False
    support.save()
    arrive(letter())
    assert not receipts()


def test_a_customer_whom_we_know_keeps_who_they_are(arrive: Arrive, carla: Customer):
    assert arrive(letter(proof=None)).ticket.customer == carla
    assert arrive(letter()).ticket.customer == carla
    assert carla.addresses.get().proof == Address.Proof.PROVED


def test_one_stranger_is_one_customer_and_is_proved_later(arrive: Arrive):
    first = arrive(letter(proof=None))
    again = arrive(letter("Another thing", proof=None))
    assert first.ticket.customer == again.ticket.customer
    proved = arrive(letter("A third thing"))
    assert proved.ticket.customer == first.ticket.customer
    assert first.ticket.customer.addresses.get().proof == Address.Proof.PROVED


def test_a_mail_without_a_sender_is_kept_on_a_ticket(arrive: Arrive):
    mail = arrive(b"Subject: Nobody\r\n\r\nThese are words.\r\n")
    assert mail.state == State.TICKET
    assert mail.entry.body == "These are words."
    assert mail.ticket.customer.address is None
    assert not receipts()


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\xff\xfe\x00", b"\r\n\r\n", b"From: a\r\n" * 3])
def test_what_is_hardly_a_mail_ends_with_a_reason(arrive: Arrive, raw):
    mail = arrive(raw)
    assert mail.state in (State.TICKET, State.QUARANTINE)
    assert mail.reason


def test_a_mail_without_words_says_so_or_shows_its_subject(arrive: Arrive):
    assert arrive(letter("", subject="Call me")).entry.body == "Call me"
    assert arrive(letter("", subject="")).entry.body == "(A mail without words)"


def test_words_that_are_too_many_are_cut_and_it_says_so(arrive: Arrive, settings):
    mail = arrive(letter("word " * 10_000))
    assert len(mail.entry.body) <= settings.MESSAGE_MAX_CHARS
    assert Letter.objects.get(message=mail.entry).is_cut


def test_files_come_along_and_pictures_are_shown_where_they_stand(arrive: Arrive):
    files = (("a.pdf", "application/pdf", b"%PDF-1.4 hello"), ("empty.txt", "text/plain", b""))
    mail = arrive(letter("See", files=files))
    (file,) = mail.entry.attachments.all()
    assert (file.name, file.by_customer, file.size) == ("a.pdf", mail.ticket.customer, 14)
    html = '<p>Look: <img src="cid:wheel@x"></p>'
    inline = letter("See", html=html).replace(b"Content-Type: text/html", b"Content-Type: text/html")
    mail = arrive(_with_picture(inline))
    (picture,) = mail.entry.attachments.all()
    assert f"/files/{picture.pk}/" in Letter.objects.get(message=mail.entry).html


def _with_picture(raw: bytes) -> bytes:
    inner = message_from_bytes(raw)
    outer = MIMEMultipart("related")
    for name, value in inner.items():
        if not name.lower().startswith(("content-", "mime-")):
            outer[name] = value
    body = MIMEMultipart("alternative")
    for part in inner.get_payload():
        body.attach(part)
    outer.attach(body)
    image = MIMEImage(PICTURE)
    image["Content-ID"] = "<wheel@x>"
    outer.attach(image)
    return outer.as_bytes()


def test_more_files_than_a_person_may_send_come_along_all_the_same(arrive: Arrive):
    files = tuple((f"{number}.txt", "application/octet-stream", b"x%d" % number) for number in range(14))
    assert arrive(letter("Many", files=files)).entry.attachments.count() == 14


def test_a_file_that_is_too_large_is_named_and_stays_in_the_mail(arrive: Arrive, settings):
    settings.MAX_FILE_BYTES = 100
    mail = arrive(letter("Big", files=(("big.bin", "application/octet-stream", b"x" * 200),)))
    assert not mail.entry.attachments.exists()
    assert any("too large" in note for note in Letter.objects.get(message=mail.entry).notes)


# --- On tickets ------------------------------------------------------------------------------
def test_an_answer_comes_onto_its_ticket_and_reopens_it(arrive: Arrive, ticket, alice, carla):
    mail = answered(ticket, alice)
    resolve_ticket(ticket, by=alice, root_cause=None)
    got = arrive(letter("It is a 42.", answers=mail.message_id))
    assert (got.state, got.ticket) == (State.ENTRY, ticket)
    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert got.entry.by_customer == carla
    assert not receipts()


def test_what_was_solved_long_ago_goes_on_elsewhere(arrive: Arrive, ticket, alice):
    mail = answered(ticket, alice)
    resolve_ticket(ticket, by=alice, root_cause=None)
    Ticket.objects.filter(pk=ticket.pk).update(solved_at=timezone.now() - timedelta(days=40))
    got = arrive(letter("Again!", answers=mail.message_id))
    assert got.state == State.ENTRY
    assert got.ticket.continues == ticket
    assert Letter.objects.filter(message=got.entry).exists()


def test_our_answer_names_their_mail(arrive: Arrive, alice):
    got = arrive(letter())
    mail = answered(got.ticket, alice)
    assert mail.in_reply_to == got.message_id
    assert got.message_id in mail.references


def test_a_strangers_answer_is_a_note_that_calls_us(arrive: Arrive, ticket, alice, carla):
    answered(ticket, alice)
    resolve_ticket(ticket, by=alice, root_cause=None)
    got = arrive(letter("I am her colleague.", sender="eve@example.net", to=reply_to(ticket)))
    assert (got.state, got.ticket) == (State.ENTRY, ticket)
    assert (got.entry.kind, got.entry.by) == (Message.Kind.NOTE, None)
    assert Letter.objects.get(message=got.entry).is_by_stranger
    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert ticket.waiting_since is not None
    assert got.entry not in Message.objects.visible_to(carla)


def test_who_names_a_ticket_in_the_subject_without_proof_begins_a_new_one_that_is_linked(arrive: Arrive, ticket, carla):
    got = arrive(letter(subject=f"Re: tyre [#{ticket.reference}]", proof=None))
    assert got.state == State.TICKET
    assert got.ticket != ticket
    link = TicketLink.objects.get()
    assert {link.ticket_id, link.other_id} == {ticket.pk, got.ticket.pk}


def test_a_blocked_customers_words_are_spam(arrive: Arrive, ticket, carla):
    Customer.objects.filter(pk=carla.pk).update(is_blocked=True)
    got = arrive(letter(to=reply_to(ticket)))
    assert (got.state, got.ticket) == (State.SPAM, None)
    assert ticket.messages.count() == 1


# --- Us, from our own mail programs ----------------------------------------------------------
def test_an_agents_answer_by_mail_goes_to_the_customer(arrive: Arrive, ticket, alice):
    got = arrive(letter("It is on its way.", sender="alice@example.com", to=reply_to(ticket)))
    assert (got.state, got.entry.by_user, got.entry.kind) == (State.ENTRY, alice, Message.Kind.REPLY)
    run_due_follow_ups()
    assert Mail.objects.filter(kind="reply", about=ticket.about).count() == 1
    ticket.refresh_from_db()
    assert ticket.waiting_since is None


def test_who_has_it_already_does_not_get_it_twice(arrive: Arrive, ticket, alice):
    got = arrive(letter("Done.", sender="alice@example.com", to=f"carla@example.org, {reply_to(ticket)}"))
    assert got.entry.by_user == alice
    run_due_follow_ups()
    assert not Mail.objects.filter(kind="reply").exists()


def test_a_note_by_mail_stays_with_the_team(arrive: Arrive, ticket, alice):
    got = arrive(letter("#note She is angry.", sender="alice@example.com", to=reply_to(ticket)))
    assert (got.entry.kind, got.entry.body) == (Message.Kind.NOTE, "She is angry.")
    run_due_follow_ups()
    assert not Mail.objects.exists()


@pytest.mark.parametrize("proof", [None, "fail"])
def test_nobody_speaks_for_an_agent_without_proof(arrive: Arrive, ticket, alice, proof):
    got = arrive(letter("Send the money to me.", sender="alice@example.com", to=reply_to(ticket), proof=proof))
    assert got.entry.by_user is None
    run_due_follow_ups()
    assert not Mail.objects.exclude(kind="acknowledgement").exists()
    assert not Recipient.objects.filter(email="carla@example.org").exists()


def test_an_agent_elsewhere_has_no_say_on_it(arrive: Arrive, ticket, charlie):
    got = arrive(letter("Hello", sender="charlie@example.com", to=reply_to(ticket)))
    assert got.entry.by_user is None


FORWARDED = """\
Please take this.

---------- Forwarded message ---------
From: Dora Diaz <dora@example.org>
Date: Mon, 16 Nov 2026 at 10:00
Subject: Broken spoke
To: Alice <alice@example.com>

My spoke broke.
Twice.
"""


def test_what_an_agent_forwards_is_the_customers(arrive: Arrive, alice, dora):
    got = arrive(letter(FORWARDED, sender="alice@example.com", subject="Fwd: Broken spoke"))
    assert got.state == State.TICKET
    assert (got.ticket.customer, got.ticket.subject) == (dora, "Broken spoke")
    assert (got.entry.by_customer, got.entry.body) == (dora, "My spoke broke.\nTwice.")
    note = got.ticket.messages.get(kind="note")
    assert (note.by_user, note.body) == (alice, "Please take this.")
    assert not receipts()


def test_what_is_forwarded_in_an_agents_name_without_proof_is_not(arrive: Arrive, alice, dora):
    got = arrive(letter(FORWARDED, sender="alice@example.com", subject="Fwd: Broken spoke", proof=None))
    assert got.ticket.customer != dora


def test_what_an_agent_forwards_as_a_whole_is_the_customers(arrive: Arrive, alice, dora):
    inner = message_from_bytes(letter("My spoke broke.", sender="Dora Diaz <dora@example.org>", subject="Spoke"))
    outer = MIMEMultipart()
    outer["From"], outer["To"], outer["Subject"] = "alice@example.com", SUPPORT, "Fwd: Spoke"
    outer["Message-ID"] = "<outer@example.com>"
    outer.attach(MIMEText("Please take this."))
    outer.attach(MIMEMessage(inner))
    said = f"Authentication-Results: {SERVER}; dmarc=pass header.from=example.com\n".encode()
    got = arrive(said + outer.as_bytes())
    assert (got.ticket.customer, got.ticket.subject, got.entry.body) == (dora, "Spoke", "My spoke broke.")
    assert got.ticket.messages.get(kind="note").body == "Please take this."


def test_what_a_form_of_ours_sends_is_the_visitors_and_not_proved(arrive: Arrive):
    got = arrive(letter("I typed this.", sender=f"Site <{SUPPORT}>", headers={"Reply-To": "Vera <vera@example.net>"}))
    assert got.state == State.TICKET
    address = got.ticket.customer.address
    assert (address.email, address.proof) == ("vera@example.net", Address.Proof.CLAIMED)
    assert not receipts()


# --- Others who are named --------------------------------------------------------------------
@pytest.mark.parametrize("proof", ["pass", None, "fail"])
def test_whom_a_mail_names_gets_nothing_until_one_of_us_says_so(arrive: Arrive, alice, proof):
    """Invariant E8, also for the customer's own proved mail: a signed mail can be sent again with another Cc."""
    got = arrive(letter(cc="Ed <ed@example.net>", proof=proof))
    assert not Copied.objects.exists()
    answered(got.ticket, alice)
    assert not Recipient.objects.filter(email="ed@example.net").exists()
    assert not Customer.objects.filter(addresses__email="ed@example.net").exists()
    assert got.entry.letter.cc == [["Ed", "ed@example.net"]]


# --- Programs --------------------------------------------------------------------------------
def test_a_vacation_answer_lies_on_its_ticket_and_changes_nothing(arrive: Arrive, ticket, alice, carla):
    mail = answered(ticket, alice)
    resolve_ticket(ticket, by=alice, root_cause=None)
    headers = {"Auto-Submitted": "auto-replied"}
    got = arrive(letter("I am away.", answers=mail.message_id, headers=headers, subject="Away"))
    assert (got.state, got.ticket) == (State.AUTOMATIC, ticket)
    assert got.entry.kind == Message.Kind.NOTE
    ticket.refresh_from_db()
    assert ticket.status == "solved"
    assert got.entry not in Message.objects.visible_to(carla)


def test_a_vacation_answer_does_not_stop_waiting_or_wake(arrive: Arrive, ticket, alice):
    since = ticket.waiting_since
    arrive(letter("Away", to=reply_to(ticket), headers={"Auto-Submitted": "auto-replied"}))
    ticket.refresh_from_db()
    assert ticket.waiting_since == since


def test_a_ticket_takes_few_automatic_mails_of_one_address_a_day(arrive: Arrive, ticket):
    for number in range(6):
        arrive(letter(f"Away {number}", to=reply_to(ticket), headers={"Auto-Submitted": "auto-replied"}))
    assert ticket.messages.filter(kind="note").count() == 3
    assert RawMail.objects.filter(state=State.AUTOMATIC).count() == 6


def test_an_automatic_answer_to_nothing_that_we_know_is_only_in_the_log(arrive: Arrive):
    got = arrive(letter("Away", headers={"Auto-Submitted": "auto-replied"}))
    assert (got.state, got.ticket) == (State.AUTOMATIC, None)
    assert not Mail.objects.exists()


def test_what_a_program_sent_may_matter_but_is_not_answered(arrive: Arrive):
    got = arrive(letter("The pump has failed.", headers={"Auto-Submitted": "auto-generated"}))
    assert got.state == State.TICKET
    assert not Mail.objects.exists()


def test_an_answer_at_once_to_what_we_sent_by_ourselves_reopens_nothing(arrive: Arrive, alice):
    first = arrive(letter())
    resolve_ticket(first.ticket, by=alice, root_cause=None)
    (receipt,) = receipts()
    Mail.objects.filter(pk=receipt.pk).update(state="sent", sent_at=timezone.now())
    got = arrive(letter("We have your mail about our mail.", answers=receipt.message_id))
    assert (got.state, got.ticket) == (State.AUTOMATIC, first.ticket)


def test_the_same_words_again_to_what_we_sent_by_ourselves_reopen_nothing(arrive: Arrive, alice):
    first = arrive(letter("I am in the mountains."))
    resolve_ticket(first.ticket, by=alice, root_cause=None)
    (receipt,) = receipts()
    Mail.objects.filter(pk=receipt.pk).update(state="sent", sent_at=timezone.now() - timedelta(hours=1))
    got = arrive(letter("I am in the mountains.", answers=receipt.message_id))
    assert (got.state, got.ticket) == (State.AUTOMATIC, first.ticket)
    person = arrive(letter("Thank you!", answers=receipt.message_id))
    assert person.state == State.ENTRY
    first.ticket.refresh_from_db()
    assert first.ticket.status == "open"


def test_our_own_words_sent_back_reopen_nothing(arrive: Arrive, ticket, alice):
    mail = answered(ticket, alice, "We have sent the right tyre to your shop today.")
    resolve_ticket(ticket, by=alice, root_cause=None)
    got = arrive(letter("We have sent the right tyre to your shop today.", answers=mail.message_id))
    assert (got.state, got.ticket) == (State.AUTOMATIC, ticket)


def test_where_work_goes_on_the_quickest_answer_is_heard(arrive: Arrive):
    first = arrive(letter())
    (receipt,) = receipts()
    Mail.objects.filter(pk=receipt.pk).update(state="sent", sent_at=timezone.now())
    got = arrive(letter("And another thing.", answers=receipt.message_id))
    assert (got.state, got.ticket) == (State.ENTRY, first.ticket)


# --- Bounces ---------------------------------------------------------------------------------
def bounce(mail: Mail, email: str = "carla@example.org", status: str = "5.1.1", action: str = "failed") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example.org\r\n"
        f"To: {SUPPORT}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n'
        "Auto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {email}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} no such person\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {mail.message_id}\r\n\r\n--b--\r\n"
    ).encode()


def test_a_dead_address_gets_no_more_and_the_ticket_says_so(arrive: Arrive, ticket, alice):
    mail = answered(ticket, alice)
    got = arrive(bounce(mail), envelope_from="")
    assert (got.state, got.ticket) == (State.BOUNCE, ticket)
    assert Suppression.objects.get().email == "carla@example.org"
    mail.refresh_from_db()
    assert mail.state == "failed"
    assert mail.recipients.get().state == "failed"
    event = ticket.events.get(type="mail.failed")
    assert "no such person" in event.data["reason"]
    assert Ticket.objects.count() == 1
    arrive(bounce(mail) + b"\r\n", envelope_from="")
    assert ticket.events.filter(type="mail.failed").count() == 1


def test_a_full_mailbox_is_told_and_written_to_again(arrive: Arrive, ticket, alice):
    got = arrive(bounce(answered(ticket, alice), status="5.2.2"))
    assert got.state == State.BOUNCE
    assert not Suppression.objects.exists()
    assert ticket.events.filter(type="mail.failed").exists()


def test_a_delay_changes_nothing(arrive: Arrive, ticket, alice):
    mail = answered(ticket, alice)
    got = arrive(bounce(mail, status="4.4.1", action="delayed"))
    assert got.state == State.BOUNCE
    mail.refresh_from_db()
    assert mail.state == "sent"


def test_nobody_shuts_out_others_with_a_bounce_of_their_own(arrive: Arrive, ticket, alice):
    mail = answered(ticket, alice)
    mail.message_id = "<made-up@example.org>"
    assert arrive(bounce(mail)).state == State.BOUNCE
    mail.refresh_from_db()
    arrive(bounce(mail, email="dora@example.org"))
    assert not Suppression.objects.filter(email="dora@example.org").exists()


# --- Twice -----------------------------------------------------------------------------------
def test_the_same_mail_another_way_is_here_already(arrive: Arrive):
    raw = letter()
    first = arrive(raw)
    again = arrive(b"Received: from forwarder.example by mx2; now\r\n" + raw.replace(b"\n", b"\r\n") + b"\r\n")
    assert (again.state, again.ticket) == (State.DUPLICATE, first.ticket)
    assert Ticket.objects.count() == 1


def test_another_mail_with_the_same_message_id_is_another_mail(arrive: Arrive):
    arrive(letter(message_id="<same@example.org>"))
    assert arrive(letter("Something else", message_id="<same@example.org>")).state == State.TICKET
    assert arrive(letter(sender="eve@example.net", message_id="<same@example.org>")).state == State.TICKET
    assert Ticket.objects.count() == 3


# --- Spam and blocks -------------------------------------------------------------------------
@pytest.mark.parametrize("pattern", ["carla@example.org", "@example.org", "@org"])
def test_who_is_blocked_sends_spam(arrive: Arrive, adam, pattern):
    if pattern == "@org":
        with pytest.raises(ValidationError):
            block_sender(pattern, by=adam)
        return
    block = block_sender(pattern.upper(), by=adam)
    got = arrive(letter())
    assert (got.state, got.ticket) == (State.SPAM, None)
    assert not Mail.objects.exists()
    unblock_sender(block, by=adam)
    assert arrive(letter("Again")).state == State.TICKET


def test_a_block_holds_for_what_is_below_a_domain(arrive: Arrive, adam):
    block_sender("@example.org", by=adam)
    assert arrive(letter(sender="x@mail.example.org")).state == State.SPAM
    assert arrive(letter(sender="x@notexample.org")).state == State.TICKET


def test_who_may_block(adam, alice, support):
    assert block_sender("eve@example.net", by=alice).by == alice
    with pytest.raises(PermissionDenied):
        block_sender("@example.net", by=alice)
    for own in (SUPPORT, "@bellwether.example", "alice@example.com"):
        with pytest.raises(ValidationError):
            block_sender(own, by=adam)


def test_spam_puts_its_ticket_away_and_stops_what_was_to_be_sent(arrive: Arrive, alice, charlie, adam):
    got = arrive(letter())
    with pytest.raises(PermissionDenied):
        mark_spam(got, by=charlie)
    mark_ticket_spam(got.ticket, by=alice, blocks_sender=True)
    got.refresh_from_db()
    assert got.state == State.SPAM
    assert Ticket.objects.get().trashed_at is not None
    assert [mail.state for mail in receipts()] == ["cancelled"]
    assert arrive(letter("More")).state == State.SPAM
    with pytest.raises(PermissionDenied):
        run_again(got, by=alice)
    back = run_again(got, by=adam)
    assert back.state == State.TICKET
    assert Ticket.objects.get().trashed_at is None


def test_what_a_person_wrote_is_taken_in_whatever_it_looks_like(arrive: Arrive, adam):
    got = arrive(letter("I am back.", headers={"Auto-Submitted": "auto-replied"}))
    assert got.state == State.AUTOMATIC
    assert handle(run_again(got, by=adam)).state == State.AUTOMATIC
    again = handle(run_again(got, by=adam, is_by_person=True))
    assert again.state == State.TICKET
    assert not receipts()
    with pytest.raises(ValidationError):
        run_again(again, by=adam)


# --- Breakers --------------------------------------------------------------------------------
def test_who_begins_too_many_conversations_is_told_nothing_and_we_are_told(arrive: Arrive):
    for number in range(8):
        arrive(letter(f"Number {number}", subject=f"Matter {number}"))
    assert Ticket.objects.count() == 8
    assert Ticket.objects.filter(events__type="sender.flagged").count() == 1


def test_who_answers_too_often_is_still_heard(arrive: Arrive, ticket, monkeypatch):
    monkeypatch.setattr("mailroom.actions.breakers.MOST_REPLIES", 3)
    for number in range(6):
        arrive(letter(f"Answer {number}", to=reply_to(ticket)))
    assert ticket.messages.count() == 7
    assert ticket.events.filter(type="sender.flagged").count() == 1


# --- What was there before -------------------------------------------------------------------
def test_what_was_there_before_us_is_taken_in_without_a_word(arrive: Arrive):
    written = timezone.now() - timedelta(days=300)
    got = arrive(letter(date=written), is_imported=True)
    assert got.state == State.TICKET
    ticket = Ticket.objects.get()
    assert ticket.waiting_since is None
    assert abs(ticket.created_at - written) < timedelta(seconds=2)
    assert not Mail.objects.exists()
    assert got.entry.event.data["imported"] is True


# --- Trouble ---------------------------------------------------------------------------------
def test_a_mail_whose_text_is_gone_ends(arrive: Arrive, support):
    mail = take_in(letter(), source="pipe", mailbox=support)
    RawText.objects.all().delete()
    assert handle(mail).state == State.QUARANTINE


def test_what_fails_is_tried_again_and_then_put_aside(arrive: Arrive, support, monkeypatch, adam):
    monkeypatch.setattr("mailroom.actions.landing.place", _fail)
    mail = take_in(letter(), source="pipe", mailbox=support)
    for attempt in (1, 2):
        mail = handle(mail)
        assert (mail.state, mail.attempts, mail.lease_until) == (State.NEW, attempt, None)
        assert mail.next_at > timezone.now()
        assert handle(mail).attempts == attempt  # not yet
        RawMail.objects.update(next_at=timezone.now())
    assert handle(mail).state == State.QUARANTINE
    assert not Ticket.objects.exists()
    monkeypatch.undo()
    assert handle(run_again(mail, by=adam)).state == State.TICKET


def _fail(*_args, **_kwargs):
    raise RuntimeError("a mistake of ours")


# --- On the page -----------------------------------------------------------------------------
def test_a_ticket_shows_who_wrote_what_is_a_note_to_us(arrive: Arrive, ticket, alice, client):
    headers = {"Auto-Submitted": "auto-replied"}
    arrive(letter("I am away.", to=reply_to(ticket), headers=headers, sender="Carla at sea <carla@example.org>"))
    arrive(letter("Eve here.", to=reply_to(ticket), sender="Eve Eden <eve@example.net>"))
    client.force_login(alice)
    page = client.get(f"/tickets/{ticket.number}/").content.decode()
    assert "Mail from Carla at sea" in page
    assert "Mail from Eve Eden" in page
    assert "Not written by the customer of this ticket" in page
    assert "Note from Makegood" not in page


def test_every_event_of_mails_has_its_words(arrive: Arrive, ticket, alice, client):
    for number in range(7):
        arrive(letter(f"Number {number}", subject=f"Matter {number}", sender="flood@example.net"))
    flagged = Ticket.objects.get(events__type="sender.flagged")
    client.force_login(alice)
    page = client.get(f"/tickets/{flagged.number}/").content.decode()
    assert "began more than 5 conversations by mail within an hour" in page
