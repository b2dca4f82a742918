"""What must hold for every ticket, however it came to be: asked of the database, in one query each."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from outbox.models import Mail
from tickets.models import FollowUp

# Each query names the tickets that break the rule.
RULES = {
    "the seqs run 1, 2, 3 … up to last_seq": """
        SELECT number FROM tickets_ticket t LEFT JOIN tickets_event e ON e.ticket_id = t.number GROUP BY number
        HAVING count(e.id) <> t.last_seq OR max(e.seq) IS DISTINCT FROM t.last_seq OR min(e.seq) <> 1""",
    "public_prev is the public event before": """
        SELECT DISTINCT ticket_id FROM (
            SELECT ticket_id, public_prev, coalesce(max(seq) FILTER (WHERE is_public) OVER (
                PARTITION BY ticket_id ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
            FROM tickets_event) e WHERE public_prev <> before""",
    "public_last_seq is the last public event": """
        SELECT number FROM tickets_ticket t JOIN tickets_event e ON e.ticket_id = number AND is_public
        GROUP BY number HAVING max(seq) <> public_last_seq""",
    "time goes with seq": """
        SELECT DISTINCT ticket_id FROM (
            SELECT ticket_id, at, lag(at) OVER (PARTITION BY ticket_id ORDER BY seq) AS before FROM tickets_event) e
        WHERE at < before""",
    "it begins with ticket.opened": """
        SELECT number FROM tickets_ticket t WHERE NOT EXISTS (
            SELECT FROM tickets_event e WHERE ticket_id = number AND seq = 1 AND type = 'ticket.opened'
                AND at = t.created_at AND is_public)""",
    "updated_at is when the last thing happened": """
        SELECT number FROM tickets_ticket t JOIN tickets_event e ON ticket_id = number AND seq = last_seq
        WHERE e.at <> t.updated_at""",
    "every message has its event, by the same author, public if a reply": """
        SELECT m.ticket_id FROM tickets_message m LEFT JOIN tickets_event e ON e.message_id = m.id
        WHERE e.id IS NULL OR e.ticket_id <> m.ticket_id OR e.type <> 'message.posted'
            OR e.is_public <> (m.kind = 'reply') OR e.at <> m.created_at
            OR e.by_user_id IS DISTINCT FROM m.by_user_id OR e.by_customer_id IS DISTINCT FROM m.by_customer_id""",
    "customers write on their own tickets": """
        SELECT number FROM tickets_ticket t JOIN tickets_event e ON ticket_id = number
        WHERE by_customer_id <> t.customer_id""",
    "it waits since the first words that we have not answered": """
        SELECT number FROM tickets_ticket t WHERE waiting_since IS DISTINCT FROM (
            SELECT min(at) FROM tickets_event e WHERE ticket_id = number AND message_id IS NOT NULL
                AND by_customer_id IS NOT NULL AND seq > (
                    SELECT coalesce(max(seq), 0) FROM tickets_event a WHERE a.ticket_id = number AND (
                        type = 'ticket.resolved'
                        OR (message_id IS NOT NULL AND is_public AND by_user_id IS NOT NULL))))""",
    "the promise lies after the wait began": "SELECT number FROM tickets_ticket WHERE answer_due_at < waiting_since",
    "first_answered_at is our first reply to somebody": """
        SELECT number FROM tickets_ticket t WHERE first_answered_at IS DISTINCT FROM (
            SELECT min(at) FROM tickets_event WHERE ticket_id = number AND message_id IS NOT NULL AND is_public
                AND by_user_id IS NOT NULL AND public_prev > 1)""",
    "solved is what it was last resolved to": """
        SELECT number FROM tickets_ticket t LEFT JOIN LATERAL (
            SELECT type, at FROM tickets_event
            WHERE ticket_id = number AND type IN ('ticket.resolved', 'ticket.reopened')
            ORDER BY seq DESC LIMIT 1) e ON true
        WHERE (status = 'solved') <> coalesce(e.type = 'ticket.resolved', false)
            OR (status = 'solved' AND solved_at <> e.at)""",
    "the assignee is whom it was last given to": """
        SELECT number FROM tickets_ticket t LEFT JOIN LATERAL (
            SELECT data FROM tickets_event WHERE ticket_id = number AND type = 'ticket.assigned'
            ORDER BY seq DESC LIMIT 1) e ON true
        WHERE (e.data -> 'user' ->> 'id')::bigint IS DISTINCT FROM t.assignee_id""",
    "the preview begins the last public message": """
        SELECT number FROM tickets_ticket t JOIN LATERAL (
            SELECT body FROM tickets_message m JOIN tickets_event e ON e.message_id = m.id
            WHERE m.ticket_id = number AND kind = 'reply' ORDER BY seq DESC LIMIT 1) m ON true
        WHERE left(regexp_replace(m.body, '\\s+', ' ', 'g'), 20) <> left(preview, 20)""",
    "no old answer is owed by mail": """
        SELECT number FROM tickets_ticket t JOIN tickets_event e ON ticket_id = number
        WHERE message_id IS NOT NULL AND is_public AND by_user_id IS NOT NULL AND seq > mailed_seq""",
    "nothing happened in the future": "SELECT DISTINCT ticket_id FROM tickets_event WHERE at > now()",
    "nobody read further than the end": """
        SELECT number FROM tickets_ticket t JOIN tickets_readmark r ON r.ticket_id = number WHERE r.seq > last_seq""",
    "no customer but its own has read it, sent it a file or rated it": """
        SELECT number FROM tickets_ticket t JOIN tickets_readmark r ON r.ticket_id = number
        WHERE r.customer_id <> t.customer_id
        UNION SELECT number FROM tickets_ticket t JOIN tickets_message m ON m.ticket_id = number
        JOIN tickets_attachment a ON a.message_id = m.id WHERE a.by_customer_id <> t.customer_id
        UNION SELECT number FROM tickets_ticket t JOIN tickets_rating r ON r.ticket_id = number
        WHERE r.customer_id <> t.customer_id""",
    "the rating is the last that was given": """
        SELECT coalesce(r.ticket_id, e.ticket_id) FROM tickets_rating r FULL JOIN (
            SELECT DISTINCT ON (ticket_id) ticket_id, data, at FROM tickets_event
            WHERE type = 'rating.given' ORDER BY ticket_id, seq DESC) e ON e.ticket_id = r.ticket_id
        WHERE r.ticket_id IS NULL OR e.ticket_id IS NULL OR (e.data ->> 'score')::int <> r.score
            OR e.data ->> 'comment' <> r.comment OR e.at <> r.at""",
    "a word of the company's own is one for the status that it has": """
        SELECT number FROM tickets_ticket t JOIN tickets_namedstatus n ON n.id = t.named_status_id
        WHERE n.status <> t.status""",
    "what fields hold is under the names of fields": """
        SELECT number FROM tickets_ticket t, jsonb_object_keys(t.fields) held
        WHERE t.fields <> '{}' AND NOT EXISTS (SELECT FROM tickets_field f WHERE f.slug = held)""",
    "a reference is thirteen letters that nobody mistakes": """
        SELECT number FROM tickets_ticket WHERE reference !~ '^[0-9a-hjkmnp-tv-z]{13}$'""",
}


def violations() -> dict[str, list[int]]:
    """The broken rules and the first tickets that break them; empty if all is well."""
    found = {}
    with connection.cursor() as cursor:
        for rule, query in RULES.items():
            cursor.execute(f"{query} LIMIT 5")
            if rows := cursor.fetchall():
                found[rule] = [row[0] for row in rows]
    now = timezone.now()
    if Mail.objects.due(now).exists():
        found["no mail of the past leaves"] = []
    if FollowUp.objects.due(now).exists():
        found["no follow-up of the past is left"] = []
    return found
