"""Notes are edited, passages are blacked out and files removed: everywhere, and by nobody who may not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from outbox.blackout import BLOCKS, black_out, black_out_html
from outbox.models import Mail
from tests.tickets.looking import again, check_log, last, log
from tickets.actions import (
    ChangedError,
    add_attachment,
    edit_note,
    empty_removed_files,
    index_due,
    open_ticket,
    post_message,
    redact_message,
    remove_file,
    send_reply,
    transfer_ticket,
)
from tickets.emails import answers
from tickets.models import Attachment, Event, Message, ScheduledReply, Ticket, TicketWords
from tickets.serializers import event_json

pytestmark = pytest.mark.django_db
CARD = "4111 1111 1111 1111"


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def note(ticket, alice) -> Message:
    return post_message(ticket, by=alice, body="Ask the depot.", kind="note", client_id="n-1")


@pytest.fixture
def carded(carla, workshop, desk_row) -> Ticket:
    """A conversation whose first line is a card number, so that subject and preview hold it, too."""
    body = f"{CARD} is my card\nplease book it"
    return open_ticket(carla, by=carla, body=body, channel="email", team=workshop, client_id="c-1")


def first_of(ticket: Ticket) -> Message:
    return ticket.messages.order_by("pk")[0]


def everything() -> str:
    """All that the database holds, as text, but sequences and the like."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        held = []
        for name in tables:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM \"{name}\" AS t")  # noqa: S608
            held.append(cursor.fetchone()[0])
    return "\n".join(held)


def card_in(held: str) -> list[str]:
    """Where the beginning of that number still is; a fraction of a second may look like it."""
    return re.findall(r".{0,20}(?<![\d.])4111(?!\d).{0,20}", held)


# --- Notes --------------------------------------------------------------------------------


def test_an_author_edits_a_note(ticket, note, alice):
    edited = edit_note(note, by=alice, body="Ask the other depot.", version="")
    assert (edited.body, edited.edited_at is not None) == ("Ask the other depot.", True)
    event = last(ticket)
    assert (event.type, event.is_public, event.by) == ("note.edited", False, alice)
    assert event.data == {"message": note.pk, "seq": note.event.seq}
    assert "Ask the depot." not in everything()
    check_log(ticket)


def test_the_same_words_are_no_change(ticket, note, alice):
    before = log(ticket)
    assert edit_note(note, by=alice, body=" Ask the depot.\r\n ").edited_at is None
    assert log(ticket) == before


@pytest.mark.parametrize("who", ["bob", "charlie", "lea", "adam"])
def test_nobody_else_edits_it(request, note, who):
    with pytest.raises(PermissionDenied):
        edit_note(note, by=request.getfixturevalue(who), body="Mine now")
    note.refresh_from_db()
    assert note.body == "Ask the depot."


@pytest.mark.parametrize(("body", "code"), [("", "empty"), (" \n", "empty"), ("x" * 20_001, "too_long")])
def test_a_note_says_something(note, alice, body, code):
    with pytest.raises(ValidationError) as refused:
        edit_note(note, by=alice, body=body)
    assert refused.value.code == code


def test_replies_are_not_edited(ticket, alice):
    reply = post_message(ticket, by=alice, body="It is on its way.")
    with pytest.raises(ValidationError) as refused:
        edit_note(reply, by=alice, body="It is not.")
    assert refused.value.code == "invalid"


def test_who_has_not_seen_the_newest_words_does_not_write_over_them(note, alice):
    edit_note(note, by=alice, body="From the telephone", version="")
    with pytest.raises(ChangedError) as held:
        edit_note(note, by=alice, body="From the desk", version="")
    assert held.value.now.body == "From the telephone"
    edit_note(note, by=alice, body="From the desk", version=held.value.now.version)
    note.refresh_from_db()
    assert note.body == "From the desk"


def test_an_edited_note_is_still_the_same_message_to_its_sender(ticket, note, alice):
    edit_note(note, by=alice, body="Else")
    assert post_message(ticket, by=alice, body="Ask the depot.", kind="note", client_id="n-1").pk == note.pk
    with pytest.raises(ValidationError):
        post_message(ticket, by=alice, body="Ask the depot.", kind="reply", client_id="n-1")


def test_the_search_box_finds_the_new_words(ticket, note, alice):
    edit_note(note, by=alice, body="Ask the harbour.")
    while index_due():
        pass
    vector = TicketWords.objects.values_list("vector", flat=True).get(pk=ticket.pk)
    assert "harbour" in vector
    assert "depot" not in vector


# --- Passages -------------------------------------------------------------------------------


def test_a_passage_is_nowhere_any_more(carded, carla, alice, lea, settings):
    settings.UNDO_SEND_SECONDS = 10
    message = first_of(carded)
    follows = open_ticket(carla, by=carla, body="Later", subject=f"Re: {CARD} is", channel="email", team=carded.team)
    Ticket.objects.filter(pk=follows.pk).update(continues=carded)
    transfer_ticket(carded, by=alice, user=lea, note=f"card {CARD}, see above")
    send_reply(carded, by=alice, body=f"Your card {CARD}, is it?", client_id="r-1")
    reply = post_message(carded, by=lea, body="Thank you!")
    Mail.objects.all().delete()
    mail = answers(again(carded), [reply], dedupe_key="a")
    Mail.objects.filter(pk=mail.pk).update(
        text=f"{mail.text}\n> {CARD[:9]}\n> {CARD[10:]}\n", html=f"{mail.html}<p>{CARD}</p>"
    )
    while index_due():
        pass
    redact_message(message, by=lea, passages=[CARD])
    while index_due():
        pass
    held = everything()
    assert card_in(held) == []
    assert "1111 1111" not in held
    message.refresh_from_db()
    assert message.body == f"{BLOCKS} is my card\nplease book it"
    assert again(carded).subject == f"{BLOCKS} is my card"
    assert again(follows).subject == f"Re: {BLOCKS} is"
    assert ScheduledReply.objects.get().body == f"Your card {BLOCKS}, is it?"
    mail.refresh_from_db()
    assert f"<p>{BLOCKS}</p>" in mail.html
    assert mail.subject == f"Re: {BLOCKS} is my card"
    check_log(carded)


def test_everybody_who_saw_it_hears_of_it_and_no_words_are_told(carded, carla, lea):
    redact_message(first_of(carded), by=lea, passages=[CARD])
    event = last(carded)
    assert (event.type, event.is_public, event.by) == ("message.redacted", True, lea)
    assert event_json(event, carla)["data"] == {"seq": first_of(carded).event.seq}
    assert event_json(event, lea)["data"] == {"message": first_of(carded).pk, "seq": 2, "count": 1}
    assert first_of(carded).redacted_at == event.at


def test_of_a_note_the_customer_hears_nothing(ticket, alice, lea):
    note = post_message(ticket, by=alice, body=f"They said {CARD}", kind="note")
    redact_message(note, by=lea, passages=[CARD])
    assert not last(ticket).is_public
    check_log(ticket)


def test_the_preview_says_the_new_words_even_where_it_was_cut(carla, lea, workshop, desk_row):
    body = "x" * 150 + f" {CARD}"
    cut = open_ticket(carla, by=carla, body=body, subject="Card", channel="email", team=workshop)
    assert "4111" in cut.preview
    redact_message(first_of(cut), by=lea, passages=[CARD])
    assert "411" not in again(cut).preview


@pytest.mark.parametrize("who", ["alice", "bob", "charlie", "carla"])
def test_only_who_may_takes_words_out(request, carded, who):
    with pytest.raises(PermissionDenied):
        redact_message(first_of(carded), by=request.getfixturevalue(who), passages=[CARD])
    assert CARD in first_of(carded).body


@pytest.mark.parametrize(
    "passages", [[], [""], [" "], [BLOCKS], ["not there"], [CARD, "nor this"], [str(n) for n in range(30)]]
)
def test_what_is_not_there_cannot_be_taken_out(carded, lea, passages):
    with pytest.raises(ValidationError) as refused:
        redact_message(first_of(carded), by=lea, passages=passages)
    assert refused.value.code == "invalid"
    assert CARD in first_of(carded).body
    assert "message.redacted*" not in log(carded)


def test_a_passage_within_another_one_takes_nothing_of_it_away(carded, lea):
    redact_message(first_of(carded), by=lea, passages=["4111", CARD, "my card"])
    assert first_of(carded).body == f"{BLOCKS} is {BLOCKS}\nplease book it"


def test_sending_it_again_brings_nothing_back(carded, carla, lea):
    redact_message(first_of(carded), by=lea, passages=[CARD])
    body = f"{CARD} is my card\nplease book it"
    sent = post_message(carded, by=carla, body=body, client_id="c-1")
    assert sent.pk == first_of(carded).pk
    assert open_ticket(carla, by=carla, body=body, channel="email", client_id="c-1").pk == carded.pk
    assert card_in(everything()) == []


def test_a_note_that_was_redacted_meanwhile_is_not_written_over(ticket, alice, lea):
    note = post_message(ticket, by=alice, body=f"They said {CARD}", kind="note")
    redact_message(note, by=lea, passages=[CARD])
    with pytest.raises(ChangedError):
        edit_note(note, by=alice, body=f"They said {CARD}!", version="")


@pytest.mark.parametrize(
    ("html", "passage", "left"),
    [
        ("<p>My PIN is 1234.</p>", "1234", f"<p>My PIN is {BLOCKS}.</p>"),
        ("<p>a &amp; b &#x27;c&#x27;</p>", "a & b 'c'", f"<p>{BLOCKS}</p>"),
        ("<p>4111\n 1111</p>", "4111 1111", f"<p>{BLOCKS}</p>"),
        ('<p style="color: red">color</p>', "color", f'<p style="color: red">{BLOCKS}</p>'),
        ('<a href="https://x.example/?t=s3cret">here</a>', "s3cret", ""),
        ('<a href="https://x.example/?t=a%20b">here</a>', "t=a b", ""),
        ("<p>one<br>two</p>", "one\ntwo", ""),
        ("<p>o<b>n</b>e</p>", "one", ""),
        ("<p>nothing</p>", "1234", "<p>nothing</p>"),
    ],
)
def test_html_keeps_its_markup_or_goes(html, passage, left):
    assert black_out_html(html, [passage]) == left


def test_blocks_do_not_tell_how_long_it_was():
    assert black_out("a 1 b", ["1"]) == f"a {BLOCKS} b"
    assert black_out("a 123456789 b", ["123456789"]) == f"a {BLOCKS} b"
    assert black_out("(.*) stays? no", ["(.*)"]) == f"{BLOCKS} stays? no"


# --- Files ----------------------------------------------------------------------------------


@pytest.fixture
def sent_file(ticket, carla) -> Attachment:
    file = add_attachment(SimpleUploadedFile("passport.txt", b"P<UTO"), by=carla)
    post_message(ticket, by=carla, body="My passport", attachments=(str(file.pk),))
    return Attachment.objects.get(pk=file.pk)


def test_a_file_is_removed(ticket, carla, lea, sent_file, settings, django_capture_on_commit_callbacks):
    stored = Path(settings.MEDIA_ROOT) / sent_file.file.name
    assert stored.exists()
    with django_capture_on_commit_callbacks(execute=True):
        remove_file(sent_file, by=lea)
        assert stored.exists(), "a transaction that fails must lose nothing"
    assert not stored.exists()
    sent_file.refresh_from_db()
    assert (sent_file.removed_at is not None, bool(sent_file.file), sent_file.width) == (True, False, None)
    event = last(ticket)
    assert (event.type, event.is_public) == ("file.removed", True)
    assert event_json(event, carla)["data"] == {"seq": 3}
    remove_file(sent_file, by=lea)
    assert log(ticket).count("file.removed*") == 1
    check_log(ticket)


def test_mails_carry_it_no_more(ticket, alice, lea):
    file = add_attachment(SimpleUploadedFile("passport.txt", b"P<UTO"), by=alice)
    reply = post_message(ticket, by=alice, body="Yours", attachments=(str(file.pk),))
    mail = answers(again(ticket), [reply], dedupe_key="a")
    assert len(mail.files) == 1
    remove_file(Attachment.objects.get(pk=file.pk), by=lea)
    mail.refresh_from_db()
    assert mail.files == []
    later = answers(again(ticket), [Message.objects.get(pk=reply.pk)], dedupe_key="b")
    assert later.files == []


def test_what_could_not_be_deleted_is_deleted_later(lea, sent_file, monkeypatch, django_capture_on_commit_callbacks):
    def fail(name):
        raise OSError("the disk is away")

    with monkeypatch.context() as broken, django_capture_on_commit_callbacks(execute=True):
        broken.setattr(default_storage, "delete", fail)
        remove_file(sent_file, by=lea)
    sent_file.refresh_from_db()
    assert sent_file.file
    assert empty_removed_files(older_than=timezone.now()) == 1
    sent_file.refresh_from_db()
    assert not sent_file.file


@pytest.mark.parametrize("who", ["alice", "charlie", "carla"])
def test_only_who_may_removes_files(request, sent_file, who):
    with pytest.raises(PermissionDenied):
        remove_file(sent_file, by=request.getfixturevalue(who))
    sent_file.refresh_from_db()
    assert sent_file.removed_at is None


def test_a_file_that_was_not_sent_is_its_owner_s(carla, lea):
    file = add_attachment(SimpleUploadedFile("draft.txt", b"x"), by=carla)
    with pytest.raises(ValidationError):
        remove_file(file, by=lea)
    assert not Event.objects.filter(type="file.removed").exists()
