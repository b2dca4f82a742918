"""A conversation begins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Site, Team
from customers.models import Customer
from tickets.actions._rules import Actor, check_client_id, clean_body, clean_line, require
from tickets.actions.attaching import count_files, file_ids
from tickets.actions.beginning import begin_ticket
from tickets.actions.filling import set_fields
from tickets.actions.posting import Post, find_posted, post_messages
from tickets.actions.sorting import attach_tags
from tickets.models import Channel, Message, Priority, Ticket

SUBJECT_CHARS = 200
SUBJECT_FROM_BODY_CHARS = 80


def open_ticket(
    customer: Customer,
    *,
    by: Actor,
    body: str,
    channel: str,
    subject: str = "",
    site: Site | None = None,
    team: Team | None = None,
    priority: int = Priority.NORMAL,
    tags: list[str] | None = None,
    fields: Mapping[str, Any] | None = None,
    client_id: str = "",
    kind: str = Message.Kind.REPLY,
    attachments: tuple[str, ...] = (),
    format: str = Message.Format.PLAIN,
    at: datetime | None = None,
) -> Ticket:
    """Begin a conversation with its first message, written by whoever opens it, and return the ticket.

    What we write down of a phone call is a note (`kind`). A `client_id` makes it harmless to ask twice: the
    second time answers the first ticket. Without a subject the message's first line is it. `attachments` are the
    ids of the author's own unsent files; then there need be no words. `format` is as in `post_message`, `fields` are
    as in `set_fields`. Errors: PermissionDenied; ValidationError with code `empty`, `too_long`, `invalid` or
    `conflict` (the same `client_id` with other words or files).
    """
    require(by, "tickets.open")
    if isinstance(by, Customer) and by.pk != customer.pk:
        raise PermissionDenied
    check_client_id(client_id)
    body = clean_body(body, may_be_empty=bool(attachments))
    if channel not in Channel.values or priority not in Priority.values:
        raise ValidationError(_("There is no such channel or priority."), code="invalid")
    known = find_posted(by, [client_id]).get(client_id)
    if known is not None:
        return _same_words(known, body, attachments)
    subject = clean_line(subject, SUBJECT_CHARS) or subject_from(body) or count_files(attachments)
    try:
        with transaction.atomic():
            ticket = begin_ticket(
                customer, by=by, subject=subject, channel=channel, site=site, team=team, priority=priority, at=at
            )
            if tags:
                attach_tags(ticket, tags)
            words: dict[str, Any] = {"body": body, "kind": kind, "attachments": attachments, "format": format}
            message = post_messages([Post(ticket, by=by, client_id=client_id, at=at, **words)])[0]
            if message.ticket_id != ticket.pk:  # stored since we looked, with a ticket of its own
                raise IntegrityError  # opened meanwhile
            return set_fields(message.ticket, by=by, values=fields, at=at) if fields else message.ticket
    except IntegrityError:  # the same client_id arrived twice at once: the other one is stored now
        known = find_posted(by, [client_id]).get(client_id)
        if known is None:
            raise
        return _same_words(known, body, attachments)


def subject_from(body: str) -> str:
    """The first line, cut between words where it is too long for a subject."""
    line = clean_line(body.splitlines()[0] if body else "", SUBJECT_CHARS)
    if len(line) <= SUBJECT_FROM_BODY_CHARS:
        return line
    cut = line[:SUBJECT_FROM_BODY_CHARS]
    return (cut.rpartition(" ")[0] or cut) + " …"


def _same_words(known: Message, body: str, attachments: tuple[str, ...]) -> Ticket:
    is_other = known.body != body and not known.is_amended
    if is_other or {str(file.pk) for file in known.attachments.all()} != file_ids(attachments):
        raise ValidationError(_("This id was used for another message."), code="conflict")
    return known.ticket
