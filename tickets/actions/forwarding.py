"""A part of a conversation goes by mail to somebody outside, such as a supplier."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from outbox.actions import cancel_mail
from outbox.models import Mail
from tickets import emails
from tickets.actions._rules import check_client_id, clean_body, lock, require
from tickets.actions.addressing import Person, check_people, use_up
from tickets.actions.attaching import MAX_FILES, file_ids
from tickets.actions.trashing import refuse_in_trash
from tickets.events import record
from tickets.models import Attachment, Event, Message, Ticket, Undo
from tickets.queries.forwarding import forwardable, forwardable_files

MOST_TO = 5
MOST_MESSAGES = 100


@dataclass(frozen=True)
class Forwarded:
    """What was forwarded: the mail, the event that tells of it, and how to take it back until it leaves."""

    mail: Mail
    event: Event
    undo: Undo


@transaction.atomic
def forward_ticket(
    ticket: Ticket,
    *,
    by: User,
    to: list[Person],
    words: str,
    messages: Collection[int] | None = None,
    attachments: tuple[str, ...] = (),
    client_id: str = "",
) -> Forwarded:
    """Mail what was said in public (`messages` by id, None: all of it) to people outside, under one's own words.

    Notes never go along, and of the files only those in `attachments`. It leaves after `UNDO_SEND_SECONDS`; until then
    it can be undone. The same `client_id` again answers the first one. Errors: PermissionDenied; ValidationError with
    code `empty`, `too_long`, `too_many`, `invalid`, `undeliverable` or `rate_limited`.
    """
    check_client_id(client_id)
    ticket = lock(ticket)
    refuse_in_trash(ticket)
    require(by, "tickets.open")
    key = f"forward:{ticket.pk}:{by.pk}:{client_id or uuid.uuid4().hex}"
    known = Mail.objects.filter(dedupe_key=key).first()
    if known is not None:
        return _found(ticket, known, by)
    _check_to(ticket, to)
    body = clean_body(words, may_be_empty=True)
    said, files = _messages(ticket, messages), _files(ticket, attachments)
    if not body and not said and not files:
        raise ValidationError(_("Write something, or choose what to forward."), code="empty")
    use_up(to, by=by)
    mail = emails.forward(
        ticket,
        said,
        by=by,
        to=to,
        words=body,
        files=files,
        dedupe_key=key,
        send_at=timezone.now() + timedelta(seconds=settings.UNDO_SEND_SECONDS),
    )
    addresses = [person.email for person in to]
    data = {"mail": str(mail.pk), "to": addresses, "words": body, "messages": len(said)}
    event = record(ticket, "ticket.forwarded", by=by, data=data | {"files": [file.name for file in files]})
    step = {"ticket": ticket.pk, "do": "forward", "was": {"mail": str(mail.pk)}, "is": {}}
    label = _("Forwarded to %(addresses)s") % {"addresses": ", ".join(addresses)}
    undo = Undo.objects.create(user=by, label=label[:200], steps=[step])
    return Forwarded(mail, event, undo)


@transaction.atomic
def take_back_forward(ticket: Ticket, *, by: User, mail: str) -> Event:
    """Forward it not, if it has not left. Errors: PermissionDenied; ValidationError code `closed` if it has."""
    ticket = lock(ticket)
    require(by, "tickets.open")
    told = ticket.events.filter(type="ticket.forwarded", by_user=by, data__mail=mail).first()
    if told is None or not cancel_mail(uuid.UUID(mail), reason="taken back"):
        raise ValidationError(_("It has left already."), code="closed")
    return record(ticket, "forward.taken_back", by=by, data={"mail": mail, "to": told.data["to"]})


def _found(ticket: Ticket, mail: Mail, by: User) -> Forwarded:
    """What was made of this request before."""
    event = ticket.events.get(type="ticket.forwarded", data__mail=str(mail.pk))
    undo = Undo.objects.filter(user=by, steps__contains=[{"do": "forward", "was": {"mail": str(mail.pk)}}]).first()
    return Forwarded(mail, event, undo or Undo(user=by, label="", steps=[]))


def _check_to(ticket: Ticket, to: list[Person]) -> None:
    check_people(to, most=MOST_TO)
    theirs = {email.lower() for email in ticket.customer.addresses.values_list("email", flat=True)}
    if any(person.email in theirs for person in to):
        raise ValidationError(_("That is the customer. Write them a reply instead."), code="invalid")


def _messages(ticket: Ticket, wanted: Collection[int] | None) -> list[Message]:
    found = forwardable(ticket) if wanted is None else forwardable(ticket).filter(pk__in=set(wanted))
    said = list(found.order_by("-event__seq")[: MOST_MESSAGES + 1])[::-1]
    if wanted is not None and len(said) != len(set(wanted)):
        raise ValidationError(_("A message is not there any more, or cannot be forwarded."), code="invalid")
    return said[-MOST_MESSAGES:]


def _files(ticket: Ticket, ids: tuple[str, ...]) -> list[Attachment]:
    wanted = file_ids(ids)
    if len(wanted) > MAX_FILES:
        raise ValidationError(_("%(count)s files at most go with one mail.") % {"count": MAX_FILES}, code="too_many")
    files = list(forwardable_files(ticket).filter(pk__in=wanted))
    if len(files) != len(wanted):
        raise ValidationError(_("A file is not there any more, or cannot be forwarded."), code="invalid")
    return files
