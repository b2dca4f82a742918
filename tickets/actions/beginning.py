"""A ticket's row and its first event, before anything is said on it."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from accounts.models import Site, Team
from customers.models import Customer
from tickets.actions._rules import Actor
from tickets.events import record
from tickets.models import Priority, Ticket


def begin_ticket(
    customer: Customer,
    *,
    by: Actor,
    subject: str,
    channel: str,
    site: Site | None = None,
    team: Team | None = None,
    priority: int = Priority.NORMAL,
    continues: Ticket | None = None,
    split_from: Ticket | None = None,
    waits_since: datetime | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Insert a ticket and record `ticket.opened`; the caller has checked everything and adds the first message.

    Of one that is split off the customer learns nothing yet: nobody has said anything on it. The log says
    since when they wait there (`waits_since`), if they do.
    """
    now = at or timezone.now()
    ticket = Ticket.objects.create(
        subject=subject,
        channel=channel,
        priority=priority,
        customer=customer,
        site=site,
        team=team or (site.team if site else None),
        continues=continues,
        created_at=now,
        updated_at=now,
    )
    data = {"channel": channel} | ({"continues": continues.number} if continues else {})
    if split_from is not None:
        data["split_from"] = split_from.number
    if waits_since is not None:
        data["waits_since"] = waits_since.isoformat()
    record(ticket, "ticket.opened", by=by, at=at, is_public=split_from is None, data=data)
    return ticket
