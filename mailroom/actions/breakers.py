"""Breakers: who writes more than a person could gets nothing automatic any more, and our people are told."""

from __future__ import annotations

import hashlib

from accounts.limits import allow
from tickets.actions import flag_sender
from tickets.models import Ticket

HOUR = 3600
MOST_TICKETS = 5  # that one address begins in an hour
MOST_REPLIES = 90


def is_calm(ticket: Ticket, email: str, *, is_new: bool) -> bool:
    """Count a mail of this address; False if there were too many within the hour, which the ticket says once."""
    key = hashlib.sha256(email.lower().encode()).hexdigest()[:40]
    what, most = ("tickets", MOST_TICKETS) if is_new else ("replies", MOST_REPLIES)
    if allow(f"mail-{what}:{key}", limit=most, seconds=HOUR):
        return True
    if allow(f"mail-{what}-told:{key}", limit=1, seconds=HOUR):
        flag_sender(ticket, by=None, email=email, what=what, most=most)
    return False
