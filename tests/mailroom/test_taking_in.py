"""A mail is kept as it came, before anything else; and `manage.py receive_mail`, a mail server's pipe."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from mailroom.actions import handle, take_in
from mailroom.actions.taking_in import fingerprint
from mailroom.jobs import forget_old_mails, handle_due, handle_mail
from mailroom.models import Mailbox, RawMail, RawText, Source, State
from tests.mailroom.letters import SUPPORT, letter
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


# --- Kept --------------------------------------------------------------------------------
@pytest.mark.parametrize("raw", [letter(), b"", b"\x00\xff" * 10, b"From: a\r\n" * 1000, bytes(range(256)) * 40])
def test_every_byte_is_kept(support: Mailbox, raw: bytes):
    mail = take_in(raw, source=Source.SMTP, mailbox=support)
    assert mail.text.data == raw
    assert (mail.state, mail.size, mail.attempts) == (State.NEW, len(raw), 0)


def test_the_same_mail_of_a_folder_is_kept_once(support: Mailbox):
    place = {"source": Source.IMAP, "mailbox": support, "uid_validity": 7, "uid": 1}
    first = take_in(letter("One"), **place)
    assert take_in(letter("One"), **place).pk == first.pk
    assert take_in(letter("Two"), **place | {"uid": 2}).pk != first.pk
    assert take_in(letter("Three"), **place | {"uid_validity": 8}).pk != first.pk
    assert RawMail.objects.count() == RawText.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_who_fetch_the_same_mail_at_once_keep_it_once(support: Mailbox):
    kept = []

    def fetch() -> None:
        mail = take_in(letter("One"), source=Source.IMAP, mailbox=support, uid_validity=7, uid=1)
        kept.append(handle(mail).pk)
        connection.close()

    threads = [Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(kept)) == 1
    assert len(kept) == 4
    assert RawMail.objects.count() == Ticket.objects.count() == 1


def test_an_envelope_is_kept_as_far_as_it_can_be(support: Mailbox):
    mail = take_in(b"x", source=Source.SMTP, envelope_from="a\x00\udcff\r\n@example.org", envelope_to=["b\x00@x"] * 900)
    mail.refresh_from_db()
    assert mail.envelope_from == "a?@example.org"
    assert mail.envelope_to == ["b@x"] * 200
    assert take_in(b"x", source=Source.SMTP, envelope_from="").envelope_from == ""
    assert take_in(b"x", source=Source.SMTP).envelope_from is None


# --- What is the same mail ---------------------------------------------------------------
MAIL = b"From: a@x\r\nMessage-ID: <1@x>\r\nSubject: Hello\r\n  there\r\n\r\nWords\r\n"


@pytest.mark.parametrize(
    "other",
    [
        b"Received: by someone\r\n" + MAIL,
        MAIL.replace(b"\r\n", b"\n"),
        MAIL.replace(b"From: a@x", b"FROM:   a@x"),
        MAIL.replace(b"\r\n  there", b" there") + b"\r\n\r\n",
        MAIL.replace(b"\r\n\r\n", b"\r\nX-Spam: no\r\n\r\n"),
    ],
)
def test_the_way_that_a_mail_took_makes_it_no_other(other: bytes):
    assert fingerprint(other) == fingerprint(MAIL)


@pytest.mark.parametrize(
    "other",
    [
        MAIL.replace(b"Words", b"words"),
        MAIL.replace(b"a@x", b"b@x"),
        MAIL.replace(b"<1@x>", b"<2@x>"),
        MAIL.replace(b"Hello", b"Hallo"),
        MAIL.replace(b"\r\n\r\n", b"\r\nMessage-ID: <3@x>\r\n\r\n"),
    ],
)
def test_what_its_writer_wrote_makes_it_another(other: bytes):
    assert fingerprint(other) != fingerprint(MAIL)


def test_without_one_message_id_every_byte_counts():
    bare = MAIL.replace(b"Message-ID: <1@x>\r\n", b"")
    assert fingerprint(bare) == fingerprint(bytes(bare))
    assert fingerprint(bare) != fingerprint(b"Received: by someone\r\n" + bare)


# --- The clock ---------------------------------------------------------------------------
def test_the_clock_sees_to_what_no_nudge_did(support: Mailbox):
    for number in range(3):
        take_in(letter(f"{number}"), source=Source.PIPE, mailbox=support)
    assert handle_due() == 3
    assert handle_due() == 0
    assert Ticket.objects.count() == 3


def test_a_nudge_for_a_mail_that_is_gone_or_done_does_nothing(support: Mailbox):
    mail = take_in(letter(), source=Source.PIPE, mailbox=support)
    handle_mail(str(mail.pk))
    handle_mail(str(mail.pk))
    handle_mail("00000000-0000-0000-0000-000000000000")
    assert Ticket.objects.count() == 1


def test_bytes_are_forgotten_after_a_while_and_what_became_of_them_is_not(support: Mailbox, settings):
    old, new, waiting = (take_in(letter(word), source=Source.PIPE, mailbox=support) for word in ("1", "2", "3"))
    handle(old)
    handle(new)
    long_ago = timezone.now() - timezone.timedelta(days=settings.RAW_MAIL_DAYS + 1)
    RawMail.objects.filter(pk=old.pk).update(handled_at=long_ago)
    RawMail.objects.filter(pk=waiting.pk).update(received_at=long_ago)
    assert forget_old_mails() == 1
    assert set(RawText.objects.values_list("pk", flat=True)) == {new.pk, waiting.pk}
    assert RawMail.objects.get(pk=old.pk).ticket is not None


# --- The pipe ----------------------------------------------------------------------------
def receive(*arguments: str, stdin: bytes | None = None, monkeypatch=None) -> list[dict[str, object]]:
    out = io.StringIO()
    if stdin is not None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
    call_command("receive_mail", *arguments, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_file_is_a_mail_and_a_line(support: Mailbox, tmp_path: Path):
    good, broken = tmp_path / "good.eml", tmp_path / "brökén.eml"
    good.write_bytes(letter())
    broken.write_bytes(b"\x00" * 100 + b"\xff\n\n")
    lines = receive(str(good), str(broken))
    assert [line["file"] for line in lines] == [str(good), str(broken)]
    assert set(lines[0]) == {"file", "state", "reason", "ticket"}
    assert lines[0]["state"] == "ticket"
    assert lines[0]["ticket"] == Ticket.objects.order_by("number")[0].number
    assert all(line["reason"] for line in lines)


def test_a_mail_server_hands_one_over_by_its_pipe(support: Mailbox, monkeypatch):
    raw = b"From carla@example.org Mon Nov 16 10:00:00 2026\n" + letter()
    (line,) = receive("--sender", "", "--recipient", SUPPORT, stdin=raw, monkeypatch=monkeypatch)
    assert (line["file"], line["state"]) == ("-", "ticket")
    mail = RawMail.objects.get()
    assert (mail.envelope_from, mail.envelope_to, mail.source) == ("", [SUPPORT], Source.PIPE)
    assert mail.text.data == letter_of(raw)
    assert mail.mailbox == support  # by whom it was sent to


def letter_of(raw: bytes) -> bytes:
    return raw.partition(b"\n")[2]


def test_a_file_that_cannot_be_read_does_not_stop_the_others(support: Mailbox, tmp_path: Path, capsys):
    good = tmp_path / "good.eml"
    good.write_bytes(letter())
    with pytest.raises(SystemExit) as ended:
        receive(str(tmp_path / "none.eml"), str(good))
    assert ended.value.code == 66
    assert Ticket.objects.count() == 1


def test_what_cannot_be_stored_stays_with_the_mail_server(support: Mailbox, monkeypatch):
    def fail(*_args: object, **_options: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr("mailroom.management.commands.receive_mail.take_in", fail)
    with pytest.raises(SystemExit) as ended:
        receive(stdin=letter(), monkeypatch=monkeypatch)
    assert ended.value.code == 75
