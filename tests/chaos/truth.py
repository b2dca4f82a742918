"""What Postgres holds in the end, read with plain SQL: the checker must not trust the program that it checks."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import psycopg2

EVENTS = """
    SELECT t.reference, e.seq, e.public_prev, e.is_public, e.type, m.kind, m.body, m.client_id, e.by_user_id,
        e.by_customer_id, extract(epoch FROM pg_xact_commit_timestamp(e.xmin))::float8
    FROM tickets_event e JOIN tickets_ticket t ON t.number = e.ticket_id
        LEFT JOIN tickets_message m ON m.id = e.message_id
    ORDER BY t.number, e.seq"""
TICKETS = """
    SELECT t.reference, t.number, t.last_seq, t.public_last_seq, t.customer_id, team.name, t.mailed_seq,
        (SELECT seq FROM tickets_readmark r WHERE r.ticket_id = t.number AND r.customer_id = t.customer_id)
    FROM tickets_ticket t LEFT JOIN accounts_team team ON team.id = t.team_id"""
VISITORS = "SELECT token_digest, customer_id FROM chat_visitor"
MESSAGES = """
    SELECT m.client_id, t.reference, e.seq FROM tickets_message m
    JOIN tickets_ticket t ON t.number = m.ticket_id LEFT JOIN tickets_event e ON e.message_id = m.id"""
MAILS = "SELECT about, text, message_id, state, created_at FROM outbox_mail WHERE kind = 'reply' ORDER BY created_at"


@dataclass(frozen=True)
class Row:
    """An event."""

    seq: int
    public_prev: int
    is_public: bool
    type: str
    kind: str | None
    body: str | None
    client_id: str | None
    by_user: int | None
    by_customer: int | None
    committed: float  # when its transaction was

    @property
    def what(self) -> tuple[Any, ...]:
        """As a screen shows it."""
        return (self.seq, self.type, self.kind, self.body)


@dataclass
class Ticket:
    reference: str
    number: int
    last_seq: int
    public_last_seq: int
    customer: int
    team: str | None
    mailed_seq: int
    seen: int
    rows: list[Row] = field(default_factory=list)

    def for_customer(self) -> list[Row]:
        """What its customer may see: what is public, and never a note."""
        return [row for row in self.rows if row.is_public and row.kind != "note"]


@dataclass(frozen=True)
class Letter:
    ticket: int
    text: str
    message_id: str
    state: str


@dataclass
class Truth:
    tickets: dict[str, Ticket]
    stored: dict[str, list[tuple[str, int]]]  # client_id -> where it is: reference and seq
    customers: dict[str, int]  # digest of a visitor's token -> customer
    letters: list[Letter]

    def customer_of(self, token: str) -> int | None:
        return self.customers.get(hashlib.sha256(token.encode()).hexdigest())


def read_truth(url: str) -> Truth:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute(TICKETS)
            tickets = {row[0]: Ticket(*row[:7], row[7] or 0) for row in cursor}
            cursor.execute(EVENTS)
            for reference, *rest in cursor:
                tickets[reference].rows.append(Row(*rest))
            cursor.execute(MESSAGES)
            stored = defaultdict(list)
            for client_id, *place in cursor:
                stored[client_id].append(tuple(place))
            cursor.execute(VISITORS)
            customers = {digest: customer for digest, customer in cursor if customer}
            cursor.execute(MAILS)
            letters = [Letter(int(about.partition(":")[2]), *rest[:3]) for about, *rest in cursor]
    finally:
        connection.close()
    return Truth(tickets, dict(stored), customers, letters)


def read_when_possible(url: str, seconds: float = 30) -> Truth:
    """The truth, from a database that may still be starting."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return read_truth(url)
        except psycopg2.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
