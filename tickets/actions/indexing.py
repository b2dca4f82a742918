"""The words of tickets are written down for the search box, a moment after they changed."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from tickets.models import Ticket, WordsDue
from tickets.search_words import FILE_MARK, fold

BATCH = 200
_LOCK = 7302  # held by whoever writes words: two would overwrite each other, the slower one with what was
# Newest messages first, so that what no index can hold of an endless ticket is the oldest of it: a vector takes 1 MB.
_SAID_CHARS, _NOTED_CHARS, _OTHER_CHARS = 120_000, 60_000, 10_000
_READ = """
    SELECT t.number,
        concat_ws(' ', t.subject, c.name,
            (SELECT string_agg(email, ' ') FROM customers_address WHERE customer_id = c.id),
            (SELECT string_agg(tag.name, ' ') FROM tickets_ticket_tags AS on_it
             JOIN tickets_tag AS tag ON tag.id = on_it.tag_id WHERE on_it.ticket_id = t.number)),
        (SELECT string_agg(f.name, ' ') FROM tickets_attachment AS f
         JOIN tickets_message AS m ON m.id = f.message_id WHERE m.ticket_id = ANY(family.numbers)),
        said.replies, said.notes
    FROM (
        SELECT whole, array_agg(part) AS numbers
        FROM unnest(%s::bigint[], %s::bigint[]) AS pairs (whole, part) GROUP BY whole
    ) AS family
    JOIN tickets_ticket AS t ON t.number = family.whole
    JOIN customers_customer AS c ON c.id = t.customer_id,
    LATERAL (
        SELECT string_agg(body, E'\\n' ORDER BY id DESC) FILTER (WHERE kind = 'reply') AS replies,
            string_agg(body, E'\\n' ORDER BY id DESC) FILTER (WHERE kind = 'note') AS notes
        FROM (SELECT id, kind, body FROM tickets_message
              WHERE ticket_id = ANY(family.numbers) ORDER BY id DESC LIMIT 1000) AS newest
    ) AS said
"""
_WRITE = """
    INSERT INTO tickets_ticketwords (ticket_id, vector)
    SELECT number,
        setweight(to_tsvector('simple', called), 'A') || setweight(to_tsvector('simple', files), 'B')
        || setweight(to_tsvector('simple', said), 'C') || setweight(to_tsvector('simple', noted), 'D')
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
        AS new (number, called, files, said, noted)
    ON CONFLICT (ticket_id) DO UPDATE SET vector = EXCLUDED.vector
"""


def index_due(*, limit: int = BATCH) -> int:
    """Bring the words of the tickets that changed last up to date; returns how many changes that were.

    0 also if somebody else is at it. What is added to the list meanwhile stays on it for the next time.
    """
    return _index(limit) if WordsDue.objects.exists() else 0


@transaction.atomic
def _index(limit: int) -> int:
    with connection.cursor() as cursor:
        if not _may_write(cursor):
            return 0
        # Read only now that nobody else writes: who held the lock may have done some of it.
        due = list(WordsDue.objects.order_by("-pk").values_list("pk", "number")[:limit])
        _write_words(cursor, sorted(_and_those_they_went_into({number for _, number in due})))
    WordsDue.objects.filter(pk__in=[pk for pk, _ in due]).delete()
    return len(due)


def _may_write(cursor: Any) -> bool:
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
    return bool(cursor.fetchone()[0])


def _and_those_they_went_into(numbers: set[int]) -> set[int]:
    """These tickets and whatever they were merged into, step by step: there, too, their words are found."""
    found, latest = set(numbers), set(numbers)
    while latest:
        merged = Ticket.objects.filter(pk__in=latest, merged_into__isnull=False)
        latest = {into for into in merged.values_list("merged_into", flat=True) if into is not None} - found
        found |= latest
    return found


def _with_what_went_into_them(numbers: list[int]) -> list[tuple[int, int]]:
    """Each ticket with itself, and with each one that was merged into it, step by step."""
    pairs = latest = [(number, number) for number in numbers]
    while latest:
        wholes: dict[int | None, list[int]] = {}
        for whole, part in latest:
            wholes.setdefault(part, []).append(whole)
        merged = Ticket.objects.filter(merged_into__in=list(wholes)).values_list("merged_into", "pk")
        latest = [(whole, part) for into, part in merged for whole in wholes[into]]
        pairs = pairs + latest
    return pairs


def _write_words(cursor: Any, numbers: list[int]) -> None:
    """Read all words of these tickets, as they are after they came onto the list, and write them down."""
    pairs = _with_what_went_into_them(numbers)
    cursor.execute(_READ, [[whole for whole, _ in pairs], [part for _, part in pairs]])
    # In their order, so that the newest, which are read most, stand side by side.
    rows = sorted((number, *_folded(texts)) for number, *texts in cursor.fetchall())
    if rows:
        cursor.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])


def _folded(texts: list[str | None]) -> list[str]:
    limits = (_OTHER_CHARS, _OTHER_CHARS, _SAID_CHARS, _NOTED_CHARS)
    called, files, said, noted = (fold((text or "")[:limit])[:limit] for text, limit in zip(texts, limits, strict=True))
    # Once as words, once as words of files only: a weight is no part of the index, and to look into every ticket
    # with such a word took seconds.
    as_files = " ".join([FILE_MARK + word for word in files.split()])
    return [called, f"{files} {as_files}", said, noted]
