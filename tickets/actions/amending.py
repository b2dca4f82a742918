"""What was said is changed afterwards: a note by its author, a message or a file by those who may take things out.

An edited note says that it was edited, and when; what it said before is not kept anywhere. Whoever wrote a card number
into a note by mistake must be able to mend that, and an older text that only some may open would still hold it.
Replies are never edited: they have been read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User
from outbox.actions import black_out_mails, take_out_file
from outbox.blackout import BLOCKS, black_out, black_out_html
from tickets.actions._rules import PREVIEW_CHARS, clean_body, clean_line, lock, require
from tickets.actions.attaching import count_files
from tickets.actions.opening import subject_from
from tickets.events import record
from tickets.models import Attachment, BulkReply, Event, FollowUp, Letter, Message, ScheduledReply, Ticket

log = logging.getLogger(__name__)
MAX_PASSAGES = 20
FREE_TEXT = ("subject", "note", "comment")  # of an event's data: everything else are keys and names


class ChangedError(ValidationError):
    """A note is not what its author saw when they began to change it; `message` is how it reads now."""

    def __init__(self, message: Message) -> None:
        super().__init__(_("This note was changed meanwhile. Look at both texts and save again."), code="conflict")
        self.now = message


@transaction.atomic
def edit_note(message: Message, *, by: User, body: str, version: str | None = None) -> Message:
    """Let a note say something else; only its author may, at any time. Records `note.edited`.

    `version` is `Message.version` of the words that they have seen (None: whatever they are). The same words again
    change nothing. Errors: PermissionDenied; ValidationError code `empty`, `too_long`, `invalid` (a reply);
    ChangedError.
    """
    ticket, message = _lock_message(message)
    require(by, "tickets.note")
    if message.by_user_id != by.pk:
        raise PermissionDenied
    if not message.is_note:
        raise ValidationError(_("A reply has been read: it cannot be changed any more."), code="invalid")
    body = clean_body(body, may_be_empty=message.attachments.exists())
    if body == message.body:
        return message
    if version is not None and version != message.version:
        raise ChangedError(message)
    message.body, message.edited_at = body, timezone.now()
    message.save(update_fields=["body", "edited_at"])
    record(ticket, "note.edited", by=by, data=_which(message))
    return message


@transaction.atomic
def redact_message(message: Message, *, by: User, passages: Iterable[str]) -> Message:
    """Black out passages of a message for good, in its own words and wherever the product keeps a copy of them.

    Each stands in the message exactly as given; blocks of one length take its place there, in the subject and the
    preview, in replies that wait to leave, in events, in quotes of it, in the kept text of mails (one that is being
    sent leaves as it is), and in the search box a moment later. Drafts are their writers' own and stay. Records
    `message.redacted`, which customers get too where the message was theirs to see; it carries no words. It cannot be
    undone. Errors: PermissionDenied; ValidationError code `invalid`.
    """
    wanted = _passages(passages)
    family = _lock_family(message.ticket_id)
    message = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    ticket = family[message.ticket_id]
    require(by, "tickets.redact")
    was = message.body
    missing = [passage for passage in wanted if passage not in was]
    if missing:
        raise ValidationError(_("This message does not say that (any more): select it again."), code="invalid")
    for passage in sorted(wanted, key=len, reverse=True):
        message.body = message.body.replace(passage, BLOCKS)
    changed = _black_out_subjects(family, was, message.body, wanted, besides=ticket)
    _black_out_copies(message, family, wanted)
    data = _which(message) | {"count": len(wanted)}
    changed += _preview_again(ticket, message)
    event = record(ticket, "message.redacted", by=by, is_public=not message.is_note, changed=changed, data=data)
    message.redacted_at = event.at  # so that a screen can tell whether it has these words already
    message.save(update_fields=["body", "redacted_at"])
    _forget_originals(message)
    return message


@transaction.atomic
def remove_file(attachment: Attachment, *, by: User) -> Attachment:
    """Delete what a sent file holds, for good; its line says that it is gone. Doing it twice is harmless.

    Records `file.removed`, which customers get too where the message was theirs to see. Errors: PermissionDenied;
    ValidationError code `invalid` for one that is on no message.
    """
    require(by, "tickets.redact")
    if attachment.message is None:
        raise ValidationError(_("This file was not sent."), code="invalid")
    ticket, message = _lock_message(attachment.message)
    attachment = Attachment.objects.select_for_update(of=("self",)).get(pk=attachment.pk)
    if attachment.removed_at is not None:
        return attachment
    take_out_file(about=[ticket.about], stored=str(attachment.file))
    _forget_originals(message)
    data = _which(message) | {"file": str(attachment.pk), "name": attachment.name}
    event = record(ticket, "file.removed", by=by, is_public=not message.is_note, data=data)
    attachment.removed_at = event.at
    attachment.width = attachment.height = None  # there is nothing to show any more
    attachment.save(update_fields=["removed_at", "width", "height"])
    transaction.on_commit(lambda: _empty(attachment), robust=True)
    return attachment


def empty_removed_files(*, older_than: datetime) -> int:
    """Delete what removed files still hold because whoever removed them died over it; returns how many."""
    held = Attachment.objects.filter(removed_at__lt=older_than).exclude(file="")
    return sum(_empty(attachment) for attachment in held[:100])


def _empty(attachment: Attachment) -> bool:
    """Delete a removed file's content; its row forgets the name only once that is done."""
    if not attachment.file.name:
        return False
    try:
        attachment.file.storage.delete(attachment.file.name)
    except OSError as error:  # the clock tries again
        log.error("a removed file could not be deleted: %s", error)
        return False
    Attachment.objects.filter(pk=attachment.pk).update(file="")
    return True


def _lock_message(message: Message) -> tuple[Ticket, Message]:
    """A message's ticket, locked, and the message as it is then."""
    ticket = lock(Ticket(pk=message.ticket_id))
    return ticket, Message.objects.select_related("by_user").get(pk=message.pk)


def _which(message: Message) -> dict[str, Any]:
    """What an event says of the message that it is about: where it stands, and none of its words."""
    seq = Event.objects.filter(message=message).values_list("seq", flat=True).first()
    return {"message": message.pk, "seq": seq}


def _passages(passages: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(clean_body(passage, may_be_empty=True) for passage in passages))
    wanted = [passage for passage in wanted if passage.strip(f"{BLOCKS[0]} \n")]
    if not wanted:
        raise ValidationError(_("Select what should be blacked out."), code="invalid")
    if len(wanted) > MAX_PASSAGES:
        raise ValidationError(_("%(count)s passages at once at most.") % {"count": MAX_PASSAGES}, code="invalid")
    return wanted


def _lock_family(number: int) -> dict[int, Ticket]:
    """The ticket and those that may repeat its words (sequels, merged, split off), locked in the order of all."""
    found, latest = {number}, {number}
    while latest and len(found) < 200:
        rows = Ticket.objects.filter(pk__in=latest).values_list(
            "continues", "continued_by", "merged_into", "merged", "links__other", "links_back__ticket"
        )
        latest = {pk for row in rows for pk in row if pk is not None} - found
        found |= latest
    locked = Ticket.objects.filter(pk__in=found).select_for_update(of=("self",)).select_related("customer")
    return {ticket.pk: ticket for ticket in locked.order_by("pk")}


def _black_out_subjects(
    family: dict[int, Ticket], was: str, now: str, wanted: list[str], *, besides: Ticket
) -> list[str]:
    """Subjects that repeat the message; returns the changed fields of `besides`, which its event saves."""
    derived, mended = subject_from(was), subject_from(now)
    for ticket in family.values():
        # One that was cut may end within a passage.
        subject = mended if ticket.subject == derived else black_out(ticket.subject, wanted)
        if subject == ticket.subject:
            continue
        ticket.subject = subject[:200]
        if ticket.pk != besides.pk:
            ticket.save(update_fields=["subject"])
    return ["subject"]


def _preview_again(ticket: Ticket, message: Message) -> list[str]:
    """The beginning of the last public message, as that is now with the changed one."""
    last = ticket.messages.replies().order_by("-event__seq").first()
    if last is not None:
        last = message if last.pk == message.pk else last
        files = tuple(str(pk) for pk in last.attachments.values_list("pk", flat=True))
        ticket.preview = clean_line(last.body, PREVIEW_CHARS) or (count_files(files) if files else "")
    return ["preview"]


def _black_out_copies(message: Message, family: dict[int, Ticket], wanted: list[str]) -> None:
    """Whatever else keeps these words: replies that wait or were sent, follow-ups, events, mails."""
    for reply in ScheduledReply.objects.filter(ticket__in=family):
        _save_without(reply, "body", wanted)
    for follow_up in FollowUp.objects.planned().filter(ticket__in=family):
        _save_without(follow_up, "body", wanted)
    for bulk in BulkReply.objects.filter(rows__message=message):
        _save_without(bulk, "body", wanted)
    for event in Event.objects.filter(ticket__in=family, data__has_any_keys=list(FREE_TEXT)):
        data = {
            key: black_out(value, wanted) if key in FREE_TEXT and isinstance(value, str) else value
            for key, value in event.data.items()
        }
        if data != event.data:
            Event.objects.filter(pk=event.pk).update(data=data)
    for letter in Letter.objects.filter(message__ticket__in=family):
        _black_out_letter(letter, wanted, is_own=letter.message_id == message.pk)
    about = [ticket.about for ticket in family.values()]
    black_out_mails(about=about, passages=wanted, since=message.created_at)


def _forget_originals(message: Message) -> None:
    """A message that came in from elsewhere may be kept there as it came, too."""
    for path in settings.ORIGINALS:
        import_string(path)(message)


def _black_out_letter(letter: Letter, wanted: list[str], *, is_own: bool) -> None:
    """What a mail says besides its words: a passage may lie across the tags of its own form, which therefore goes."""
    was = (letter.subject, letter.quoted, letter.html)
    html = "" if is_own else black_out_html(letter.html, wanted)
    letter.subject, letter.quoted, letter.html = (
        black_out(letter.subject, wanted),
        black_out(letter.quoted, wanted),
        html,
    )
    if was != (letter.subject, letter.quoted, letter.html):
        letter.save(update_fields=["subject", "quoted", "html"])


def _save_without(row: ScheduledReply | FollowUp | BulkReply, field: str, wanted: list[str]) -> None:
    words = black_out(getattr(row, field), wanted)
    if words != getattr(row, field):
        setattr(row, field, words)
        row.save(update_fields=[field])
