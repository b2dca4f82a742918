"""Somebody wants to hear of whatever happens on a ticket, or no longer. It is their own affair: nothing is recorded."""

from __future__ import annotations

from accounts.models import User
from tickets.actions._rules import require
from tickets.models import Follow, Ticket


def follow_ticket(ticket: Ticket, *, by: User) -> bool:
    """Hear of what happens on it from now on; True if that is news. It gives no right. Errors: PermissionDenied."""
    require(by, "tickets.view")
    return Follow.objects.get_or_create(ticket=ticket, user=by)[1]


def unfollow_ticket(ticket: Ticket, *, by: User) -> bool:
    """Hear no more of it than concerns one anyway; True if that is news."""
    return Follow.objects.filter(ticket=ticket, user=by).delete()[0] > 0
