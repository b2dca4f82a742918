"""Holes that were published of other helpdesks' mail (and of what they stand on), each tried on ours, end to end.

Named after what they reproduce; the sources are in the comments. Carla is a customer, Dora another one, Alice an agent;
Mallory is whoever found the hole.
"""

from __future__ import annotations

import hmac
import time
from contextlib import suppress
from email.message import EmailMessage
from importlib.metadata import version
from uuid import uuid4

import pytest
from django.utils import timezone

from customers.actions import claim_address, create_guest
from customers.models import Customer
from mailroom.actions import handle, take_in
from mailroom.models import RawMail, Source, State
from mailroom.parsing import Limits, read
from mailroom.reading import UnreadableError, read_bounded
from outbox.actions import queue_mail
from outbox.headers import message_id, own_mail_id, verp_address
from outbox.mime import to_bytes
from outbox.models import Mail, Suppression
from tests.mailroom.conftest import Arrive
from tests.mailroom.letters import SERVER, SUPPORT, letter
from tickets import tokens
from tickets.actions import open_ticket, post_message, resolve_ticket
from tickets.jobs import run_due_follow_ups
from tickets.models import Attachment, Copied, Letter, Message, Ticket
from tickets.tokens import reply_address

pytestmark = pytest.mark.django_db
MALLORY = "Mallory <mallory@evil.example>"


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


def public_words(ticket: Ticket) -> list[str]:
    """What the ticket's customer reads on it."""
    return list(Message.objects.visible_to(ticket.customer).filter(ticket=ticket).values_list("body", flat=True))


def addressees() -> set[str]:
    """Everybody to whom any mail of ours goes."""
    return set(Mail.objects.values_list("recipients__email", flat=True)) - {None}


# --- Who gets into a conversation ------------------------------------------------------------


@pytest.mark.parametrize("proof", [None, "fail"])
def test_zendesk_cve_2024_49193_a_spoofed_copy_does_not_open_the_history(arrive: Arrive, ticket, alice, proof):
    """Mail in the requester's name to the ticket's address, with the attacker in Cc: they were let into the ticket."""
    answered(ticket, alice, "The secret is 4711.")
    before = addressees()
    arrive(letter("Please add my colleague.", to=f"{reply_to(ticket)}, {MALLORY}", cc=MALLORY, proof=proof))
    assert not Copied.objects.exists()
    post_message(ticket, by=alice, body="Another secret.")
    run_due_follow_ups()
    assert not {email for email in addressees() - before if "evil" in email}


def test_zendesk_cve_2024_49193_who_is_let_in_by_nobody_reads_no_history(arrive: Arrive, ticket, alice):
    """Even where the customer themselves names somebody, what was said before is not sent to them."""
    answered(ticket, alice, "The secret is 4711.")
    arrive(letter("My husband reads along.", to=reply_to(ticket), cc="Hugo <hugo@example.net>"))
    post_message(ticket, by=alice, body="Good day to both of you.")
    run_due_follow_ups()
    theirs = Mail.objects.filter(recipients__email="hugo@example.net")
    assert not any("4711" in mail.text + mail.html for mail in theirs)


def test_ticket_trick_a_services_code_is_not_read_by_who_asked_for_it(arrive: Arrive, ticket, carla):
    """Inti De Ceukelaire, 2017: sign up elsewhere with the ticket's address, read the confirmation on the ticket."""
    mail = arrive(letter("Your code is 123456.", sender="no-reply@slack.example", to=reply_to(ticket)))
    assert mail.ticket == ticket
    assert mail.entry is None or mail.entry.kind == Message.Kind.NOTE
    assert not any("123456" in words for words in public_words(ticket))
    assert carla.email == "carla@example.org"


def test_zammad_5064_a_number_in_the_subject_joins_nothing(arrive: Arrive, ticket):
    for subject in (
        f"Re: [Ticket#{ticket.pk}] Hi",
        f"[#{ticket.pk}]",
        f"Ticket #{ticket.pk}",
        f"[#{ticket.reference}]",
    ):
        mail = arrive(letter(f"About {subject}", sender=MALLORY, subject=subject))
        assert mail.ticket != ticket
    assert ticket.messages.count() == 1


def test_django_helpdesk_a_queue_and_number_in_the_subject_join_nothing(arrive: Arrive, ticket):
    """django-helpdesk email.py: `[queue-123]` joined ticket 123, whoever wrote."""
    mail = arrive(letter("Hi", subject=f"[workshop-{ticket.pk}] Re: The tyre", proof=None))
    assert mail.ticket != ticket


def test_freescout_cve_2026_53591_a_short_signature_opens_nothing(arrive: Arrive, ticket):
    """Sixteen bits of a signature were compared, which are guessed in an afternoon."""
    local, _at, domain = reply_to(ticket).partition("@")
    for kept in (0, 1, 4, 8, 16, 25):
        shortened = f"{local[: len('support+') + 13 + kept]}@{domain}"
        assert arrive(letter(f"With {kept}", sender=MALLORY, to=shortened)).ticket != ticket
    assert ticket.messages.count() == 1


def test_freescout_cve_2026_47123_a_message_id_without_a_signature_opens_nothing(arrive: Arrive, ticket, alice):
    """The older form of Message-IDs was believed without one."""
    ours = answered(ticket, alice)
    forged = [
        f"<{ours.pk}@bellwether.example>",
        f"<{ours.pk}.@bellwether.example>",
        f"<FS_reply-{ticket.pk}@bellwether.example>",
        f"<reply-{ticket.pk}-1-1@bellwether.example>",
        f"<{ours.pk}.aaaaaaaaaaaaaaaa@bellwether.example>",
        ours.message_id.replace(".", ".a", 1),
        message_id(uuid4(), "bellwether.example"),
    ]
    for number, value in enumerate(forged):
        assert arrive(letter(f"Number {number}", sender=MALLORY, answers=value)).ticket != ticket
    assert not ticket.messages.exclude(by_user=alice).exclude(by_customer=ticket.customer).exists()


def test_rt_cve_2021_38562_signatures_are_compared_in_constant_time(ticket, monkeypatch):
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def watched(one, other) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    for address in (reply_to(ticket), f"support+{ticket.reference}{'a' * 26}@x.example"):
        tokens.read_reply(address)
    own_mail_id(f"<{uuid4()}.{'a' * 16}@x.example>")
    assert compared == [(26, 26), (26, 26), (16, 16)], "each whole, whether it is right or not"


def test_libredesk_122_mails_without_a_message_id_are_not_one_conversation(arrive: Arrive):
    """An empty id matched every other empty id: all mail of a day went into one conversation."""
    for number in range(3):
        raw = letter(f"Number {number}", sender=f"p{number}@example.org")
        lines = [line for line in raw.split(b"\n") if not line.lower().startswith(b"message-id")]
        arrive(b"\n".join(lines))
        arrive(letter(f"Also {number}", sender=f"q{number}@example.org", answers="<>"))
    assert Ticket.objects.count() == 6


def test_chatwoot_13502_who_answers_one_newsletter_is_not_one_conversation(arrive: Arrive):
    """Several people answer the same mail of somebody else's; each of them begins a conversation."""
    mails = [arrive(letter("Stop!", sender=f"p{n}@example.org", answers="<news-1@shop.example>")) for n in range(3)]
    assert len({mail.ticket for mail in mails}) == 3


def test_chatwoot_10028_references_alone_find_the_conversation(arrive: Arrive, ticket, alice):
    """Some programs write no In-Reply-To; their answers began new tickets."""
    ours = answered(ticket, alice)
    mail = arrive(letter("It is a 42.", headers={"References": f"<x@example.org> {ours.message_id}"}))
    assert (mail.ticket, mail.entry.by_customer) == (ticket, ticket.customer)


def test_a_taken_message_id_does_not_suppress_somebody_elses_mail(arrive: Arrive):
    """osTicket and others drop what has a known Message-ID: who sends it first silences the other one."""
    first = arrive(letter("Ignore this.", sender=MALLORY, message_id="<order-1@example.org>"))
    second = arrive(letter("My brakes failed!", message_id="<order-1@example.org>"))
    assert second.state == State.TICKET
    assert second.ticket != first.ticket


# --- Whom a mail is from ---------------------------------------------------------------------


def test_a_forged_authentication_results_proves_nobody(arrive: Arrive, ticket, alice):
    """Many believe the first they find; the sender wrote it."""
    for name in ("mx.google.com", "bellwether.example", f"{SERVER}.evil.example", f"x{SERVER}"):
        raw = letter(f"By {name}", sender="alice@example.com", to=reply_to(ticket), proof=None)
        claim = f"Authentication-Results: {name}; dmarc=pass header.from=example.com\r\n".encode()
        mail = arrive(claim + raw.split(b"\r\n", 1)[1])
        assert mail.authentication["verdict"] != "pass"
        assert mail.entry is None or mail.entry.by_user is None


def test_a_forged_word_below_our_own_servers_does_not_count(arrive: Arrive, ticket):
    claim = f"Authentication-Results: {SERVER}; dmarc=pass header.from=example.org\r\n".encode()
    own, rest = letter(to=reply_to(ticket), proof=None).split(b"\r\n", 1)
    mail = arrive(own + b"\r\nReceived: from evil.example by mx; today\r\n" + claim + rest)
    assert mail.authentication["verdict"] == "none"


@pytest.mark.parametrize("proof", [None, "fail"])
def test_an_agent_is_not_impersonated_by_mail(arrive: Arrive, ticket, alice, proof):
    """Zendesk, Freshdesk and others let a From of an agent's speak for the company. Nothing may go out."""
    before = Mail.objects.count()
    mail = arrive(
        letter("Refund granted, send the bicycle.", sender="alice@example.com", to=reply_to(ticket), proof=proof)
    )
    run_due_follow_ups()
    assert not Message.objects.filter(by_user=alice).exists()
    assert not any("Refund" in words for words in public_words(ticket))
    assert mail.ticket == ticket or proof == "fail"
    assert not Mail.objects.filter(recipients__email="carla@example.org", text__contains="Refund").exists()
    assert Mail.objects.filter(recipients__email="carla@example.org").count() <= before


def test_espoofer_two_senders_in_one_mail_are_nobody(arrive: Arrive, ticket):
    """Chen, Paxson, Jiang 2020: one From is checked, the other one is shown."""
    own, rest = letter(to=reply_to(ticket)).split(b"\r\n", 1)
    doubled = own + b"\r\nFrom: mallory@evil.example\r\n" + rest
    mail = arrive(doubled)
    assert mail.authentication["verdict"] == "none"
    assert mail.entry is None or mail.entry.by_customer != ticket.customer
    assert public_words(ticket) == ["I ordered a 42 and got a 47."]


@pytest.mark.parametrize(
    "sender",
    [
        '"carla@example.org" <mallory@evil.example>',
        "mallory@evil.example (carla@example.org)",
        "=?utf-8?q?carla=40example=2Eorg?= <mallory@evil.example>",
        '"carla@example.org\\"" <mallory@evil.example>',
        "<carla@example.org>@evil.example",
        "carla@example.org.evil.example",
        "carla@example.org\u200b",
        "\u0441arla@example.org",  # the first letter is Cyrillic
        "carla@\u0435xample.org",
    ],
)
def test_a_name_that_looks_like_an_address_is_not_the_sender(arrive: Arrive, ticket, sender):
    """Display names and look-alikes: Mailsploit (2017), and GitHub's reset of 2019 for letters that fold to others.

    Where it is read as hers after all, it is as unproved as any mail that merely says so.
    """
    proof = f"Authentication-Results: {SERVER}; dmarc=pass header.from=evil.example\r\n"
    raw = f"{proof}From: {sender}\r\nTo: {reply_to(ticket)}\r\nSubject: Hi\r\n\r\nOpen up.\r\n".encode()
    mail = arrive(raw)
    if mail.from_email == "carla@example.org":
        assert mail.authentication["verdict"] == "none"
    else:
        assert public_words(ticket) == ["I ordered a 42 and got a 47."], mail.from_email


# --- What goes out -----------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["=0D=0A", "=0A", "=0D", "=C2=85", "=E2=80=A8", "=00"])
def test_rt_cve_2012_4730_and_osticket_7c5c584f_no_header_is_added_by_a_subject_or_name(
    arrive: Arrive, alice, ending, settings
):
    """A line end in an encoded word, decoded and written out again (also CPython's CVE-2024-6923)."""
    word = f"=?utf-8?q?Hi{ending}Bcc:_mallory=40evil.example{ending}X-Evil:_1?="
    mail = arrive(letter(sender="placeholder@example.org").replace(b"My order", word.encode()))
    ours = answered(mail.ticket, alice)
    head = to_bytes(ours, timezone.now()).partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert b"bcc" not in names
    assert b"x-evil" not in names
    assert {person.email for person in ours.recipients.all()} == {"placeholder@example.org"}


def test_zendesk_2025_mails_in_a_victims_name_do_not_bomb_them(arrive: Arrive):
    """A form or a forged From, a thousand times, each answered with the attacker's words."""
    for number in range(30):
        arrive(letter("x", sender="victim@example.net", subject=f"You have WON {number}", proof=None))
    theirs = Mail.objects.filter(recipients__email="victim@example.net")
    assert theirs.count() <= 1
    assert not any("WON" in mail.subject + mail.text + mail.html for mail in theirs)


def test_frappe_2433_the_first_import_writes_to_nobody(arrive: Arrive):
    """Five thousand old mails were imported, and twenty thousand automatic ones went out."""
    for number in range(5):
        mail = arrive(letter(f"Old {number}", sender=f"p{number}@example.org"), is_imported=True)
        assert mail.state == State.TICKET
    run_due_follow_ups()
    assert not Mail.objects.exists()


def test_a_forged_bounce_does_not_silence_a_customer(arrive: Arrive, ticket, alice):
    """Whoever claims that an address is dead must know a mail that we sent there."""
    answered(ticket, alice)
    for named in (f"<{uuid4()}@bellwether.example>", message_id(uuid4(), "bellwether.example"), "<x@y.z>"):
        arrive(bounce("carla@example.org", named))
    assert not Suppression.objects.exists()


def test_a_bounce_for_one_mail_says_nothing_of_whom_it_did_not_go_to(arrive: Arrive, ticket, alice, dora):
    ours = answered(ticket, alice)
    arrive(bounce("dora@example.org", ours.message_id))
    assert not Suppression.objects.filter(email="dora@example.org").exists()


def test_a_real_bounce_is_believed(arrive: Arrive, ticket, alice):
    """So that the two tests above can fail."""
    ours = answered(ticket, alice)
    arrive(bounce("carla@example.org", ours.message_id), envelope_to=[verp_address(ours.pk, SUPPORT)])
    assert Suppression.objects.get().email == "carla@example.org"


def test_a_complaint_counts_only_for_a_mail_that_we_sent(arrive: Arrive, ticket, alice):
    ours = answered(ticket, alice)
    for named in ("<x@y.z>", message_id(uuid4(), "bellwether.example")):
        assert arrive(as_complaint(bounce("carla@example.org", named))).state == State.BOUNCE
    assert not Suppression.objects.exists()
    arrive(as_complaint(bounce("carla@example.org", ours.message_id)))
    assert Suppression.objects.get().reason == "complaint"


def as_complaint(raw: bytes) -> bytes:
    """A bounce as a provider's report that its reader calls the mail spam."""
    report = raw.replace(b"report-type=delivery-status", b"report-type=feedback-report")
    report = report.replace(b"message/delivery-status", b"message/feedback-report")
    return report.replace(b"Final-Recipient: rfc822; ", b"Original-Rcpt-To: ").replace(b"MAILER-DAEMON", b"abuse")


def bounce(email: str, named: str) -> bytes:
    return (
        f"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org\r\nTo: {SUPPORT}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\nSorry {uuid4()}.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {email}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {named}\r\nSubject: x\r\n\r\n--b--\r\n"
    ).encode()


# --- Loops -------------------------------------------------------------------------------------

AWAY = {"Auto-Submitted": "auto-replied"}


def test_alga_2739_an_absence_does_not_reopen_what_is_solved(arrive: Arrive, ticket, alice):
    ours = answered(ticket, alice)
    resolve_ticket(ticket, by=alice, root_cause=None)
    arrive(letter("I am away.", to=reply_to(ticket), answers=ours.message_id, headers=AWAY))
    arrive(letter("I am away.", to=reply_to(ticket), subject="Out of office: Re: My order"))
    ticket.refresh_from_db()
    assert ticket.status == "solved"


@pytest.mark.parametrize(
    "headers",
    [AWAY, {"Auto-Submitted": "auto-generated"}, {"Precedence": "bulk"}, {"X-Auto-Response-Suppress": "All"}],
)
def test_zammad_1131_faveo_150_what_a_program_wrote_gets_no_automatic_answer(arrive: Arrive, headers):
    arrive(letter("Your mail was received as ticket 1.", headers=headers))
    arrive(letter("Your mail was received.", sender="noreply@example.org"))
    run_due_follow_ups()
    assert not Mail.objects.exists()


def test_zammad_2923_our_own_mail_that_comes_back_opens_nothing(arrive: Arrive, ticket, alice):
    ours = answered(ticket, alice)
    own = to_bytes(ours, timezone.now())
    count = Ticket.objects.count()
    for raw in (own, letter("x", sender=SUPPORT), b"X-Loop: " + SUPPORT.encode() + b"\r\n" + letter("y")):
        assert arrive(raw).state == State.AUTOMATIC
    assert Ticket.objects.count() == count


def test_frappe_3628_an_answer_to_our_receipt_by_a_program_is_not_answered(arrive: Arrive):
    first = arrive(letter())
    (receipt,) = Mail.objects.all()
    Mail.objects.update(state="sent", sent_at=timezone.now())
    for number in range(3):
        arrive(letter(f"We have got it, too: {number}", answers=receipt.message_id, headers=AWAY))
    assert Mail.objects.count() == 1
    assert Ticket.objects.get() == first.ticket


# --- What is in a mail -------------------------------------------------------------------------

DIRTY = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='java\tscript:alert(1)'>x</a>",
    "<svg/onload=alert(1)>", "<iframe src=//evil.example></iframe>", "<a href='\x01javascript:alert(1)'>x</a>",
    "<math><mtext></p><style><img src=x onerror=alert(1)></style>", "<form action=//evil.example><input></form>",
    "<base href=//evil.example>", "<meta http-equiv=refresh content='0;//evil.example'>",
    "<link rel=stylesheet href=//evil.example>", "<a href='data:text/html,<script>1</script>'>x</a>",
    "<img src='file:///etc/passwd'>", "<a href='vbscript:x'>x</a>",
    "<div style='background:url(//evil.example)'>x</div>",
]  # fmt: skip


@pytest.mark.parametrize("html", DIRTY)
def test_freescout_cve_2026_41904_and_osticket_a_mails_html_runs_nothing(arrive: Arrive, html):
    """Also django-helpdesk's schemes of links (c54b89f1), and osTicket's CVE-2026-22200 (files named in HTML)."""
    mail = arrive(letter("Hi", html=f"<p>Hi</p>{html}"))
    kept = Letter.objects.get(message=mail.entry).html.lower()
    for word in (
        "script",
        "onerror",
        "onload",
        "iframe",
        "<form",
        "<base",
        "<meta",
        "<link",
        "file:",
        "data:text",
        "url(",
    ):
        assert word not in kept.replace("no script", "")
    assert "evil.example" not in kept or "href" in kept


@pytest.mark.parametrize(
    "name",
    [
        ".htaccess", "\u200b.htaccess", "../../etc/passwd", "..\\..\\x.php", "x.php\x00.png", "a/b", "x" * 400 + ".php",
        "\u202egnp.exe",
    ],
)  # fmt: skip
def test_freescout_cve_2026_28289_a_files_name_is_never_where_it_lies(arrive: Arrive, name):
    """The name was checked before it was cleaned, and then became a path: code ran on the server."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "carla@example.org", SUPPORT, "File"
    mail.set_content("See the file.")
    mail.add_attachment(b"<?php", maintype="application", subtype="octet-stream", filename="placeholder")
    safe = "".join(f"%{byte:02X}" for byte in name.encode())
    raw = mail.as_bytes().replace(b'filename="placeholder"', f"filename*=utf-8''{safe}".encode())
    arrive(raw)
    for file in Attachment.objects.all():
        assert all(part.isalnum() for part in str(file.file).split("/"))
        assert not {"/", "\\", "\x00", "\u202e", "\u200b"} & set(file.name)
        assert len(file.name) <= 200


def test_freescout_3266b33b_a_picture_that_is_a_page_is_not_shown_as_a_picture(arrive: Arrive):
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    files = (("x.svg", "image/svg+xml", svg), ("x.png", "image/png", b"<html><script>1</script>"))
    arrive(letter("See", files=files))
    assert Attachment.objects.count() == 2
    assert not any(file.shown_size for file in Attachment.objects.all())


def test_otrs_cve_2024_48187_a_mail_of_endless_parts_is_put_aside(arrive: Arrive):
    """Counts and sizes without a limit: one mail took all memory. The next one must not wait."""
    many = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 5_000
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(3_000))
    head = b"From: mallory@evil.example\r\nSubject: Bomb\r\nMIME-Version: 1.0\r\n"
    for bomb in (head + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + many + b"--b--", head + deep):
        began = time.monotonic()
        mail = arrive(bomb)
        assert mail.state in {State.QUARANTINE, State.TICKET}
        assert mail.reason
        assert time.monotonic() - began < 10
    assert arrive(letter()).state == State.TICKET


ENDLESS = ("(" * 50_000, "a@b (" * 10_000, '"' * 50_000, "<" * 50_000, "a" * 50_000 + "@", "," * 50_000, "@" * 9_999)


def test_rt_cve_2015_7686_addresses_in_endless_comments_are_read_quickly():
    """Email::Address went back over nested comments again and again; the standard library's parser recurses."""
    for value in ENDLESS:
        raw = f"From: {value}\r\nTo: {value}\r\nReturn-Path: {value}\r\nDelivered-To: {value}\r\n\r\nHi\r\n".encode()
        began = time.monotonic()
        with suppress(UnreadableError):  # with a reason, as any that cannot be read
            read_bounded(raw)
        assert time.monotonic() - began < 5, value[:10]


def test_aiosmtpd_cve_2024_27305_the_listener_is_not_one_that_smuggles():
    """SMTP smuggling (2023): a lone line feed before the dot ended a mail and began another, in anybody's name."""
    assert tuple(int(part) for part in version("aiosmtpd").split(".")[:3]) >= (1, 4, 5)


def test_the_same_mail_again_is_one_mail(arrive: Arrive, support):
    """Helpscout, FreeScout and others doubled replies when a mailbox was read twice."""
    raw = letter()
    first = handle(take_in(raw, source=Source.IMAP, mailbox=support, uid_validity=1, uid=7))
    assert take_in(raw, source=Source.IMAP, mailbox=support, uid_validity=1, uid=7).pk == first.pk
    assert arrive(raw).state == State.DUPLICATE
    assert RawMail.objects.count() == 2
    assert Ticket.objects.count() == 1


def test_limits_are_those_that_were_promised():
    limits = Limits()
    assert (limits.size, limits.parts, limits.depth) == (25 * 1024 * 1024, 100, 20)
    assert read(letter()).sender.email == "carla@example.org"


def test_dora_learns_nothing_of_carlas_ticket(arrive: Arrive, ticket, dora: Customer):
    """Whatever of the above somebody tries, a customer sees their own tickets."""
    arrive(letter("Me too", sender="dora@example.org", to=reply_to(ticket), cc="carla@example.org"))
    assert not Ticket.objects.visible_to(dora).filter(pk=ticket.pk).exists()
    assert not any("Me too" in words for words in public_words(ticket))


@pytest.mark.parametrize("proof", ["pass", None])
def test_chatwoot_2070_whoever_typed_an_address_does_not_read_its_later_mails(arrive: Arrive, site, alice, proof):
    """A guest types somebody's address; that person answers what we mail there. What they write to us of their own
    accord afterwards is none of the guest's business, whose browser shows the guest's conversations."""
    guest = create_guest()
    claim_address(guest, email="victim@example.org")
    chat = open_ticket(guest, by=guest, body="Hi, I am the victim.", channel="chat", site=site)
    post_message(chat, by=alice, body="Here you are.")
    ours = queue_mail(kind="reply", to="victim@example.org", subject="x", text="x", about=chat.about, dedupe_key="chat")
    arrive(letter("Who are you?", sender="victim@example.org", answers=ours.message_id, proof=proof))
    mail = arrive(letter("My card was stolen.", sender="victim@example.org", subject="Private", proof=proof))
    assert mail.state == State.TICKET
    assert mail.ticket.customer != guest
    assert not Ticket.objects.visible_to(guest).filter(pk=mail.ticket.pk).exists()
    assert not guest.addresses.filter(proof="proved").exists()
