"""What happened on a ticket, as one reads it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from django.db.models import Prefetch, Q

from accounts.models import User
from tickets.models import Attachment, Event, EventQuerySet, Ticket
from tickets.queries.prepared import KINDS, Kind, Prepared, keys_of, slot

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
    merged = Ticket.objects.visible_to(viewer).merged_into(ticket) if has_merged else []
    if merged or before is not None or ticket.trashed_at is not None:
        files = Prefetch("message__attachments", Attachment.objects.all(), to_attr="files")
        seen = _newest(_seen_by(viewer, ticket), [ticket.pk, *merged], before)
        newest = list(seen.prefetch_related(files))
    else:
        newest = _prepared(Kind.of(viewer)).rows(keys_of(viewer, ticket.pk))
        _know_files(newest)
    shown = newest[:PAGE_SIZE][::-1]
    for event in shown:
        _share_people(event, ticket)
    return Timeline(shown, shown[0].pk if len(newest) > PAGE_SIZE else None)


@lru_cache(KINDS)
def _prepared(kind: Kind) -> Prepared[Event]:
    return Prepared(_newest(Event.objects.visible_to(kind.stand_in()), [slot(kind.next_slot)], None))


def _know_files(events: list[Event]) -> None:
    """Give each message of a ticket its `files`, as prefetching would, for a third of the work."""
    messages = {event.message.pk: event.message for event in events if event.message}
    for message in messages.values():
        message.files = []  # type: ignore[attr-defined]  # for the page
    if messages:
        keys = {slot(0): events[0].ticket_id, slot(1): min(messages), slot(2): max(messages)}
        for file in _prepared_files().rows(keys):
            if file.message_id in messages:
                messages[file.message_id].files.append(file)  # type: ignore[attr-defined]


@cache
def _prepared_files() -> Prepared[Attachment]:
    between = {"message__gte": slot(1), "message__lte": slot(2)}
    return Prepared(Attachment.objects.filter(message__ticket=slot(0), **between))


def _newest(seen: EventQuerySet, family: list[int], before: int | None) -> EventQuerySet:
    """A page of what happened on these tickets, the newest first, and one more; without files."""
    events = seen.filter(ticket__in=family).exclude(type__in=UNSEEN)
    if before is not None:
        events = _before(events, before)
    events = events.select_related("message__letter", "by_user")
    # Of one ticket, seq is the order of what happened, and an index has it; of several, it is the time.
    order = ["-seq"] if len(family) == 1 else ["-at", "-pk"]
    return events.order_by(*order)[: PAGE_SIZE + 1]


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
