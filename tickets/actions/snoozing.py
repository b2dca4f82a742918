"""A ticket sleeps until a time, or until its customer writes; then it is among the others again."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.actions._rules import Actor, lock, require, undo_data
from tickets.actions.reading import set_back
from tickets.events import record
from tickets.models import Ticket
from tickets.models.ticket import SNOOZE_FIELDS
from tickets.queries.people import who_snoozed
from tickets.when import LONGEST


@transaction.atomic
def snooze_ticket(
    ticket: Ticket, *, by: Actor, until: datetime | None, at: datetime | None = None, is_undo: bool = False
) -> Ticket:
    """Take a ticket out of the lists until then or, with None, until its customer writes, which always wakes it.

    Records `ticket.snoozed`. Snoozing it anew moves the time. Errors: PermissionDenied; ValidationError code
    `invalid` for a solved ticket and for a time that has passed or is more than two years away.
    """
    ticket = lock(ticket)
    require(by, "tickets.set_status")
    now = at or timezone.now()
    if ticket.is_solved:
        raise ValidationError(_("This ticket is solved. Reopen it first."), code="invalid")
    if until is not None and until <= now:
        raise ValidationError(_("That time has passed."), code="invalid")
    if until is not None and until > now + LONGEST:
        raise ValidationError(_("A ticket can be snoozed for two years at most."), code="invalid")
    if ticket.snoozed_at is not None and ticket.snoozed_until == until:
        return ticket
    ticket.snoozed_at, ticket.snoozed_until = now, until
    data = {"until": until.isoformat() if until else None} | undo_data(is_undo)
    record(ticket, "ticket.snoozed", by=by, at=at, changed=SNOOZE_FIELDS, data=data)
    return ticket


@transaction.atomic
def wake_ticket(ticket: Ticket, *, by: Actor, at: datetime | None = None, is_undo: bool = False) -> Ticket:
    """Put a snoozed ticket back into the lists. The system does so only once its time has come, and then it is
    unread for whoever has it, or snoozed it. Records `ticket.woken`, once. Errors: PermissionDenied.
    """
    ticket = lock(ticket)
    require(by, "tickets.set_status")
    if ticket.snoozed_at is None or (by is None and not _is_due(ticket, at or timezone.now())):
        return ticket
    reader = None if by else ticket.assignee or who_snoozed(ticket)
    ticket.wake()
    data = {"reason": "by hand" if by else "time"} | undo_data(is_undo)
    record(ticket, "ticket.woken", by=by, at=at, changed=SNOOZE_FIELDS, data=data)
    if reader is not None:
        set_back(ticket, reader)
    return ticket


def _is_due(ticket: Ticket, now: datetime) -> bool:
    return ticket.trashed_at is None and ticket.snoozed_until is not None and ticket.snoozed_until <= now
