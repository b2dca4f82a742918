"""django-helpdesk beside us: in a Python of its own, on the same Postgres, with a part of our own tickets in it.

`bench/peer` is what runs over there; both projects have a package called `helpdesk`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.db import connection

from accounts.models import Team, User
from bench import desks
from bench.desks import Desk, connected_to
from tickets.models import Message, Ticket

HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements-beside.txt"
BATCH = 1 << 20

# Our tickets as rows of theirs: table -> (columns, query). What is solved is closed after a week, over there by a
# command that the clock starts.
TABLES = {
    "helpdesk_ticket": (
        "id title created modified submitter_email status on_hold description resolution priority secret_key"
        " assigned_to_id queue_id",
        """
        SELECT t.number, left(t.subject, 200), t.created_at, t.updated_at,
            (SELECT email FROM customers_address a WHERE a.customer_id = t.customer_id ORDER BY a.id LIMIT 1),
            CASE WHEN t.status <> 'solved' THEN 1 WHEN t.solved_at > now() - interval '7 days' THEN 3 ELSE 4 END,
            t.status = 'on_hold',
            (SELECT body FROM tickets_message m WHERE m.ticket_id = t.number ORDER BY m.id LIMIT 1),
            NULL, 5 - t.priority, t.reference, t.assignee_id, t.team_id
        FROM tickets_ticket t WHERE t.number > {after} AND t.trashed_at IS NULL AND t.team_id IS NOT NULL""",
    ),
    "helpdesk_followup": (
        "date title comment public ticket_id user_id new_status",
        """
        SELECT m.created_at, 'Comment', m.body, m.kind = 'reply', m.ticket_id, m.by_user_id, NULL
        FROM tickets_message m JOIN tickets_ticket t ON t.number = m.ticket_id
        WHERE t.number > {after} AND t.trashed_at IS NULL AND t.team_id IS NOT NULL
        UNION ALL
        SELECT e.at, 'Resolved', '', true, e.ticket_id, e.by_user_id, 3
        FROM tickets_event e JOIN tickets_ticket t ON t.number = e.ticket_id
        WHERE e.type = 'ticket.resolved' AND t.number > {after} AND t.trashed_at IS NULL AND t.team_id IS NOT NULL
        ORDER BY 1""",
    ),
}


class Neighbour:
    """django-helpdesk in a process of its own, asked by lines of JSON."""

    def __init__(self, python: Path, database: str) -> None:
        self.database = database
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO"))}
        environment["PEER_DATABASE"] = json.dumps(_address(database))
        self.process = subprocess.Popen(
            [str(python), "-W", "ignore", str(HERE / "peer")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=HERE / "peer",
        )

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """What it answers. Errors: SystemExit if it has ended instead; it has said why."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"do": do, **arguments}, default=str) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("django-helpdesk could not be measured; the lines above say why.")
        found: dict[str, Any] = json.loads(answer)
        return found

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(20)


@contextmanager
def moved_in(desk: Desk, tickets: int, *, keep: bool) -> Iterator[Neighbour]:
    """With so many of the desk's newest tickets, and an agent signed in."""
    python = _install()
    database = f"{connection.settings_dict['NAME']}_beside_{tickets}"
    there = [row[0] for row in desks.on_server("SELECT datname FROM pg_database")]
    if not (keep and database in there):
        desks.on_server(f'DROP DATABASE IF EXISTS "{database}"')
        desks.on_server(f'CREATE DATABASE "{database}"')
    neighbour = Neighbour(python, database)
    try:
        if neighbour.ask("migrate")["tickets"] < tickets // 2:
            with connected_to(desk):
                _fill(neighbour, tickets)
        with connected_to(desk):
            neighbour.ask("sign_in", email=desks.first_with("agent").email)
        yield neighbour
    finally:
        neighbour.stop()
        if not keep:
            desks.on_server(f'DROP DATABASE IF EXISTS "{database}"')


def _install() -> Path:
    """Its Python, with the pinned packages; made anew when they change."""
    folder = Path(settings.DATA_DIR)
    folder = (folder if folder.name == "bench" else folder / "bench") / "beside"
    python, stamp, wanted = folder / "bin/python", folder / "made-of", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "--only-binary", ":all:", "-r", str(LOCK)], check=True)
        stamp.write_text(wanted)
    return python


def _fill(neighbour: Neighbour, tickets: int) -> None:
    """People and teams by its own models, tickets and what was said on them by COPY, and then the planner's figures."""
    people = [
        {"id": user.pk, "username": user.email, "email": user.email, "first_name": user.name, "is_active": True}
        for user in User.objects.order_by("pk")
    ]
    teams = [{"id": team.pk, "title": team.name, "slug": team.slug} for team in Team.objects.order_by("pk")]
    neighbour.ask("populate", people=people, teams=teams)
    newest = Ticket.objects.order_by("-number").values_list("number", flat=True)[0]
    theirs = psycopg2.connect(**_parameters(neighbour.database))
    theirs.autocommit = True
    with theirs.cursor() as there, connection.cursor() as here:
        for table, (columns, query) in TABLES.items():
            names = ", ".join(columns.split())
            with tempfile.TemporaryFile() as rows:
                here.copy_expert(f"COPY ({query.format(after=newest - tickets)}) TO STDOUT", rows, BATCH)
                rows.seek(0)
                there.copy_expert(f"COPY {table} ({names}) FROM STDIN", rows, BATCH)
            move = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608
            there.execute(move)
        there.execute("VACUUM (ANALYZE)")
    theirs.close()


def _address(database: str) -> dict[str, Any]:
    """As Django's settings name it."""
    known = connection.settings_dict
    return {"NAME": database} | {name: known[name] for name in ("HOST", "PORT", "USER", "PASSWORD")}


def _parameters(database: str) -> dict[str, Any]:
    known = connection.settings_dict
    found = {"host": known["HOST"], "port": known["PORT"], "user": known["USER"], "password": known["PASSWORD"]}
    return {"dbname": database} | {name: value for name, value in found.items() if value}


def said(tickets: int) -> int:
    """How many messages the desk's newest tickets have."""
    newest = Ticket.objects.order_by("-number").values_list("number", flat=True)[0]
    return Message.objects.filter(ticket__gt=newest - tickets).count()
