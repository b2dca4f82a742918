"""A ticket is put into the trash, where it counts nowhere and nothing happens to it, and taken out as it was."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.actions._rules import Actor, lock, require, undo_data
from tickets.events import next_event, record
from tickets.models import Event, Ticket

_BY_ITSELF = {"reason": "replied"}


@transaction.atomic
def trash_ticket(
    ticket: Ticket, *, by: Actor, since: datetime | None = None, at: datetime | None = None, is_undo: bool = False
) -> Ticket:
    """Put a ticket into the trash. Nothing else of it changes, and nothing is ever deleted by itself.

    `since` is when it came there, if it was there before (undo). Records `ticket.trashed`. Errors: PermissionDenied;
    ValidationError code `invalid` for one that is merged into another: its words stand there.
    """
    ticket = lock(ticket)
    require(by, "tickets.trash")
    if ticket.trashed_at is not None:
        return ticket
    if ticket.merged_into_id is not None:
        words = _("It is a part of ticket %(number)s now. Undo the merge first.")
        raise ValidationError(words % {"number": ticket.merged_into_id}, code="invalid")
    ticket.trashed_at = since or at or timezone.now()
    record(ticket, "ticket.trashed", by=by, at=at, changed=["trashed_at"], data=undo_data(is_undo))
    return ticket


@transaction.atomic
def restore_ticket(ticket: Ticket, *, by: Actor, at: datetime | None = None, is_undo: bool = False) -> Ticket:
    """Take a ticket out of the trash, as it was. Records `ticket.restored`. Errors: PermissionDenied."""
    ticket = lock(ticket)
    require(by, "tickets.trash")
    if ticket.trashed_at is None:
        return ticket
    ticket.trashed_at = None
    record(ticket, "ticket.restored", by=by, at=at, changed=["trashed_at"], data=undo_data(is_undo))
    return ticket


def bring_back(ticket: Ticket, *, by: Actor, at: datetime | None) -> list[Event]:
    """What its customer writes brings a ticket back by itself. It must be locked; its events, and it, are unsaved."""
    if ticket.trashed_at is None:
        return []
    ticket.trashed_at = None
    return [next_event(ticket, "ticket.restored", by=by, at=at, data=_BY_ITSELF)]


def restore_for(ticket: Ticket, *, by: Actor, at: datetime | None) -> None:
    """As `bring_back`, for what else a customer does on a locked ticket; saved and recorded."""
    if ticket.trashed_at is not None:
        ticket.trashed_at = None
        record(ticket, "ticket.restored", by=by, at=at, changed=["trashed_at"], data=_BY_ITSELF)


def refuse_in_trash(*tickets: Ticket) -> None:
    """Errors: ValidationError code `trashed` if one of these is in the trash, where only restoring is done to it."""
    for ticket in tickets:
        if ticket.trashed_at is not None:
            raise ValidationError(
                _("Ticket %(number)s is in the trash. Restore it first.") % {"number": ticket.pk}, code="trashed"
            )
