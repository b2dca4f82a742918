"""Looks into Postgres while people talk: at each ack, is the message there already? And again and again, do the
counters keep their rules?"""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import Any

import psycopg2

from tests.chaos.history import History

SWEEP_SECONDS = 1.0
GAPS = """
    SELECT t.reference, count(*), max(e.seq) FROM tickets_event e JOIN tickets_ticket t ON t.number = e.ticket_id
    GROUP BY t.reference, t.last_seq HAVING count(*) <> max(e.seq) OR max(e.seq) <> t.last_seq"""
MARKS = """
    SELECT r.ticket_id, coalesce('user ' || r.user_id, 'customer ' || r.customer_id), r.seq, t.last_seq
    FROM tickets_readmark r JOIN tickets_ticket t ON t.number = r.ticket_id"""


class Auditor:
    """A thread with a connection of its own; while Postgres is away it asks nothing."""

    def __init__(self, url: str, history: History) -> None:
        self.url, self.history = url, history
        self.acks: queue.Queue[str | None] = queue.Queue()
        self.too_early: list[str] = []  # acknowledged and not there
        self.gaps: list[str] = []
        self.fallen: list[str] = []  # read marks that moved back, or past the end
        self.asked = self.swept = 0
        self.marks: dict[tuple[int, str], int] = {}
        self.thread = threading.Thread(target=self._work, name="auditor", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.acks.put(None)
        self.thread.join(10)

    def _work(self) -> None:
        connection: Any = None
        due = self.history.now
        while True:
            with suppress(queue.Empty):
                client_id = self.acks.get(timeout=max(0.01, due - self.history.now))
                if client_id is None:
                    return
                connection = self._ask(
                    connection, lambda cursor, client_id=client_id: self._check_ack(cursor, client_id)
                )
            if self.history.now >= due:
                connection = self._ask(connection, self._sweep)
                due = self.history.now + SWEEP_SECONDS

    def _ask(self, connection: Any, question: Any) -> Any:
        """The connection to go on with; None if there is none now."""
        try:
            if connection is None:
                connection = psycopg2.connect(self.url, connect_timeout=2)
                connection.autocommit = True
            with connection.cursor() as cursor:
                question(cursor)
        except psycopg2.Error:
            with suppress(Exception):
                connection.close()
            return None
        return connection

    def _check_ack(self, cursor: Any, client_id: str) -> None:
        cursor.execute("SELECT count(*) FROM tickets_message WHERE client_id = %s", [client_id])
        self.asked += 1
        if cursor.fetchone()[0] == 0:
            self.too_early.append(client_id)

    def _sweep(self, cursor: Any) -> None:
        self.swept += 1
        cursor.execute(GAPS)
        self.gaps += [
            f"{ref}: {count} events up to seq {last} at {self.history.now:.1f}" for ref, count, last in cursor
        ]
        cursor.execute(MARKS)
        for ticket, reader, seq, last in cursor.fetchall():
            before = self.marks.get((ticket, reader), 0)
            if seq < before or seq > last:
                self.fallen.append(f"ticket {ticket}, {reader}: {seq} after {before}, end {last}")
            self.marks[ticket, reader] = seq
