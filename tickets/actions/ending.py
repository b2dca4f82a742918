"""A customer leaves the chat. That says nothing about whether their matter is solved."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tickets.actions._rules import Actor, lock, require
from tickets.events import record
from tickets.models import Event, Ticket


@transaction.atomic
def end_chat(ticket: Ticket, *, by: Actor, at: datetime | None = None) -> Event | None:
    """Record `chat.ended`; None if that was the last thing that happened anyway. Errors: PermissionDenied."""
    ticket = lock(ticket)
    require(by, "tickets.reply", ticket)
    last = ticket.events.filter(seq=ticket.public_last_seq).first()
    if last is not None and last.type == "chat.ended":
        return None
    return record(ticket, "chat.ended", by=by, at=at, is_public=True)
