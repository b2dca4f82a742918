"""After which conversations one of us is offered a pause."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.models import Breather, User
from tickets.models import Event, Ticket

LATELY = timedelta(minutes=30)
BAD_RATING = 2
MANY_EVENTS = 40  # on a ticket that is solved at last


def was_hard(ticket: Ticket, events: Iterable[Event], viewer: User, now: datetime) -> bool:
    """Whether something hard just happened to this person here, and they have had no pause since.

    Abusive words that they noted, a bad rating of a ticket that is theirs, or a long one that they have just solved.
    Reads only the events that the page shows anyhow, and asks for pauses only if there was something.
    """
    if viewer.is_on_breather(now):
        return False
    hard = [event.at for event in events if event.at > now - LATELY and _is_hard(event, ticket, viewer)]
    return bool(hard) and not Breather.objects.filter(user=viewer, began_at__gte=max(hard)).exists()


def _is_hard(event: Event, ticket: Ticket, viewer: User) -> bool:
    if event.type == "abuse.marked":
        return event.by_user_id == viewer.pk
    if event.type == "rating.given":
        return ticket.assignee_id == viewer.pk and event.data.get("score", 5) <= BAD_RATING
    if event.type == "ticket.resolved":
        return event.by_user_id == viewer.pk and event.seq > MANY_EVENTS
    return False
