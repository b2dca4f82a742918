"""That somebody was insulted: said by whoever read it, so that they are looked after."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from tickets.actions._rules import lock, require
from tickets.events import record
from tickets.models import Event, Ticket


@transaction.atomic
def mark_abuse(ticket: Ticket, *, by: User, at: datetime | None = None) -> Event | None:
    """Note that what the customer said last was abusive; None if that is noted already. Customers never see it.

    Errors: PermissionDenied.
    """
    ticket = lock(ticket)
    require(by, "tickets.note")
    said = Event.objects.filter(ticket=ticket, type="message.posted", by_customer__isnull=False).order_by("-seq")
    last = said.values_list("seq", flat=True).first() or 0
    if Event.objects.filter(ticket=ticket, type="abuse.marked", seq__gt=last).exists():
        return None
    return record(ticket, "abuse.marked", by=by, at=at)
