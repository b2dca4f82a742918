"""What happened on a ticket, as one reads it."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from tickets.models import Event, Ticket

PAGE_SIZE = 200


@dataclass(frozen=True)
class Timeline:
    """Events, oldest first. `earlier` is the seq before which there are more, or None."""

    events: list[Event]
    earlier: int | None


def timeline(ticket: Ticket, viewer: User, *, before: int | None = None) -> Timeline:
    """The newest events that the viewer may see, or the newest of those before a seq; two queries with the files."""
    events = Event.objects.visible_to(viewer).filter(ticket=ticket)
    if before is not None:
        events = events.filter(seq__lt=before)
    events = events.select_related("message", "by_user").prefetch_related("message__attachments")
    newest = list(events.order_by("-seq")[: PAGE_SIZE + 1])
    shown = newest[:PAGE_SIZE][::-1]
    for event in shown:
        _share_people(event, ticket)
    return Timeline(shown, shown[0].seq if len(newest) > PAGE_SIZE else None)


def _share_people(event: Event, ticket: Ticket) -> None:
    """Let an event and its message know their people without asking for each one again."""
    if event.by_customer_id == ticket.customer_id:
        event.by_customer = ticket.customer
    if event.message is not None:
        event.message.by_user = event.by_user
        event.message.by_customer = event.by_customer
