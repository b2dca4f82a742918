"""Replies that leave later: by mail after the moment in which they can be undone, or at a time that somebody chose.

Until a reply leaves it is no message. It leaves in one transaction with the row that says so, and under that row's
`client_id`: whatever dies in between, it neither gets lost nor leaves twice. One that would cross with somebody
else's words is held, and its author decides.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext

from accounts.models import User
from tickets.actions._rules import check_client_id, clean_body, in_words_for, lock, require
from tickets.actions.attaching import MAX_FILES, file_ids
from tickets.actions.drafting import drop_drafts, put_back
from tickets.actions.filling import check_needed
from tickets.actions.macros import apply_steps
from tickets.actions.posting import find_posted, post_message
from tickets.actions.solving import resolve_ticket
from tickets.events import record
from tickets.macros import Steps
from tickets.models import Attachment, Draft, Event, Message, RootCause, ScheduledReply, Ticket
from tickets.queries.holding import came_between, leaves_by_mail

LONGEST = timedelta(days=366)
NO_CAUSE = "none"
FORMAT = Message.Format.MARKDOWN  # only the composer writes what leaves later, and its words are Markdown
State = ScheduledReply.State
# Why one is held or unfinished, as it is kept; whoever shows it translates.
_MERGED = gettext_noop("The ticket was merged meanwhile. Look at what is on both before it leaves.")
_IN_TRASH = gettext_noop("The ticket is in the trash.")
_NOT_ALLOWED = gettext_noop("That is not allowed any more.")
_UNFINISHED = gettext_noop("It is not allowed any more.")


class HeldError(ValidationError):
    """A reply was not sent, because its author has not seen `between`; `seq` is what they have seen then."""

    def __init__(self, between: list[Event], *, seq: int) -> None:
        super().__init__(_why_held(between), code="held")
        self.between, self.seq = between, seq


def send_reply(
    ticket: Ticket,
    *,
    by: User,
    body: str,
    client_id: str = "",
    begun_seq: int | None = None,
    attachments: tuple[str, ...] = (),
    send_at: datetime | None = None,
    then: dict[str, Any] | None = None,
) -> Message | ScheduledReply:
    """Send a reply as its ticket wants it: in a chat at once, by mail in a moment, or at `send_at`.

    `begun_seq` is what had happened when its author began to write; None means that nothing is held. `then` is what
    is done with it: {"resolve": slug or "none", "steps": […], "macros": [key, …]}; its "uncopied": true leaves out
    those who are copied. The same `client_id` again returns what was made of it before.
    Errors: as `post_message`, and HeldError.
    """
    wanted: dict[str, Any] = {
        "body": body, "client_id": client_id, "begun_seq": begun_seq, "attachments": attachments,
        "send_at": send_at, "then": then or {},
    }  # fmt: skip
    try:
        return _send(ticket, by, **wanted)
    except IntegrityError:  # the same client_id on two tickets at once: the other one is stored now
        if not client_id:
            raise
        return _send(ticket, by, **wanted)


@transaction.atomic
def _send(ticket: Ticket, by: User, *, send_at: datetime | None, **wanted: Any) -> Message | ScheduledReply:
    check_client_id(wanted["client_id"])
    ticket = lock(ticket)
    require(by, "tickets.reply")
    known = _find_scheduled(by, wanted)
    if known is not None:
        return known.message or known
    _check_then(by, wanted["then"])
    if wanted["then"].get("resolve") is not None and not wanted["then"].get("steps"):  # steps may fill what is missing
        check_needed(ticket)
    begun_seq, then = wanted.pop("begun_seq"), wanted.pop("then")
    is_copied = not then.get("uncopied")
    if find_posted(by, [wanted["client_id"]]):
        return post_message(ticket, by=by, format=FORMAT, is_copied=is_copied, **wanted)
    if send_at is not None or (leaves_by_mail(ticket) and settings.UNDO_SEND_SECONDS):
        return schedule_reply(ticket, by=by, begun_seq=begun_seq, send_at=send_at, then=then, **wanted)
    between = [] if begun_seq is None else came_between(ticket, by=by, begun_seq=begun_seq)
    if between:
        raise HeldError(between, seq=ticket.last_seq)
    message = post_message(ticket, by=by, format=FORMAT, is_copied=is_copied, **wanted)
    _follow(message, by, then)
    return message


def _find_scheduled(by: User, wanted: dict[str, Any]) -> ScheduledReply | None:
    """What was made of this id before. Errors: ValidationError code `conflict` if it was for other words or files."""
    if not wanted["client_id"]:
        return None
    known = ScheduledReply.objects.filter(user=by, client_id=wanted["client_id"]).select_related("message").first()
    if known is None:
        return None
    files = {str(pk) for pk in known.attachments.values_list("pk", flat=True)}
    body = clean_body(wanted["body"], may_be_empty=bool(wanted["attachments"]))
    is_amended = known.message is not None and known.message.is_amended
    if (body if is_amended else known.body, files) != (body, file_ids(wanted["attachments"])):
        raise ValidationError(_("This id was used for another message."), code="conflict")
    return known


def _check_then(by: User, then: dict[str, Any]) -> None:
    if set(then) - {"resolve", "steps", "macros", "uncopied"}:
        raise ValidationError(_("There is no such thing to do."), code="invalid")
    slug = then.get("resolve")
    if slug is not None:
        require(by, "tickets.resolve")
        if slug != NO_CAUSE and not RootCause.objects.filter(slug=str(slug)[:200]).exists():
            raise ValidationError(_("This cause is not there any more. Choose another one."), code="invalid")
    if then.get("steps"):
        Steps().check(then["steps"])


@transaction.atomic
def schedule_reply(
    ticket: Ticket,
    *,
    by: User,
    body: str,
    client_id: str = "",
    begun_seq: int | None = None,
    attachments: tuple[str, ...] = (),
    send_at: datetime | None = None,
    then: dict[str, Any] | None = None,
) -> ScheduledReply:
    """Let a reply leave at `send_at`, or in a moment in which it can be undone; the draft it was goes with it.

    Errors: PermissionDenied; ValidationError with code `empty`, `too_long` or `invalid`.
    """
    ticket = lock(ticket)
    require(by, "tickets.reply")
    body = clean_body(body, may_be_empty=bool(attachments))
    now = timezone.now()
    soon = now + timedelta(seconds=settings.UNDO_SEND_SECONDS)
    if send_at is not None and send_at > now + LONGEST:
        raise ValidationError(_("Choose a time within a year."), code="invalid")
    files = _files(by, attachments)
    seq = ticket.last_seq if begun_seq is None else max(0, min(begun_seq, ticket.last_seq))
    reply = ScheduledReply.objects.create(
        ticket=ticket,
        user=by,
        body=body,
        client_id=client_id or uuid.uuid4().hex,
        begun_seq=seq,
        then=then or {},
        send_at=max(send_at or soon, soon),
        created_at=now,
    )
    reply.attachments.set(files)
    drop_drafts(by, [client_id])
    if not reply.is_leaving:
        record(ticket, "reply.scheduled", by=by, data={"send_at": reply.send_at.isoformat()})
    elif between := came_between(ticket, by=by, begun_seq=seq):
        _hold(ticket, reply, _why_held(between))  # its author is still here: better now than in a moment
    return reply


def _files(by: User, ids: tuple[str, ...]) -> list[Attachment]:
    """The author's own files that are on no message yet. Errors: ValidationError code `invalid`."""
    wanted = file_ids(ids)
    if len(wanted) > MAX_FILES:
        raise ValidationError(_("%(count)s files at most go with one message.") % {"count": MAX_FILES}, code="invalid")
    files = list(Attachment.objects.filter(pk__in=wanted, message=None, by_user=by))
    if len(files) != len(wanted):
        raise ValidationError(_("A file is not there any more. Attach it again."), code="invalid")
    return files


@transaction.atomic
def run_scheduled_reply(reply: ScheduledReply) -> Message | None:
    """Post a reply that is due, once; None if another worker has it, it was taken back, or it is held now."""
    # The ticket first, as every action does, so that two of them cannot wait for each other.
    ticket = lock(_survivor(reply.ticket))
    due = ScheduledReply.objects.due(timezone.now()).select_for_update(skip_locked=True)
    claimed = due.filter(pk=reply.pk).first()
    if claimed is None or ticket.merged_into_id:  # merged this very moment: the next tick knows
        return None
    if _move(claimed, ticket):
        return _held(ticket, claimed, _MERGED)
    return _deliver(ticket, claimed)


def _survivor(ticket: Ticket) -> Ticket:
    """The ticket as which this one goes on, if it was merged."""
    while ticket.merged_into is not None:
        ticket = ticket.merged_into
    return ticket


def _move(reply: ScheduledReply, ticket: Ticket) -> bool:
    """Let a reply go on with its merged ticket; True if it did. What counts as seen begins anew there."""
    if reply.ticket_id == ticket.pk:
        return False
    reply.ticket, reply.begun_seq = ticket, ticket.last_seq
    reply.save(update_fields=["ticket", "begun_seq"])
    return True


def _deliver(ticket: Ticket, reply: ScheduledReply) -> Message | None:
    """Post it, or hold it and say why. Ticket and row must be locked."""
    with in_words_for(reply.user):
        return _deliver_or_hold(ticket, reply)


def _deliver_or_hold(ticket: Ticket, reply: ScheduledReply) -> Message | None:
    by = reply.user
    if ticket.trashed_at is not None:
        return _held(ticket, reply, _IN_TRASH)
    if not by.is_active or not Ticket.objects.visible_to(by).filter(pk=ticket.pk).exists():
        return _held(ticket, reply, _("%(name)s may not answer here any more.") % {"name": by.name})
    between = came_between(ticket, by=by, begun_seq=reply.begun_seq)
    if between:
        return _held(ticket, reply, _why_held(between))
    files = tuple(str(pk) for pk in reply.attachments.values_list("pk", flat=True))
    try:
        with transaction.atomic():
            words: dict[str, Any] = {"body": reply.body, "format": FORMAT, "attachments": files}
            words["is_copied"] = not reply.then.get("uncopied")
            message = post_message(ticket, by=by, client_id=reply.client_id, **words)
    except ValidationError as error:
        return _held(ticket, reply, " ".join(error.messages))
    except PermissionDenied:
        return _held(ticket, reply, _NOT_ALLOWED)
    reply.state, reply.message = State.SENT, message
    reply.reason = _try_to_follow(message, by, reply.then)
    reply.save(update_fields=["state", "message", "reason"])
    if reply.reason:
        record(lock(ticket), "reply.unfinished", by=None, data={"user": by.name, "reason": reply.reason})
    return message


def _follow(message: Message, by: User, then: dict[str, Any]) -> None:
    """Do what was to be done with a reply: the steps of macros, then solving. Errors as the steps' own actions say."""
    if then.get("steps") or then.get("macros"):
        wanted = {"steps": then.get("steps", []), "macros": then.get("macros", [])}
        apply_steps(message.ticket, by=by, client_id=message.client_id, **wanted)
    slug = then.get("resolve")
    if slug is None:
        return
    cause = None if slug == NO_CAUSE else RootCause.objects.known_as(slug)
    if cause is None and slug != NO_CAUSE:
        raise ValidationError(_("Its cause is not there any more."), code="invalid")
    resolve_ticket(message.ticket, by=by, root_cause=cause)


def _try_to_follow(message: Message, by: User, then: dict[str, Any]) -> str:
    """As `_follow`; returns what could not be done, or nothing. What was said stays said in any case."""
    try:
        with transaction.atomic():
            _follow(message, by, then)
    except ValidationError as error:
        return " ".join(error.messages)[:200]
    except (PermissionDenied, ObjectDoesNotExist):
        return _UNFINISHED
    return ""


def _hold(ticket: Ticket, reply: ScheduledReply, reason: str) -> None:
    reply.state, reply.reason = State.HELD, reason[:200]
    reply.save(update_fields=["state", "reason"])
    record(ticket, "reply.held", by=None, data={"user": reply.user.name, "reason": reply.reason})


def _held(ticket: Ticket, reply: ScheduledReply, reason: str) -> Message | None:
    """No message, for it is held now."""
    _hold(ticket, reply, reason)
    return None


def _why_held(between: list[Event]) -> str:
    """Who was faster, in one line."""
    customer = pgettext("within a sentence", "the customer")
    names = list(dict.fromkeys(event.by_user.name if event.by_user else customer for event in between))
    if all(event.by_user is None for event in between):
        return _("The customer wrote meanwhile.")
    if names[0] == customer:
        names[0] = _("The customer")
    if len(names) == 1:
        return _("%(name)s answered meanwhile.") % {"name": names[0]}
    if len(names) == 2:
        return _("%(name)s and %(other)s answered meanwhile.") % {"name": names[0], "other": names[1]}
    others = len(names) - 1
    words = ngettext(
        "%(name)s and %(count)s other answered meanwhile.", "%(name)s and %(count)s others answered meanwhile.", others
    )
    return words % {"name": names[0], "count": others}


@transaction.atomic
def take_back_reply(reply: ScheduledReply, *, by: User, seen_seq: int | None = None) -> Draft | None:
    """Undo: its words and files are their author's draft again, before whatever was begun since.

    `seen_seq` is what they have seen on the ticket now. Taking it back again changes nothing. Errors:
    PermissionDenied; ValidationError code `closed` if it has left.
    """
    ticket, reply = _open(reply, by)
    if reply.state == State.CANCELLED:
        return Draft.objects.filter(ticket=ticket, user=by).first()
    _cancel(ticket, reply, by)
    begun_seq = reply.begun_seq if seen_seq is None else max(reply.begun_seq, min(seen_seq, ticket.last_seq))
    return put_back(ticket, by, reply=reply, begun_seq=begun_seq, client_id=uuid.uuid4().hex)


@transaction.atomic
def discard_reply(reply: ScheduledReply, *, by: User) -> ScheduledReply:
    """Do not send it. Errors: PermissionDenied; ValidationError code `closed` if it has left."""
    ticket, reply = _open(reply, by)
    if reply.state != State.CANCELLED:
        _cancel(ticket, reply, by)
    return reply


def _cancel(ticket: Ticket, reply: ScheduledReply, by: User) -> None:
    was_known = not reply.is_leaving or reply.state == State.HELD
    reply.state = State.CANCELLED
    reply.save(update_fields=["state"])
    if was_known:
        record(ticket, "reply.taken_back", by=by)


@transaction.atomic
def send_reply_now(reply: ScheduledReply, *, by: User, seen_seq: int | None = None) -> Message | None:
    """Send it without waiting; a held one although somebody was faster, as far as its author has seen them.

    `seen_seq` is what the author has seen on the ticket. None if it is held (again). Errors: PermissionDenied;
    ValidationError code `closed` if it was taken back.
    """
    ticket, reply = _open(reply, by, may_be_sent=True)
    if reply.state == State.SENT:
        return reply.message
    if reply.state == State.CANCELLED:
        raise ValidationError(_("It was taken back."), code="closed")
    if seen_seq is not None:
        reply.begun_seq = max(reply.begun_seq, min(seen_seq, ticket.last_seq))
    reply.state, reply.send_at = State.WAITING, timezone.now()
    reply.save(update_fields=["begun_seq", "state", "send_at"])
    return _deliver(ticket, reply)


@transaction.atomic
def hold_reply(reply: ScheduledReply, *, by: User) -> ScheduledReply:
    """Stop somebody else's reply before it leaves: it is held until its author decides.

    Errors: PermissionDenied; ValidationError code `closed` if it does not wait any more.
    """
    ticket, reply = _lock_row(reply)
    require(by, "tickets.reply")
    if reply.state != State.WAITING:
        raise ValidationError(_("It does not wait any more."), code="closed")
    with in_words_for(reply.user):
        _hold(ticket, reply, _("%(name)s stopped it.") % {"name": by.name})
    return reply


def _lock_row(reply: ScheduledReply) -> tuple[Ticket, ScheduledReply]:
    ticket = lock(_survivor(reply.ticket))
    if ticket.merged_into_id:
        raise ValidationError(_("The ticket was merged this very moment. Try again."), code="conflict")
    reply = ScheduledReply.objects.select_for_update(of=("self",)).select_related("user").get(pk=reply.pk)
    if reply.state in ScheduledReply.OPEN:
        _move(reply, ticket)
    return ticket, reply


def _open(reply: ScheduledReply, by: User, *, may_be_sent: bool = False) -> tuple[Ticket, ScheduledReply]:
    """Ticket and row, locked. Only its author takes it back or sends it."""
    ticket, reply = _lock_row(reply)
    require(by, "tickets.reply")
    if reply.user_id != by.pk:
        raise PermissionDenied
    if reply.state == State.SENT and not may_be_sent:
        raise ValidationError(_("It has left already."), code="closed")
    return ticket, reply
