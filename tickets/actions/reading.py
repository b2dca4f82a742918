"""Someone has read up to somewhere."""

from __future__ import annotations

from django.db import connection
from django.db.models import Max, Q
from django.utils import timezone

from accounts.models import User
from customers.models import Customer
from tickets.actions._rules import require
from tickets.models import Event, ReadMark, Ticket

_UPSERT = """
    INSERT INTO tickets_readmark AS r (ticket_id, {column}, seq, at)
    SELECT number, %s, LEAST(%s, last_seq), %s FROM tickets_ticket WHERE number = %s
    ON CONFLICT (ticket_id, {column}) DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE r.seq < excluded.seq
"""


def mark_seen(ticket: Ticket, *, by: User | Customer, seq: int) -> bool:
    """Note that `by` has read the ticket up to `seq`; True if that is news. Never moves back, never past the end."""
    column = "user_id" if isinstance(by, User) else "customer_id"
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT.format(column=column), [by.pk, seq, timezone.now(), ticket.pk])
        return cursor.rowcount > 0


def mark_unread(ticket: Ticket, *, by: User) -> bool:
    """Make a ticket unread again for one person, until they open it anew; True if it was read.

    It concerns nobody else, so nothing is recorded. Errors: PermissionDenied.
    """
    require(by, "tickets.view")
    return set_back(ticket, by)


def set_back(ticket: Ticket, user: User) -> bool:
    """The last public message counts as not read by them; True if that is news."""
    public = Event.objects.filter(ticket=ticket, is_public=True)
    seqs = public.aggregate(end=Max("seq"), said=Max("seq", filter=Q(message__isnull=False)))
    last = seqs["said"] or seqs["end"]
    if last is None:  # nothing that could be unread
        return False
    mine = ReadMark.objects.filter(ticket=ticket, user=user, seq__gte=last)
    return mine.update(seq=last - 1, at=timezone.now()) > 0
