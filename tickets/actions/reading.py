"""Someone has read up to somewhere."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from accounts.models import User
from customers.models import Customer
from tickets.models import Ticket

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
