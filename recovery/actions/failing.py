"""What went wrong is noted, and what it took the customer is marked: by our people, on the ticket."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from recovery.models import Failure, HassleMark, Kind, Offer, Part, Severity
from recovery.money import MAX_DIGITS, is_exact
from tickets.actions._rules import Actor, clean_line, lock, require
from tickets.actions.trashing import refuse_in_trash
from tickets.events import record
from tickets.models import Message, Ticket

NOTE_CHARS = 500
MARKED = (Part.ASKED_TWICE, Part.TRIP)
_TOLD = ("kind", "severity", "is_our_fault", "was_kept", "currency", "value", "loss", "note")


@transaction.atomic
def note_failure(
    ticket: Ticket,
    *,
    by: Actor,
    kind: str,
    severity: int,
    currency: str,
    value: Decimal,
    loss: Decimal,
    is_our_fault: bool | None = None,
    was_kept: bool = True,
    note: str = "",
    at: datetime | None = None,
) -> Failure:
    """Say what went wrong on a ticket, or say it better. `is_our_fault` None: nobody has answered that yet.

    Records `failure.noted`, or `failure.changed` with what changed; saying the same again changes nothing.
    Errors: PermissionDenied; ValidationError code `invalid` (an unknown kind, an amount that the currency has no coins
    for, a loss beyond the value), `trashed`, or `closed` (the ticket is merged into another).
    """
    ticket = lock(ticket)
    require(by, "recovery.work")
    _check_ticket(ticket)
    known = Failure.objects.select_for_update(of=("self",)).filter(ticket=ticket).first()
    now = at or timezone.now()
    failure = known or Failure(ticket=ticket, noted_at=now, by=by if isinstance(by, User) else None)
    before = _told(failure) if known else None
    failure.kind, failure.severity, failure.currency = _kind(kind), _severity(severity), currency
    failure.value, failure.loss = _amount(value, currency), _amount(loss, currency)
    failure.is_our_fault, failure.was_kept, failure.note = is_our_fault, was_kept, clean_line(note, NOTE_CHARS)
    if failure.loss > failure.value:
        raise ValidationError({"loss": ValidationError(_("That is more than what was at stake."), code="invalid")})
    if known is not None and _told(failure) == before:
        return known
    failure.changed_at = now
    failure.full_clean(validate_unique=False)
    failure.save()
    record(ticket, "failure.changed" if known else "failure.noted", by=by, at=at, data=_told(failure))
    return failure


@transaction.atomic
def withdraw_failure(ticket: Ticket, *, by: Actor, at: datetime | None = None) -> bool:
    """Say that nothing went wrong after all; whether anything was noted. Records `failure.withdrawn`.

    Errors: PermissionDenied; ValidationError code `trashed`, or `conflict` while an offer that was made for it stands.
    """
    ticket = lock(ticket)
    require(by, "recovery.work")
    refuse_in_trash(ticket)
    failure = Failure.objects.select_for_update(of=("self",)).filter(ticket=ticket).first()
    if failure is None:
        return False
    if Offer.objects.live().filter(case__ticket=ticket).exists():
        raise ValidationError(_("An offer stands for it. Withdraw that first."), code="conflict")
    told = _told(failure)
    failure.delete()
    record(ticket, "failure.withdrawn", by=by, at=at, data=told)
    return True


@transaction.atomic
def mark_hassle(message: Message, *, by: User, part: str, at: datetime | None = None) -> HassleMark:
    """Say that a message shows a trip for nothing, or that they were asked the same twice. Marking twice is harmless.

    Records `hassle.marked`. Errors: PermissionDenied; ValidationError code `invalid` (no such part) or `trashed`.
    """
    ticket = lock(message.ticket)
    require(by, "recovery.work")
    refuse_in_trash(ticket)
    found, is_new = HassleMark.objects.get_or_create(
        message=message,
        part=_part(part),
        defaults={"ticket": ticket, "by": by, "at": at or timezone.now()},
    )
    if is_new:
        record(ticket, "hassle.marked", by=by, at=at, data={"part": found.part, "message": message.pk})
    return found


@transaction.atomic
def unmark_hassle(message: Message, *, by: User, part: str, at: datetime | None = None) -> bool:
    """Take a mark back; whether there was one. Records `hassle.unmarked`. Errors as in `mark_hassle`."""
    ticket = lock(message.ticket)
    require(by, "recovery.work")
    refuse_in_trash(ticket)
    gone, _rows = HassleMark.objects.filter(message=message, part=_part(part)).delete()
    if gone:
        record(ticket, "hassle.unmarked", by=by, at=at, data={"part": part, "message": message.pk})
    return bool(gone)


def _check_ticket(ticket: Ticket) -> None:
    refuse_in_trash(ticket)
    if ticket.merged_into_id is not None:
        words = _("Ticket %(number)s goes on for this one.")
        raise ValidationError(words % {"number": ticket.merged_into_id}, code="closed")


def _told(failure: Failure) -> dict[str, Any]:
    """The failure as an event keeps it. Amounts are text: JSON knows no decimals."""
    told = {name: getattr(failure, name) for name in _TOLD}
    return told | {name: str(told[name].normalize()) for name in ("value", "loss")}


def _kind(kind: str) -> str:
    if kind not in Kind.values:
        raise ValidationError(_("There is no such kind of failure."), code="invalid")
    return str(kind)


def _severity(severity: int) -> int:
    if severity not in Severity.values:
        raise ValidationError(_("How bad it was goes from 1 to 5."), code="invalid")
    return int(severity)


def _part(part: str) -> str:
    if part not in MARKED:
        raise ValidationError(_("There is no such mark."), code="invalid")
    return str(part)


def _amount(amount: Decimal, currency: str) -> Decimal:
    """An amount that can be paid. Errors: ValidationError code `invalid`."""
    if not amount.is_finite() or amount < 0 or amount.adjusted() >= MAX_DIGITS - 4 or not is_exact(amount, currency):
        raise ValidationError(
            _("%(amount)s is no amount of %(currency)s.") % {"amount": amount, "currency": currency}, code="invalid"
        )
    return amount
