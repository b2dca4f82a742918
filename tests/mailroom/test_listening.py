"""Mails that mail servers hand over by SMTP and LMTP: kept before they are acknowledged, and only for us."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured

from mailroom import listening
from mailroom.actions.mailboxes import save_mailbox
from mailroom.listening import Listener, Place, places
from mailroom.models import Mailbox, RawMail
from runner.services import free_port
from tickets.tokens import reply_address

pytestmark = pytest.mark.django_db(transaction=True)

MAIL = b"From: carla@example.org\r\nTo: support@example.com\r\nSubject: Tyre\r\n\r\nIt is wrong.\r\n"


@pytest.fixture
def mailbox() -> Mailbox:
    values = {"name": "Support", "email": "support@example.com", "aliases": ["help@example.com"], "access": "handed"}
    return save_mailbox(None, by=None, values=values)


@pytest.fixture(params=["smtp", "lmtp"])
def door(request, mailbox) -> Iterator[Listener]:
    listener = Listener(Place(request.param, "127.0.0.1", free_port()))
    listener.start()
    yield listener
    listener.stop()


def client(door: Listener) -> smtplib.SMTP:
    kind = smtplib.LMTP if door.place.protocol == "lmtp" else smtplib.SMTP
    return kind("127.0.0.1", door.place.port, timeout=10)


def test_a_mail_is_kept_with_its_envelope_and_a_trace(door, mailbox):
    with client(door) as smtp:
        assert smtp.sendmail("carla@example.org", ["help@example.com"], MAIL) == {}
    row = RawMail.objects.get()
    assert (row.mailbox, row.source, row.envelope_from) == (mailbox, "smtp", "carla@example.org")
    assert row.envelope_to == ["help@example.com"]
    head, _, rest = row.text.data.partition(b"From: ")
    assert b"From: " + rest == MAIL
    assert head.startswith(b"Return-Path: <carla@example.org>\r\n")
    # By LMTP it is our own server's `Received` that says where the mail came from.
    assert (b"\r\nReceived: from " in head and b"([127.0.0.1])" in head) == (door.place.protocol == "smtp")


def test_what_a_caller_calls_itself_does_not_pass_for_our_words(mailbox):
    door = Listener(Place("smtp", "127.0.0.1", free_port()))
    door.start()
    try:
        with client(door) as smtp:
            smtp.docmd("EHLO", "[8.8.4.4] (good.example [8.8.4.4]) by mx")
            smtp.docmd("MAIL", "FROM:<carla@example.org>")
            smtp.docmd("RCPT", "TO:<support@example.com>")
            smtp.data(MAIL)
    finally:
        door.stop()
    lines = RawMail.objects.get().text.data.split(b"\r\n")
    assert lines[1] == b"Received: from 8.8.4.4good.example8.8.4.4bymx ([127.0.0.1])"


def test_it_is_acknowledged_only_once_it_is_kept(door, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise RuntimeError("no database")

    monkeypatch.setattr(listening, "take_in", away)
    with client(door) as smtp:
        smtp.ehlo_or_helo_if_needed()
        assert smtp.mail("carla@example.org")[0] == 250
        assert smtp.rcpt("support@example.com")[0] == 250
        assert smtp.data(MAIL)[0] == 451
    assert not RawMail.objects.exists()


def test_a_bounce_comes_with_the_null_sender(door):
    with client(door) as smtp:
        smtp.sendmail("", ["support@example.com"], MAIL)
    assert RawMail.objects.get().envelope_from == ""


@pytest.mark.parametrize(
    "address",
    ["stranger@elsewhere.example", "other@example.com", "support@elsewhere.example", "a%elsewhere.example@example.com",
     '"a@elsewhere.example"@example.com', "@elsewhere.example:support@example.com"],
)  # fmt: skip
def test_nothing_is_passed_on(door, address):
    with client(door) as smtp:
        smtp.ehlo_or_helo_if_needed()
        smtp.mail("carla@example.org")
        assert 500 <= smtp.rcpt(address)[0] < 560
    assert not RawMail.objects.exists()


def test_reply_addresses_and_additions_are_ours(door, mailbox):
    answer = reply_address("ABCDEFGHJKMNP", "support@example.com")
    with client(door) as smtp:
        smtp.sendmail("carla@example.org", ["support+shop@example.com"], MAIL)
        smtp.sendmail("carla@example.org", [answer], MAIL)
    assert [row.mailbox for row in RawMail.objects.all()] == [mailbox, mailbox]


def test_a_mailbox_out_of_use_takes_nothing(door, mailbox):
    Mailbox.objects.update(is_active=False)
    with client(door) as smtp, pytest.raises(smtplib.SMTPRecipientsRefused):
        smtp.sendmail("carla@example.org", ["support@example.com"], MAIL)


def test_what_is_too_large_is_refused(door, monkeypatch):
    with client(door) as smtp:
        smtp.ehlo_or_helo_if_needed()
        assert int(smtp.esmtp_features["size"]) == 25 * 1024 * 1024
        assert smtp.docmd("MAIL", f"FROM:<a@example.org> SIZE={26 * 1024 * 1024}")[0] == 552


def test_lines_that_no_standard_allows_come_through(door):
    with client(door) as smtp:
        smtp.sendmail("carla@example.org", ["support@example.com"], MAIL + b"x" * 100_000 + b"\r\n")
    assert b"x" * 100_000 in RawMail.objects.get().text.data


def test_each_recipient_of_lmtp_has_an_answer(mailbox):
    door = Listener(Place("lmtp", "127.0.0.1", free_port()))
    door.start()
    try:
        with socket.create_connection(("127.0.0.1", door.place.port), 10) as connection:
            said = connection.makefile("rb")
            said.readline()
            for line in (b"LHLO x", b"MAIL FROM:<>", b"RCPT TO:<support@example.com>", b"RCPT TO:<help@example.com>"):
                connection.sendall(line + b"\r\n")
                while said.readline()[3:4] == b"-":
                    pass
            connection.sendall(b"DATA\r\n")
            assert said.readline().startswith(b"354")
            connection.sendall(MAIL + b".\r\nNOOP\r\n")
            answers = [said.readline()[:3] for _ in range(3)]
        assert answers == [b"250"] * 3
        assert RawMail.objects.count() == 1
    finally:
        door.stop()


def test_where_to_listen_is_read():
    assert places([" smtp://127.0.0.1:2525", "", "lmtp://[::1]:24"]) == [
        Place("smtp", "127.0.0.1", 2525), Place("lmtp", "::1", 24),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong", ["127.0.0.1:25", "smtp://127.0.0.1", "http://127.0.0.1:25", "smtp://:25", "smtp://a:b"]
)
def test_what_cannot_be_listened_at_is_named(wrong):
    with pytest.raises(ImproperlyConfigured, match="MAIL_LISTEN"):
        places([wrong])
