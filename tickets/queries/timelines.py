"""What happened on a ticket, as one reads it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, Q

from accounts.models import User
from tickets.models import Attachment, Event, EventQuerySet, Ticket

PAGE_SIZE = 200
# Written down and told to open pages, but nothing to read: what a checklist holds is seen in the list itself.
UNSEEN = ["checklist.changed"]


@dataclass(frozen=True)
class Timeline:
    """Events, oldest first. `earlier` is the key of the event before which there are more, or None."""

    events: list[Event]
    earlier: int | None


def timeline(ticket: Ticket, viewer: User, *, before: int | None = None, has_merged: bool = True) -> Timeline:
    """The newest events that the viewer may see, with those of the tickets that were merged into this one.

    `before` is the key of an event: then it is the newest of those before it. Two queries with the files; one more, and
    one for each step of merging, unless it is known that none was merged.
    """
    family = [ticket.pk]
    if has_merged:
        family += Ticket.objects.visible_to(viewer).merged_into(ticket)
    events = _seen_by(viewer, ticket).filter(ticket__in=family).exclude(type__in=UNSEEN)
    if before is not None:
        events = _before(events, before)
    files = Prefetch("message__attachments", Attachment.objects.all(), to_attr="files")
    events = events.select_related("message", "by_user").prefetch_related(files)
    # Of one ticket, seq is the order of what happened, and an index has it; of several, it is the time.
    order = ["-seq"] if len(family) == 1 else ["-at", "-pk"]
    newest = list(events.order_by(*order)[: PAGE_SIZE + 1])
    shown = newest[:PAGE_SIZE][::-1]
    for event in shown:
        _share_people(event, ticket)
    return Timeline(shown, shown[0].pk if len(newest) > PAGE_SIZE else None)


def _seen_by(viewer: User, ticket: Ticket) -> EventQuerySet:
    """The events that the viewer may see; what is in the trash is read there, too, but nowhere else."""
    seen = Event.objects.visible_to(viewer)
    if ticket.trashed_at is None:
        return seen
    return seen | Event.objects.filter(ticket__in=Ticket.objects.trash_of(viewer))


def _before(events: EventQuerySet, key: int) -> EventQuerySet:
    """What happened before one of these events; all of them if it is none of these."""
    first = events.filter(pk=key).first()
    if first is None:
        return events
    return events.filter(
        Q(ticket=first.ticket_id, seq__lt=first.seq)
        | ~Q(ticket=first.ticket_id) & (Q(at__lt=first.at) | Q(at=first.at, pk__lt=first.pk))
    )


def _share_people(event: Event, ticket: Ticket) -> None:
    """Let an event and its message know their people without asking for each one again."""
    if event.by_customer_id == ticket.customer_id:
        event.by_customer = ticket.customer
    if event.message is not None:
        event.message.by_user = event.by_user
        event.message.by_customer = event.by_customer
