"""Others get copies of our answers by mail, and nothing else."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from customers.actions import find_by_email
from tickets.actions._rules import lock, require
from tickets.actions.addressing import check_people, clean_person, use_up
from tickets.actions.trashing import refuse_in_trash
from tickets.events import record
from tickets.models import Copied, Ticket

MOST_COPIED = 20


@transaction.atomic
def add_copied(ticket: Ticket, *, by: User, email: str, name: str = "", at: datetime | None = None) -> Copied:
    """From now on this address gets our answers, too. Adding it again changes nothing.

    Errors: PermissionDenied; ValidationError with code `invalid_email`, `undeliverable`, `too_many`, `rate_limited`,
    or `invalid` (it is the customer's own).
    """
    ticket = lock(ticket)
    refuse_in_trash(ticket)
    require(by, "tickets.open")  # it is to write to somebody of one's own accord
    person = clean_person(name, email)
    current = {one.email.lower(): one for one in ticket.copied.current()}
    if person.email in current:
        return current[person.email]
    if ticket.customer.addresses.filter(email__iexact=person.email).exists():
        raise ValidationError(_("That is the customer. They get every answer anyway."), code="invalid")
    check_people([person])
    if len(current) >= MOST_COPIED:
        raise ValidationError(_("%(count)s copies at most.") % {"count": MOST_COPIED}, code="too_many")
    use_up([person], by=by)
    person = person._replace(name=person.name or _name_of(person.email))
    copied = Copied.objects.create(
        ticket=ticket, email=person.email, name=person.name, by_user=by, mailed_seq=ticket.last_seq
    )
    record(ticket, "copy.added", by=by, at=at, data={"email": person.email, "name": person.name})
    return copied


@transaction.atomic
def remove_copied(copied: Copied, *, by: User, at: datetime | None = None) -> Copied:
    """They get no more answers. Removing them again changes nothing. Errors: PermissionDenied."""
    ticket = lock(copied.ticket)
    require(by, "tickets.open")
    copied = Copied.objects.select_for_update(of=("self",)).get(pk=copied.pk)
    if copied.removed_at is None:
        copied.removed_at = at or timezone.now()
        copied.save(update_fields=["removed_at"])
        record(ticket, "copy.removed", by=by, at=at, data={"email": copied.email, "name": copied.name})
    return copied


def _name_of(email: str) -> str:
    known = find_by_email(email)
    return known.name if known else ""
