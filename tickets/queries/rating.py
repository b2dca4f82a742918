"""Which ticket a link from a mail lets its customer rate."""

from __future__ import annotations

from tickets.models import Ticket
from tickets.tokens import rated_reference


def ticket_to_rate(token: str) -> Ticket | None:
    """The ticket that the link was made for, with its customer and rating; None if the link is none of ours, or old."""
    reference = rated_reference(token)
    if reference is None:
        return None
    return Ticket.objects.filter(reference=reference).select_related("customer", "site", "rating").first()
