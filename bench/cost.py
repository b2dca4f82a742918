"""What one more ticket, message and chat costs: work of the web process, of the database, of the workers, and room.

    bin/bench cost [--units 300] [--tickets 10000] [--keep]

Each is made by the actions, one transaction after the other, as a web process makes it; then the sweeps that the clock
starts see to it. *Log* is what Postgres writes ahead (its WAL, which a replica receives, too), *room* what tables and
indexes have grown by. docs/scaling.md reckons with these figures.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import override_settings

from accounts.models import Site, User
from bench import desks, report
from bench.desks import connected_to
from chat.actions import begin_conversation, start_visit
from customers.models import Customer
from demo import words
from reports.actions import sweep
from tickets.actions import index_due, open_ticket, post_message, resolve_ticket
from tickets.actions.promising import read_promises
from tickets.models import Channel, Ticket

MESSAGES = 6  # of a chat, in turn
WARM_UP = 20
LOOKS = 4
SWEEPS: dict[str, Callable[[], Any]] = {
    "words to be searched": index_due,
    "facts of reports": sweep,
    "promises": read_promises,
}


@dataclass
class Cost:
    """Of so many units together."""

    units: int
    seconds: float = 0.0
    python: float = 0.0
    log: int = 0
    room: int = 0

    def each(self) -> dict[str, float]:
        return {
            "ms": self.seconds / self.units * 1000,
            "python_ms": self.python / self.units * 1000,
            "log_kb": self.log / self.units / 1024,
            "room_kb": self.room / self.units / 1024,
        }


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bin/bench cost", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=300)
    parser.add_argument("--tickets", type=int, default=10_000, help="that there are already")
    parser.add_argument("--keep", action="store_true", help="leave the database, and use the one that was left")
    options = parser.parse_args(argv)
    with (
        desks.seeded([options.tickets], keep=options.keep) as (desk,),
        connected_to(desk),
        override_settings(DEBUG=False),  # development keeps a list of all queries
    ):
        return tell(measure(options.units), options.units)


def measure(units: int) -> dict[str, dict[str, float]]:
    """A ticket by mail, an agent's answer, a whole chat; and what the clock starts does of it."""
    makes = {"a ticket": _ticket, "an answer on it": _answer, f"a chat of {MESSAGES} messages": _chat}
    agent, site = desks.first_with("agent"), Site.objects.first() or Site.objects.create(name="Bench")
    customers = list(Customer.objects.order_by("-pk")[: units + WARM_UP])
    for look in SWEEPS.values():  # what was left by others
        _look(look)
    found = {}
    for name, make in makes.items():
        places = range(units + WARM_UP)
        for place in places[:WARM_UP]:
            make(customers[place % len(customers)], agent, site)
        cost = Cost(units)
        with _counted(cost):
            for place in places[WARM_UP:]:
                make(customers[place % len(customers)], agent, site)
        found[name] = cost.each()
    for name, look in SWEEPS.items():
        cost = Cost(units)  # of each of the three once
        with _counted(cost):
            _look(look)
        found[f"afterwards: {name}"] = cost.each()
    return found


def _look(look: Callable[[], Any]) -> None:
    """What a new reader sees at first is nothing; what was just written is certain at a later look."""
    for _ in range(LOOKS):
        look()


def _ticket(customer: Customer, agent: User, site: Site) -> None:
    team = agent.teams.order_by("pk")[0]
    open_ticket(customer, by=customer, subject=words.ASKED[0], body=words.ASKED[0], channel=Channel.EMAIL, team=team)


def _answer(customer: Customer, agent: User, site: Site) -> None:
    ticket = Ticket.objects.filter(customer=customer, channel=Channel.EMAIL).order_by("-number")[0]
    post_message(ticket, by=agent, body=words.ANSWERED[0])


def _chat(customer: Customer, agent: User, site: Site) -> None:
    visitor = start_visit(site).visitor
    ticket = begin_conversation(visitor, body=words.ASKED[0], client_id=f"{time.time_ns():x}")
    for place in range(1, MESSAGES):
        by = agent if place % 2 else ticket.customer
        post_message(ticket, by=by, body=(words.ANSWERED if place % 2 else words.ASKED)[0])
    resolve_ticket(ticket, by=agent, root_cause=None)


@contextmanager
def _counted(cost: Cost) -> Iterator[None]:
    log, room = _written()
    began, worked = time.perf_counter(), time.process_time()
    yield
    cost.seconds, cost.python = time.perf_counter() - began, time.process_time() - worked
    now = _written()
    cost.log, cost.room = now[0] - log, now[1] - room


def _written() -> tuple[int, int]:
    """Bytes of the log of this server so far, and of this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn, pg_database_size(current_database())")
        log, room = cursor.fetchone()
    return int(log), int(room)


def tell(found: dict[str, dict[str, float]], units: int) -> int:
    head = ["what", "ms", "Python ms", "log kB", "room kB"]
    rows = [[name, *(f"{value:.1f}" for value in cost.values())] for name, cost in found.items()]
    report.print_table(f"What one costs, mean of {units}", head, rows)
    report.save("cost", {"units": units, "costs": found})
    return 0
