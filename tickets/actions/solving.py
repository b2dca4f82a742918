"""A ticket is solved, with its cause named, or taken up again."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from tickets.actions._rules import Actor, clean_line, lock, require
from tickets.actions.following_up import cancel_follow_ups, schedule_follow_up
from tickets.events import record
from tickets.models import RootCause, Status, Ticket

NOTE_CHARS = 2000


@transaction.atomic
def resolve_ticket(
    ticket: Ticket, *, by: Actor, root_cause: RootCause | None, note: str = "", at: datetime | None = None
) -> Ticket:
    """Solve a ticket. `root_cause=None` is the explicit choice that there is no cause to name.

    The follow-up that asks whether all is well is scheduled with it. Errors: PermissionDenied;
    ValidationError code `closed` if it is solved already.
    """
    ticket = lock(ticket)
    require(by, "tickets.resolve")
    if ticket.is_solved:
        raise ValidationError("This ticket is solved already.", code="closed")
    now = at or timezone.now()
    changed = ticket.change_status(Status.SOLVED, at=now)
    ticket.root_cause = root_cause
    data = {"root_cause": root_cause.slug if root_cause else None, "cause": root_cause.name if root_cause else None}
    if note:
        data["note"] = clean_line(note, NOTE_CHARS)
    follow_up = schedule_follow_up(ticket, anchor_seq=ticket.last_seq + 1, now=now)
    if follow_up:
        data["follow_up_at"] = follow_up.due_at.isoformat()
    record(ticket, "ticket.resolved", by=by, at=at, changed=[*changed, "root_cause"], is_public=True, data=data)
    return ticket


@transaction.atomic
def reopen_ticket(ticket: Ticket, *, by: Actor, at: datetime | None = None) -> Ticket:
    """Take a solved ticket up again. Errors: PermissionDenied; ValidationError code `invalid` if it is not solved."""
    ticket = lock(ticket)
    require(by, "tickets.reopen")
    if not ticket.is_solved:
        raise ValidationError("This ticket is open.", code="invalid")
    changed = ticket.change_status(Status.OPEN, at=at or timezone.now())
    cancel_follow_ups(ticket, reason="reopened")
    record(ticket, "ticket.reopened", by=by, at=at, changed=changed, is_public=True)
    return ticket
