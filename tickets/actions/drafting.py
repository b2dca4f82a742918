"""What somebody has begun to write is kept for them, on whatever machine they go on writing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from tickets.actions._rules import check_client_id, lock, require, too_long
from tickets.actions.attaching import MAX_FILES, file_ids
from tickets.models import Attachment, Draft, Message, ScheduledReply, Ticket

# Somebody may write too much before they shorten it.
MAX_CHARS = 3 * settings.MESSAGE_MAX_CHARS


@transaction.atomic
def save_draft(
    ticket: Ticket,
    *,
    by: User,
    body: str,
    kind: str = Message.Kind.REPLY,
    client_id: str = "",
    begun_seq: int | None = None,
    attachments: tuple[str, ...] = (),
    written_at: datetime | None = None,
    known_at: datetime | None = None,
) -> Draft | None:
    """Keep what somebody has begun to write; without words and files it is discarded, and None is returned.

    `written_at` is when it was written (now, if it says nothing or the future), `known_at` the `updated_at` of what
    its writer knew to be kept. Files that are gone or somebody else's are left out. Errors: PermissionDenied;
    ValidationError with code `older` (something later is kept, or another draft that the writer has not seen),
    `sent` (these words have left), `too_long` or `invalid`.
    """
    check_client_id(client_id)
    body = _clean(body)
    if kind not in Message.Kind.values:
        raise ValidationError(_("There is no such kind of message."), code="invalid")
    wanted = file_ids(attachments)
    if len(wanted) > MAX_FILES:
        raise ValidationError(_("%(count)s files at most go with one message.") % {"count": MAX_FILES}, code="invalid")
    ticket = lock(ticket)  # whoever sends it holds this too, so that nothing that has left comes back
    require(by, "tickets.reply")
    if _has_left(by, client_id):
        raise ValidationError(_("These words have been sent."), code="sent")
    now = timezone.now()
    written_at = min(written_at or now, now)
    kept = Draft.objects.filter(ticket=ticket, user=by).first()
    if kept is not None and _is_newer(kept, client_id, written_at, known_at):
        raise ValidationError(_("Something newer is kept."), code="older")
    files = Attachment.objects.filter(pk__in=wanted, message=None, by_user=by)
    if not body.strip() and not files:
        drop_drafts(by, [kept.client_id] if kept else [], ticket=ticket)
        return None
    seq = ticket.last_seq if begun_seq is None else max(0, min(begun_seq, ticket.last_seq))
    values = {"body": body, "kind": kind, "client_id": client_id, "begun_seq": seq, "updated_at": written_at}
    draft, _is_new = Draft.objects.update_or_create(ticket=ticket, user=by, defaults=values)
    draft.attachments.set(files)
    return draft


@transaction.atomic
def discard_draft(ticket: Ticket, *, by: User) -> None:
    """Throw away what somebody has begun to write on a ticket. Errors: PermissionDenied."""
    ticket = lock(ticket)
    require(by, "tickets.reply")
    Draft.objects.filter(ticket=ticket, user=by).delete()


def drop_drafts(by: User, client_ids: Iterable[str], *, ticket: Ticket | None = None) -> None:
    """The drafts that became messages go in the same transaction; what was begun since stays."""
    drafts = Draft.objects.filter(user=by, client_id__in=[one for one in client_ids if one or ticket])
    keys = list((drafts.filter(ticket=ticket) if ticket else drafts).values_list("pk", flat=True))
    if keys:
        Draft.objects.filter(pk__in=keys).delete()


def put_back(ticket: Ticket, by: User, *, reply: ScheduledReply, begun_seq: int, client_id: str) -> Draft:
    """Make a draft of a reply that does not leave, before whatever was begun since. The ticket must be locked."""
    kept = Draft.objects.filter(ticket=ticket, user=by).first()
    # What was begun since may be a note for the team alone: it must never become a part of a reply unnoticed.
    kind = kept.kind if kept and kept.body.strip() else Message.Kind.REPLY
    body = f"{reply.body}\n\n{kept.body}" if kept and kept.body.strip() else reply.body
    files = list(reply.attachments.filter(message=None)) + (list(kept.attachments.filter(message=None)) if kept else [])
    values = {
        "body": body,
        "kind": kind,
        "client_id": client_id,
        "begun_seq": begun_seq,
        "updated_at": _just_after(kept),
    }
    draft, _is_new = Draft.objects.update_or_create(ticket=ticket, user=by, defaults=values)
    draft.attachments.set(files)
    return draft


def _just_after(kept: Draft | None) -> datetime:
    now = timezone.now()
    return max(now, kept.updated_at + timedelta(milliseconds=1)) if kept else now


def _clean(body: str) -> str:
    """As a message is cleaned, but with the space at its ends: its writer is not done."""
    body = body.replace("\x00", "").replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")
    if len(body) > MAX_CHARS:
        raise too_long(MAX_CHARS)
    return body


def _has_left(by: User, client_id: str) -> bool:
    """Whether these words have become a message, or a reply that waits to be one."""
    if not client_id:
        return False
    mine = {"client_id": client_id}
    return (
        Message.objects.filter(by_user=by, **mine).exists() or ScheduledReply.objects.filter(user=by, **mine).exists()
    )


def _is_newer(kept: Draft, client_id: str, written_at: datetime, known_at: datetime | None) -> bool:
    """Whether what is kept must not be overwritten: it was written later, or it is another draft than the writer knows.

    Browsers know whole milliseconds.
    """
    if _millis(kept.updated_at) > _millis(written_at):
        return True
    is_another = kept.client_id != client_id
    return is_another and (known_at is None or _millis(kept.updated_at) > _millis(known_at))


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
