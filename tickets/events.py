"""Record an event under the ticket's lock, and ring for it once it is committed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.bells import STAFF_GROUP, customer_group, ring
from accounts.models import User
from customers.models import Customer
from outbox.tasks import hand_over
from tickets.models import Event, Message, Ticket

Span = tuple[int, int]  # the first and the last seq of what happened to a ticket in one transaction
SEQ_FIELDS = ["last_seq", "public_last_seq", "updated_at"]


def authored(by: User | Customer | None) -> dict[str, Any]:
    """The author columns for whoever acts; nobody means the system."""
    return {
        "by_user": by if isinstance(by, User) else None,
        "by_customer": by if isinstance(by, Customer) else None,
    }


def next_event(
    ticket: Ticket,
    type: str,  # noqa: A002  (the field's name)
    *,
    by: User | Customer | None,
    at: datetime | None,
    is_public: bool = False,
    message: Message | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """The ticket's next event, unsaved, with the ticket's counters moved. Its row must be locked."""
    now = at or timezone.now()
    ticket.last_seq += 1
    event = Event(
        ticket=ticket,
        seq=ticket.last_seq,
        public_prev=ticket.public_last_seq,
        type=type,
        is_public=is_public,
        message=message,
        data=data or {},
        at=now,
        **authored(by),
    )
    if is_public:
        ticket.public_last_seq = ticket.last_seq
    ticket.updated_at = now
    return event


def record(
    ticket: Ticket,
    type: str,  # noqa: A002
    *,
    by: User | Customer | None,
    at: datetime | None = None,
    changed: Iterable[str] = (),
    is_public: bool = False,
    message: Message | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Save what an action changed on the locked ticket together with the event that says so."""
    event = next_event(ticket, type, by=by, at=at, is_public=is_public, message=message, data=data)
    event.save()
    ticket.save(update_fields=[*changed, *SEQ_FIELDS])
    if at is None:
        announce([event])
    return event


def announce(events: list[Event]) -> None:
    """Ring for events once they are committed. What rings carries no words: whoever hears it reads for itself."""
    if not events:
        return
    spans: dict[int, dict[str, Span]] = {}  # customer -> by ticket
    for event in events:
        span = spans.setdefault(event.ticket.customer_id, {}).setdefault(str(event.ticket_id), (event.seq, event.seq))
        spans[event.ticket.customer_id][str(event.ticket_id)] = (min(span[0], event.seq), max(span[1], event.seq))
    ids = [event.pk for event in events]
    transaction.on_commit(lambda: _ring(spans), robust=True)
    if settings.EVENT_SUBSCRIBERS:
        transaction.on_commit(lambda: _tell_subscribers(ids), robust=True)


def _ring(spans: dict[int, dict[str, Span]]) -> None:
    """One bell for everyone here, and one for each customer concerned."""
    bells = [(customer_group(pk), {"type": "bell", "spans": rung}) for pk, rung in spans.items()]
    everything = {number: span for rung in spans.values() for number, span in rung.items()}
    ring([*bells, (STAFF_GROUP, {"type": "bell", "spans": everything})])


def tell_sockets(user_ids: Iterable[int]) -> None:
    """After commit, let the workspaces of these people look at what they were told."""
    people = sorted(user_ids)
    transaction.on_commit(lambda: ring([(STAFF_GROUP, {"type": "told", "users": people})]), robust=True)


def _tell_subscribers(event_ids: list[int]) -> None:
    """One nudge for all that was committed together: under load that is a hundred messages."""
    for path in settings.EVENT_SUBSCRIBERS:
        nudge(path, event_ids)


def nudge(path: str, *args: Any) -> None:
    """Ask a worker to run the task at this dotted path now rather than at the next tick."""
    send = current_app.send_task
    hand_over(lambda: send(path, list(args)))
