"""Someone has read up to somewhere."""

from __future__ import annotations

from django.db import connection
from django.db.models import Max, Q
from django.utils import timezone

from accounts.models import User
from customers.models import Customer
from tickets.actions._rules import require
from tickets.events import tell_sockets
from tickets.models import Event, ReadMark, Ticket

_UPSERT = """
    INSERT INTO tickets_readmark AS r (ticket_id, customer_id, seq, at)
    SELECT number, %s, LEAST(%s, last_seq), %s FROM tickets_ticket WHERE number = %s
    ON CONFLICT (ticket_id, customer_id) DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE r.seq < excluded.seq
"""


# What somebody was told of a ticket, and of those that go on as it, they know once they have read it.
_UPSERT_AND_READ = """
    WITH told AS (
        UPDATE tickets_notification AS n SET read_at = %(now)s, push_due_at = NULL, mail_due_at = NULL
        FROM tickets_event AS e
        WHERE n.user_id = %(user)s AND n.read_at IS NULL AND e.id = n.event_id AND (
            (n.ticket_id = %(ticket)s AND e.seq <= %(seq)s)
            OR n.ticket_id IN (SELECT number FROM tickets_ticket WHERE merged_into_id = %(ticket)s)
        )
        RETURNING 1
    ), mark AS (
        INSERT INTO tickets_readmark AS r (ticket_id, user_id, seq, at)
        SELECT number, %(user)s, LEAST(%(seq)s, last_seq), %(now)s FROM tickets_ticket WHERE number = %(ticket)s
        ON CONFLICT (ticket_id, user_id) DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE r.seq < excluded.seq
        RETURNING 1
    )
    SELECT (SELECT COUNT(*) FROM mark), (SELECT COUNT(*) FROM told)
"""


def mark_seen(ticket: Ticket, *, by: User | Customer, seq: int) -> bool:
    """Note that `by` has read the ticket up to `seq`; True if that is news. Never moves back, never past the end."""
    now = timezone.now()
    with connection.cursor() as cursor:
        if not isinstance(by, User):
            cursor.execute(_UPSERT, [by.pk, seq, now, ticket.pk])
            return cursor.rowcount > 0
        cursor.execute(_UPSERT_AND_READ, {"user": by.pk, "ticket": ticket.pk, "seq": seq, "now": now})
        marked, told = cursor.fetchone()
    if told:
        tell_sockets([by.pk])
    return bool(marked)


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
