"""What somebody has begun to write: kept for them alone, newest words last, gone once they are sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.tickets.looking import again
from tickets.actions import add_attachment, discard_draft, discard_unsent, post_message, save_draft, schedule_reply
from tickets.models import Attachment, Draft, Ticket

LATER = timezone.now() + timedelta(minutes=1)


@pytest.fixture
def file(alice, settings, tmp_path) -> Attachment:
    settings.MEDIA_ROOT = tmp_path
    return add_attachment(SimpleUploadedFile("tyre.txt", b"42"), by=alice)


def kept(ticket: Ticket, user) -> tuple[str, str] | None:
    return Draft.objects.filter(ticket=ticket, user=user).values_list("body", "kind").first()


def code_of(error) -> str:
    return error.value.code


def test_a_draft_is_kept_and_written_over_by_what_is_written_later(ticket, alice):
    now = timezone.now()
    first = save_draft(ticket, by=alice, body="Half", client_id="c1", written_at=now)
    assert (first.body, first.kind, first.begun_seq) == ("Half", "reply", again(ticket).last_seq)
    save_draft(ticket, by=alice, body=" Half a  thought\n", kind="note", client_id="c1", begun_seq=1)
    draft = Draft.objects.get()
    assert (draft.body, draft.kind, draft.begun_seq) == (" Half a  thought\n", "note", 1)
    assert again(ticket).last_seq == 2, "a draft is nobody's business: nothing happens on the ticket"


def test_an_older_save_never_covers_a_newer_one(ticket, alice):
    now = timezone.now()
    save_draft(ticket, by=alice, body="Newer", client_id="c1", written_at=now)
    with pytest.raises(ValidationError) as error:
        save_draft(ticket, by=alice, body="Older", client_id="c1", written_at=now - timedelta(seconds=1))
    assert code_of(error) == "older"
    with pytest.raises(ValidationError):
        save_draft(ticket, by=alice, body="", client_id="c1", written_at=now - timedelta(seconds=1))
    assert kept(ticket, alice) == ("Newer", "reply")


def test_a_clock_that_is_ahead_does_not_lock_the_draft(ticket, alice):
    save_draft(ticket, by=alice, body="From tomorrow", client_id="c1", written_at=timezone.now() + timedelta(days=1))
    save_draft(ticket, by=alice, body="From now", client_id="c1")
    assert kept(ticket, alice) == ("From now", "reply")


def test_another_draft_is_only_covered_by_who_knows_it(ticket, alice):
    first = save_draft(ticket, by=alice, body="On the phone", client_id="phone")
    with pytest.raises(ValidationError) as error:
        save_draft(ticket, by=alice, body="At the desk", client_id="desk")
    assert code_of(error) == "older"
    save_draft(ticket, by=alice, body="At the desk", client_id="desk", known_at=first.updated_at)
    assert kept(ticket, alice) == ("At the desk", "reply")


def test_everybody_has_their_own(ticket, alice, bob):
    save_draft(ticket, by=alice, body="Mine", client_id="c1")
    save_draft(ticket, by=bob, body="His", client_id="c1")
    assert (kept(ticket, alice), kept(ticket, bob)) == (("Mine", "reply"), ("His", "reply"))


def test_an_empty_draft_is_none(ticket, alice):
    save_draft(ticket, by=alice, body="Words", client_id="c1")
    assert save_draft(ticket, by=alice, body=" \n", client_id="c1") is None
    assert not Draft.objects.exists()
    save_draft(ticket, by=alice, body="Words", client_id="c2")
    discard_draft(ticket, by=alice)
    assert not Draft.objects.exists()


def test_sending_takes_the_draft_with_it_and_it_does_not_come_back(ticket, alice):
    save_draft(ticket, by=alice, body="Words", client_id="c1")
    post_message(ticket, by=alice, body="Words", client_id="c1")
    assert not Draft.objects.exists()
    with pytest.raises(ValidationError) as error:
        save_draft(ticket, by=alice, body="Words", client_id="c1", written_at=LATER)
    assert code_of(error) == "sent"
    assert not Draft.objects.exists()


def test_scheduling_takes_the_draft_with_it_and_it_does_not_come_back(ticket, alice):
    save_draft(ticket, by=alice, body="Words", client_id="c1")
    schedule_reply(ticket, by=alice, body="Words", client_id="c1", send_at=LATER)
    with pytest.raises(ValidationError) as error:
        save_draft(ticket, by=alice, body="Words", client_id="c1", written_at=LATER)
    assert (code_of(error), Draft.objects.exists()) == ("sent", False)


def test_what_was_begun_since_stays_when_the_one_before_is_sent(ticket, alice):
    first = save_draft(ticket, by=alice, body="One", client_id="c1")
    save_draft(ticket, by=alice, body="Two", client_id="c2", known_at=first.updated_at)
    post_message(ticket, by=alice, body="One", client_id="c1")
    assert kept(ticket, alice) == ("Two", "reply")


def test_a_refused_message_leaves_its_draft(ticket, alice):
    save_draft(ticket, by=alice, body="Words", client_id="c1")
    with pytest.raises(ValidationError):
        post_message(ticket, by=alice, body="Words", client_id="c1", attachments=("not-a-file",))
    assert kept(ticket, alice) == ("Words", "reply")


def test_its_files_are_its_writers_own_and_unsent(ticket, alice, bob, file):
    mine = save_draft(ticket, by=alice, body="", client_id="c1", attachments=(str(file.pk),))
    assert list(mine.attachments.all()) == [file]
    assert save_draft(ticket, by=bob, body="", client_id="c1", attachments=(str(file.pk),)) is None


def test_files_of_drafts_and_of_replies_that_wait_are_not_thrown_away(ticket, alice, file):
    old = timezone.now() + timedelta(days=2)
    save_draft(ticket, by=alice, body="", client_id="c1", attachments=(str(file.pk),))
    assert discard_unsent(older_than=old) == 0
    schedule_reply(ticket, by=alice, body="", client_id="c1", attachments=(str(file.pk),), send_at=LATER)
    assert (discard_unsent(older_than=old), Attachment.objects.count()) == (0, 1)
    ticket.scheduled_replies.update(state="cancelled")
    assert (discard_unsent(older_than=old), Attachment.objects.count()) == (1, 0)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"body": "x" * 60_001}, "too_long"),
        ({"body": "x", "client_id": "x" * 65}, "invalid"),
        ({"body": "x", "client_id": "a\x00b"}, "invalid"),
        ({"body": "x", "kind": "shout"}, "invalid"),
        ({"body": "x", "attachments": ("nonsense",)}, "invalid"),
    ],
)
def test_what_cannot_be_kept_is_refused(ticket, alice, asked, code):
    with pytest.raises(ValidationError) as error:
        save_draft(ticket, by=alice, **asked)
    assert (code_of(error), Draft.objects.exists()) == (code, False)


def test_what_postgres_cannot_store_is_cleaned_like_a_message(ticket, alice):
    assert save_draft(ticket, by=alice, body="a\x00b\r\nc \ud800").body == "ab\nc ?"


def test_who_may_not_reply_keeps_no_drafts(ticket, alice, monkeypatch):
    monkeypatch.setattr(type(alice), "has_perm", lambda user, permission, obj=None: False)
    for act in (lambda: save_draft(ticket, by=alice, body="x"), lambda: discard_draft(ticket, by=alice)):
        with pytest.raises(PermissionDenied):
            act()
