"""What was counted as hassle from the log, and was none."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Desk, User
from recovery.models import HassleDismissal, Policy
from recovery.queries.hassle import hassle_of
from tickets.actions._rules import clean_line, lock, require
from tickets.actions.trashing import refuse_in_trash
from tickets.events import record
from tickets.models import Event, Ticket

REASON_CHARS = 200


@transaction.atomic
def dismiss_hassle(event: Event, *, by: User, part: str, reason: str, at: datetime | None = None) -> HassleDismissal:
    """Say that what is counted at this event did not happen, or was no trouble. To dismiss it twice is harmless.

    Records `hassle.dismissed`. Errors: PermissionDenied; ValidationError code `required` (no reason), `invalid` (it is
    not counted there; what was marked by hand is taken back instead) or `trashed`.
    """
    ticket = lock(event.ticket)
    require(by, "recovery.work")
    refuse_in_trash(ticket)
    known = HassleDismissal.objects.filter(event=event, part=part).first()
    if known is not None:
        return known
    why = clean_line(reason, REASON_CHARS)
    if not why:
        raise ValidationError(_("Say in a few words why it does not count."), code="required")
    now = at or timezone.now()
    if not _is_counted(ticket, event, part, now=now):
        raise ValidationError(_("Nothing of this kind is counted there."), code="invalid")
    found = HassleDismissal.objects.create(ticket=ticket, event=event, part=part, reason=why, by=by, at=now)
    record(ticket, "hassle.dismissed", by=by, at=at, data={"part": part, "seq": event.seq, "reason": why})
    return found


@transaction.atomic
def restore_hassle(event: Event, *, by: User, part: str, at: datetime | None = None) -> bool:
    """Let it count again; whether it had been dismissed. Records `hassle.restored`. Errors: PermissionDenied;
    ValidationError code `trashed`."""
    ticket = lock(event.ticket)
    require(by, "recovery.work")
    refuse_in_trash(ticket)
    gone, _rows = HassleDismissal.objects.filter(event=event, part=part).delete()
    if gone:
        record(ticket, "hassle.restored", by=by, at=at, data={"part": part, "seq": event.seq})
    return bool(gone)


def _is_counted(ticket: Ticket, event: Event, part: str, *, now: datetime) -> bool:
    """Whether the hassle of the ticket's matter has this part at this event."""
    own = Desk.current().currency
    parts = hassle_of(ticket, now=now, policy=Policy.current(), currency=own, rate=Decimal(1))
    return any(one.event_id == event.pk for found in parts if found.part == part for one in found.evidence)
