"""What a customer does in a chat besides writing: leaves an address, leaves the chat."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tickets.actions._rules import Actor, lock, require
from tickets.events import record
from tickets.models import Event, Ticket


@transaction.atomic
def end_chat(ticket: Ticket, *, by: Actor, at: datetime | None = None) -> Event | None:
    """Record `chat.ended`; None if that was the last thing that happened anyway. Errors: PermissionDenied.

    It says nothing about whether the matter is solved.
    """
    ticket = lock(ticket)
    require(by, "tickets.reply", ticket)
    last = ticket.events.filter(seq=ticket.public_last_seq).first()
    if last is not None and last.type == "chat.ended":
        return None
    return record(ticket, "chat.ended", by=by, at=at, is_public=True)


@transaction.atomic
def tell_of_address(ticket: Ticket, *, by: Actor, at: datetime | None = None) -> Event:
    """Record `address.left`: the customer said where answers reach them by mail. Errors: PermissionDenied.

    The address itself stays with the customer, not in the log, which is never rewritten.
    """
    ticket = lock(ticket)
    require(by, "tickets.reply", ticket)
    return record(ticket, "address.left", by=by, at=at)
