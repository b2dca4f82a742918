"""What mail servers write about mails that did not arrive: each in the form that it is found in, and what is none."""

from __future__ import annotations

import time
from email.message import EmailMessage
from textwrap import dedent
from uuid import UUID, uuid4

import pytest

from mailroom.addressing import bounced_mail
from mailroom.automatic import Kind, why_automatic
from mailroom.bounces import Bounce, Outcome, Undelivered, bounce_of
from mailroom.parsing import File, Parsed, Person, read
from outbox.headers import message_id, verp_address

OUR = UUID("01234567-89ab-cdef-0123-456789abcdef")
US = "support@bellwether.example"


def ours() -> str:
    return message_id(OUR, "bellwether.example")


def prose(
    text: str, *, sender: str = "MAILER-DAEMON@mx.example.org", subject: str = "failure notice", **headers: str
) -> Parsed:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, US, subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(dedent(text).strip() + "\n")
    return read(mail.as_bytes())


def returned() -> str:
    head = f"Return-Path: <{US}>\nReceived: by mx\nMessage-ID: {ours()}\nFrom: {US}\n"
    return head + "To: carla@example.org\nSubject: Re: My order\n"


def report(*fields: str, top: str = "It did not work.", kind: str = "delivery-status", original: str = "") -> Parsed:
    """A multipart/report as a server writes it; each of `fields` is a block."""
    status = "\n\n".join(dedent(block).strip() for block in ("Reporting-MTA: dns; mx.example.org", *fields))
    back = original or returned()
    raw = (
        f"Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example.org>\nTo: {US}\n"
        "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{top}\n\n--b\nContent-Type: message/{kind}\n\n{status}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{back}\n--b--\n"
    )
    return read(raw.encode())


def only(found: Bounce | None) -> Undelivered:
    assert found is not None
    assert len(found.recipients) == 1, found.recipients
    return found.recipients[0]


# --- Reports -------------------------------------------------------------------------------


def test_a_report():
    found = bounce_of(
        report(
            """
            Final-Recipient: rfc822; carla@example.org
            Action: failed
            Status: 5.1.1
            Diagnostic-Code: smtp; 550 5.1.1 <carla@example.org>: Recipient address rejected: User unknown
            """
        )
    )
    assert found is not None
    assert (found.outcome, found.is_hard, found.message_id, found.mail_id) == (Outcome.FAILED, True, ours(), OUR)
    assert only(found) == Undelivered(
        "carla@example.org", "5.1.1", "550 5.1.1 <carla@example.org>: Recipient address rejected: User unknown", True
    )


def test_whom_we_wrote_to_goes_before_whom_it_went_on_to():
    blocks = """
        Original-Recipient: rfc822;carla@example.org
        Final-Recipient: rfc822;c.cortez@inside.example.org
        Action: failed
        Status: 5.1.1
        """
    assert only(bounce_of(report(blocks))).email == "carla@example.org"
    turned = """
        Action: failed
        Status: 5.0.0 (recipient reached disk quota)
        Original-Recipient: rfc822;carla@example.org
        Final-Recipient: rfc822;carla@inside
        """
    assert only(bounce_of(report(turned))).email == "carla@example.org"


def test_several_recipients_each_with_their_own_fate():
    found = bounce_of(
        report(
            "Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1",
            "Final-Recipient: rfc822; full@example.org\nAction: failed\nStatus: 5.2.2",
            "Final-Recipient: rfc822; late@example.org\nAction: delayed\nStatus: 4.4.1",
            "Final-Recipient: rfc822; good@example.org\nAction: relayed\nStatus: 2.0.0",
        )
    )
    assert found is not None
    assert [(one.email, one.is_hard) for one in found.recipients] == [
        ("gone@example.org", True),
        ("full@example.org", False),
    ]


@pytest.mark.parametrize(
    ("status", "words", "is_hard"),
    [
        ("5.1.1", "", True),
        ("5.1.2", "", True),
        ("5.1.3", "", True),
        ("5.1.6", "", True),
        ("5.1.10", "", True),
        ("5.2.1", "", True),
        ("5.1.7", "550 bad sender", False),
        ("5.1.8", "553 sender domain unknown", False),
        ("5.2.2", "552 mailbox full", False),
        ("5.2.3", "552 too large", False),
        ("5.3.4", "552 too large", False),
        ("5.4.6", "554 routing loop", False),
        ("5.7.1", "550 5.7.1 blocked: user unknown", False),
        ("5.7.26", "550 5.7.26 unauthenticated", False),
        ("4.4.7", "delivery time expired", False),
        ("4.1.1", "450 user unknown, try later", False),
        ("5.0.0", "550 No such user here", True),
        ("5.0.0", "550 5.1.1 unknown", True),
        ("5.0.0", "554 your message looks like spam", False),
        ("5.0.0", "", False),
        ("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable", True),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", False),
        ("5.4.4", "Host or domain name not found. Name service error", True),
    ],
)
def test_hard_by_the_codes(status, words, is_hard):
    block = f"Final-Recipient: rfc822; carla@example.org\nAction: failed\nStatus: {status}"
    found = bounce_of(report(block + (f"\nDiagnostic-Code: smtp; {words}" if words else ""), top=""))
    assert only(found).is_hard is is_hard


def test_delayed_is_not_failed():
    found = bounce_of(report("Final-Recipient: rfc822; carla@example.org\nAction: delayed\nStatus: 4.4.1"))
    assert found is not None
    assert (found.outcome, found.is_delayed, found.is_hard) == (Outcome.DELAYED, True, False)


def test_delivered_is_neither():
    found = bounce_of(report("Final-Recipient: rfc822; carla@example.org\nAction: delivered\nStatus: 2.1.5"))
    assert found is not None
    assert (found.outcome, found.is_hard) == (Outcome.DELIVERED, False)


def test_a_report_that_says_little_is_read_with_what_stands_above_it():
    found = bounce_of(
        report(
            "Final-Recipient: rfc822; carla@example.org\nAction: failed\nStatus: 5.0.0",
            top="<carla@example.org>: host mx.example.org[192.0.2.1] said: 550 no such user (in reply to RCPT TO)",
        )
    )
    assert only(found).is_hard


@pytest.mark.parametrize(
    "fields",
    [
        ("Final-Recipient: carla@example.org\nAction: failed\nStatus: 5.1.1",),  # no type
        ("Final-Recipient: rfc822; <carla@example.org>\nAction: Failed\nStatus: 5.1.1 (unknown)",),
        ("FINAL-RECIPIENT: RFC822; Carla@Example.ORG\nACTION: FAILED\nSTATUS: 5.1.1",),
        ("Final-Recipient: rfc822; carla@example.org\nStatus: 5.1.1",),  # no action
        ("Final-Recipient: rfc822; carla@example.org\nAction: failed (bad destination)\nStatus: 5.1.1",),
        ("Final-Recipient: rfc822; carla@example.org\nAction: failed\nDiagnostic-Code: X-Postfix; 550 5.1.1 unknown",),
        ("Original-Recipient: rfc822;carla@example.org\nAction: failed\nStatus: 5.1.1",),
        ("Final-Recipient: utf-8; carla@example.org\nAction: failed\nStatus: 5.1.1",),
    ],
)
def test_broken_reports_are_read_as_far_as_they_go(fields):
    assert only(bounce_of(report(*fields))).email == "carla@example.org"
    assert only(bounce_of(report(*fields))).is_hard


def test_a_report_whose_machine_part_is_missing_is_read_as_prose():
    parsed = prose(
        """
        This is the mail system at host mx.example.org.

        I'm sorry to have to inform you that your message could not
        be delivered to one or more recipients.

        For further assistance, please send mail to <postmaster@mx.example.org>

        <carla@example.org>: host mx.example.org[192.0.2.1] said: 550 5.1.1
            <carla@example.org>: Recipient address rejected: User unknown (in reply
            to RCPT TO command)
        """,
        subject="Undelivered Mail Returned to Sender",
    )
    found = bounce_of(parsed)
    assert (only(found).email, only(found).status, only(found).is_hard) == ("carla@example.org", "5.1.1", True)


def test_fields_without_recipients_fall_back_to_the_returned_mail():
    found = bounce_of(report("Action: failed\nStatus: 5.0.0"))
    assert found is not None
    assert found.mail_id == OUR


# --- Prose ---------------------------------------------------------------------------------

QMAIL = """
    Hi. This is the qmail-send program at mx.example.org.
    I'm afraid I wasn't able to deliver your message to the following addresses.
    This is a permanent error; I've given up. Sorry it didn't work out.

    <carla@example.org>:
    192.0.2.1 does not like recipient.
    Remote host said: 550 5.1.1 no such user
    Giving up on 192.0.2.1.

    --- Below this line is a copy of the message.

    """
EXIM = """
    This message was created automatically by mail delivery software.

    A message that you sent could not be delivered to one or more of its
    recipients. This is a permanent error. The following address(es) failed:

      carla@example.org
        host mx.example.org [192.0.2.1]
        SMTP error from remote mail server after RCPT TO:<carla@example.org>:
        550 No such user here

    ------ This is a copy of the message, including all the headers. ------

    """
SENDMAIL = """
    The original message was received at Mon, 2 Nov 2026 10:00:00 +0100
    from localhost [127.0.0.1]

       ----- The following addresses had permanent fatal errors -----
    <carla@example.org>
        (reason: 550 5.1.1 <carla@example.org>... User unknown)

       ----- Transcript of session follows -----
    ... while talking to mx.example.org.:
    >>> DATA
    <<< 550 5.1.1 <carla@example.org>... User unknown

       ----- Original message follows -----

    """
EXCHANGE = """
    Delivery has failed to these recipients or groups:

    carla@example.org<mailto:carla@example.org>
    The e-mail address you entered couldn't be found. Please check the recipient's e-mail address.

    Diagnostic information for administrators:

    Generating server: exchange.example.org

    carla@example.org
    #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

    Original message headers:

    """
GMAIL = """
    ** Address not found **

    Your message wasn't delivered to carla@example.org because the address couldn't be found.

    The response from the remote server was:
    550 5.1.1 The email account that you tried to reach does not exist.

    """
NOTES = """
    Your message

      Subject: Re: My order

    was not delivered to:

      carla@example.org

    because:

      550 carla... No such user

    """
GERMAN = """
    Ihre Nachricht konnte nicht zugestellt werden.

    carla@example.org: Empfänger unbekannt

    -- Ursprüngliche Nachricht --

    """


@pytest.mark.parametrize(
    ("text", "sender", "subject"),
    [
        (QMAIL, "MAILER-DAEMON@mx.example.org", "failure notice"),
        (
            EXIM,
            "Mail Delivery System <Mailer-Daemon@mx.example.org>",
            "Mail delivery failed: returning message to sender",
        ),
        (SENDMAIL, "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>", "Returned mail: see transcript"),
        (
            EXCHANGE,
            "Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@x.example>",
            "Undeliverable: Re: My order",
        ),
        (EXCHANGE, "postmaster@example.org", "Unzustellbar: Re: My order"),
        (GMAIL, "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)"),
        (NOTES, "Postmaster <postmaster@example.org>", "DELIVERY FAILURE: No such user"),
        (GERMAN, "postmaster@example.org", "Unzustellbar: Re: My order"),
    ],
)
def test_prose_of_servers(text, sender, subject):
    parsed = prose(dedent(text).strip() + "\n\n" + returned(), sender=sender, subject=subject)
    found = bounce_of(parsed)
    one = only(found)
    assert (one.email, one.is_hard) == ("carla@example.org", True)
    assert found is not None
    assert (found.outcome, found.mail_id) == (Outcome.FAILED, OUR)
    assert why_automatic(parsed, None, [US]).kind == Kind.BOUNCE


@pytest.mark.parametrize(
    "text",
    [
        """
        This message was created automatically by mail delivery software.
        A message that you sent has not yet been delivered to one or more of its
        recipients after more than 24 hours on the queue on mx.example.org.

        The address to which the message has not yet been delivered is:

          carla@example.org

        No action is required on your part. Delivery attempts will continue for
        some time, and this warning may be repeated at intervals.
        """,
        """
            **********************************************
            **      THIS IS A WARNING MESSAGE ONLY      **
            **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
            **********************************************
           ----- The following addresses had transient non-fatal errors -----
        <carla@example.org>
        Warning: message still undelivered after 4 hours
        Will keep trying until message is 5 days old
        """,
        """
        ** Delivery incomplete **

        There was a temporary problem delivering your message to carla@example.org. Gmail will retry for 46 more hours.
        """,
    ],
)
def test_prose_of_delays(text):
    found = bounce_of(prose(text, subject="Delivery Status Notification (Delay)"))
    assert found is not None
    assert found.outcome == Outcome.DELAYED
    assert not found.is_hard
    assert [one.email for one in found.recipients] == ["carla@example.org"]


@pytest.mark.parametrize(
    ("words", "is_hard"),
    [
        ("550 Mailbox quota exceeded", False),
        ("552 mailbox full", False),
        ("554 Service unavailable; blocked using a blacklist", False),
        ("550 5.7.1 Message rejected as spam", False),
        ("550 SPF check failed", False),
        ("452 insufficient storage", False),
        ("connect to mx.example.org: Connection timed out", False),
        ("550 user unknown", True),
        ("550 whatever", True),
        ("553 sorry, no mailbox here by that name", True),
        ("551 user not local", True),
        ("554 delivery error", False),
        ("Host or domain name not found", True),
    ],
)
def test_hard_by_words(words, is_hard):
    found = bounce_of(prose(f"<carla@example.org>: {words}"))
    assert only(found).is_hard is is_hard


def test_exims_header_names_whom():
    parsed = prose("Something went wrong.", X_Failed_Recipients="carla@example.org, dora@example.org")
    found = bounce_of(parsed)
    assert found is not None
    assert [one.email for one in found.recipients] == ["carla@example.org", "dora@example.org"]


def test_several_in_prose():
    text = """
        <carla@example.org>: 550 5.1.1 user unknown
        <dora@example.org>: 552 5.2.2 mailbox full
        """
    found = bounce_of(prose(text))
    assert found is not None
    assert [(one.email, one.status, one.is_hard) for one in found.recipients] == [
        ("carla@example.org", "5.1.1", True),
        ("dora@example.org", "5.2.2", False),
    ]


def test_exchanges_quotes_are_no_part_of_an_address():
    text = """
        The following recipient(s) cannot be reached:

              'carla@example.org' on 20/03/2026 16:21
                    Server error: '550 5.1.1 <carla@example.org>: no such user'
        """
    assert only(bounce_of(prose(text, sender="System Administrator <x@example.org>"))).email == "carla@example.org"


def test_a_postmaster_who_says_a_code_needs_no_subject():
    text = """
        Error: Invalid user address

        Error message below:
        550 - Requested action not taken: no such user here

          MAIL FROM: support@bellwether.example
          RCPT TO: carla@example.org
        """
    one = only(bounce_of(prose(text, sender="post_master@example.org", subject="Re:Your order")))
    assert (one.email, one.is_hard) == ("carla@example.org", True)


def test_complaints_are_told_apart():
    """What a provider sends when its reader calls a mail of ours spam (RFC 5965)."""
    raw = (
        f"From: feedback@provider.example\nTo: {US}\nSubject: Abuse report\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThis is an abuse report.\n"
        "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
        "Original-Rcpt-To: <carla@example.org>\n\n"
        f"--b\nContent-Type: message/rfc822\n\n{returned()}\nHi\n--b--\n"
    )
    found = bounce_of(read(raw.encode()))
    assert found is not None
    assert (found.outcome, found.is_hard, found.mail_id) == (Outcome.COMPLAINED, False, OUR)
    assert only(found).email == "carla@example.org"


# --- Which mail it was ---------------------------------------------------------------------


def test_the_mail_is_found_in_an_attached_one():
    file = File("x.eml", "message/rfc822", f"Message-ID: {ours()}\r\n\r\nHi".encode())
    parsed = Parsed(
        senders=(Person("", "mailer-daemon@example.org"),), text="<carla@example.org>: 550 unknown", files=(file,)
    )
    found = bounce_of(parsed)
    assert found is not None
    assert found.mail_id == OUR


def test_the_mail_is_found_in_what_it_answers():
    found = bounce_of(prose("<carla@example.org>: 550 user unknown", In_Reply_To=ours()))
    assert found is not None
    assert found.mail_id == OUR


def test_one_that_we_signed_goes_before_any_other():
    text = f"<carla@example.org>: 550 user unknown\n\nMessage-ID: <other@example.org>\nMessage-ID: {ours()}\n"
    found = bounce_of(prose(text))
    assert found is not None
    assert found.mail_id == OUR


def test_a_message_id_that_we_did_not_sign_is_no_mail_of_ours():
    forged = f"<{uuid4()}.aaaaaaaaaaaaaaaa@bellwether.example>"
    found = bounce_of(prose(f"<carla@example.org>: 550 user unknown\n\nMessage-ID: {forged}\n"))
    assert found is not None
    assert (found.message_id, found.mail_id) == (forged, None)


def test_the_address_that_it_came_back_to_says_which_mail():
    address = verp_address(OUR, "bounce@bellwether.example")
    assert bounced_mail(Parsed(), [address]) == OUR
    assert bounced_mail(Parsed(to=(Person("", address),))) == OUR
    assert bounced_mail(Parsed(), [address.replace(".", ".x", 1), "bounce@bellwether.example"]) is None


# --- What is none --------------------------------------------------------------------------

TALE = """
    Hello, I wrote to you yesterday and it came back:

    <support@bellwether.example>: host mx said: 550 5.1.1 user unknown

    What is your address? Mine is carla@example.org.
    """


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("My order", TALE),
        ("Delivery problem", "My parcel could not be delivered to carla@example.org they say. 550 euros!"),
        ("Delivery failure", TALE),
        ("Re: Undelivered Mail Returned to Sender", TALE),
        ("Fwd: Mail delivery failed: returning message to sender", EXIM),
        ("WG: Unzustellbar: Re: My order", EXCHANGE),
        ("Unable to deliver", "The driver was unable to deliver to me. Address not found, he said."),
        ("User unknown", "I cannot sign in: user unknown. My address is carla@example.org"),
        ("Return to sender", "I sent it back, 550 g."),
        ("Bounce", "The wheel does not bounce any more."),
        ("Your message", "Thank you for your message. The mailbox at my house is full."),
    ],
)
def test_people_who_write_about_bounces_do_not_bounce(subject, text):
    parsed = prose(text, sender="Carla <carla@example.org>", subject=subject)
    assert bounce_of(parsed) is None
    assert why_automatic(parsed, "carla@example.org", [US]).kind == Kind.NONE


def test_a_person_who_is_the_postmaster_may_write():
    parsed = prose("Please take us off your list. Yours, Pat", sender="postmaster@example.org", subject="Your letters")
    assert bounce_of(parsed) is None
    assert not why_automatic(parsed, "postmaster@example.org", [US]).makes_no_ticket


def test_receipts_for_reading_are_no_bounces():
    raw = (
        "From: carla@example.org\nTo: support@bellwether.example\nSubject: Read: My order\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nYour message was read.\n"
        "--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; carla@example.org\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n--b--\n"
    )
    parsed = read(raw.encode())
    assert bounce_of(parsed) is None
    assert why_automatic(parsed, "carla@example.org", [US]).kind == Kind.VACATION


@pytest.mark.parametrize(
    "text",
    [
        "a@" * 40_000, "<" * 80_000, "550 " * 20_000, "5.1.1" * 16_000, "-" * 80_000, ">" * 80_000, " " * 80_000,
        "was not delivered to " * 4_000, ("x" * 60 + "@") * 1_300, "message-id:" * 8_000, "a.b" * 30_000 + "@c.d",
        "could not " * 8_000, "mailbox " * 10_000, "\n".join(f"<p{n}@example.org>: 550 no" for n in range(3_000)),
    ],
)  # fmt: skip
def test_endless_words_are_read_quickly(text):
    parsed = Parsed(senders=(Person("", "mailer-daemon@example.org"),), subject=text, text=text, quoted=text)
    began = time.monotonic()
    bounce_of(parsed)
    assert time.monotonic() - began < 2


def test_a_crowd_of_recipients_is_cut():
    fields = tuple(
        field
        for number in range(5_000)
        for field in (("final-recipient", f"rfc822; p{number}@example.org"), ("action", "failed"), ("status", "5.1.1"))
    )
    found = bounce_of(Parsed(report=fields))
    assert found is not None
    assert len(found.recipients) == 100
