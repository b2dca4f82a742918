"""Seeded databases of two sizes, and what each page costs the server in both: the same days, more years behind them.

Buffers are the pages of Postgres that the queries touch (EXPLAIN): unlike times, they are the same on any machine.
"""

from __future__ import annotations

import argparse
import gzip
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from bench import report, workday
from tickets.models import Ticket

ROUNDS = 12
WARM_UP = 2
HEAD = ["median ms", "p95 ms", "buffers", "median ms", "p95 ms", "buffers", "ratio", "Python ms", "queries"]


@dataclass(frozen=True)
class Asked:
    """One address and who asks for it: a browser, or htmx for a part of it. `leads_on`: it may be a redirect."""

    who: str
    path: str
    is_fragment: bool = False
    leads_on: bool = False

    def by(self, client: Client) -> HttpResponse:
        """What the server answers. Errors: SystemExit for anything that is not the page."""
        headers = {"HX-Request": "true"} if self.is_fragment else {}
        response = client.get(self.path, headers=headers, follow=self.leads_on)
        if response.status_code != 200:
            raise SystemExit(f"{self.path} answered {response.status_code}")
        if response.streaming:  # it is made while it is read
            return HttpResponse(b"".join(response.streaming_content))
        return response  # type: ignore[return-value]  # a response that remembers its request


@dataclass
class Page:
    """What an address was measured to cost in one database.

    `seconds` passed, of which `python` were our own work and not the database's; `rows` are those of its list.
    """

    asked: Asked
    seconds: list[float] = field(default_factory=list)
    python: list[float] = field(default_factory=list)
    queries: int = 0
    buffers: int = 0
    rows: int = 0
    plans: list[str] = field(default_factory=list)  # each query, and how Postgres answered it


@dataclass
class Desk:
    """One seeded database with clients signed in to it."""

    name: str
    tickets: int
    clients: dict[str, Client] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)


# --- Databases -----------------------------------------------------------------------------


def add_options(parser: argparse.ArgumentParser) -> None:
    """What all measurements of pages take."""
    parser.add_argument("--runs", type=int, default=60, help="of each page in each database")
    parser.add_argument("--keep", action="store_true", help="leave the databases, and use those that were left")


@contextmanager
def seeded(sizes: Sequence[int], *, keep: bool) -> Iterator[list[Desk]]:
    """A database of each size, with people signed in; gone at the end, unless they are kept for the next run."""
    desks = [Desk(f"{connection.settings_dict['NAME']}_seeded_{size}", size) for size in sizes]
    try:
        for desk in desks:
            with connected_to(desk):
                _fill(desk, keep=keep)
                workday.make_promise(timezone.now())
                _sign_in(desk)
        yield desks
    finally:
        if not keep:
            for desk in desks:
                on_server(f'DROP DATABASE IF EXISTS "{desk.name}"')


@contextmanager
def connected_to(desk: Desk) -> Iterator[None]:
    """Everything inside talks to this desk's database."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = desk.name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def on_server(statement: str) -> list[tuple[Any, ...]]:
    """Run a statement that is not about any one database."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _fill(desk: Desk, *, keep: bool) -> None:
    """Seed the database, unless it was kept and is full; one that was kept gets the tables of today."""
    databases = [row[0] for row in on_server("SELECT datname FROM pg_database")]
    if keep and desk.name in databases:
        call_command("migrate", verbosity=0)
        if Ticket.objects.count() >= desk.tickets:
            return
        connection.close()
    on_server(f'DROP DATABASE IF EXISTS "{desk.name}"')
    on_server(f'CREATE DATABASE "{desk.name}"')
    call_command("migrate", verbosity=0)
    call_command("seed", tickets=desk.tickets)


def _sign_in(desk: Desk) -> None:
    """An agent, a lead and a manager."""
    if not User.objects.filter(role="manager").exists():
        User.objects.create_user("manager@seed.example", name="Mara Dekker", role="manager")
    for role in ("agent", "lead", "manager"):
        desk.clients[role] = Client(HTTP_HOST=settings.SITE_HOST or "localhost")
        desk.clients[role].force_login(first_with(role))


def first_with(role: str) -> User:
    """The one of this role who asks, the same in every database."""
    return User.objects.filter(role=role).order_by("pk")[0]


# --- Measuring -----------------------------------------------------------------------------


def measure(desks: list[Desk], runs: int) -> None:
    """Ask for each page in turn in every database, so that what else the machine does falls on all alike."""
    rounds = min(ROUNDS, runs)
    for _ in range(rounds):
        for desk, page in _in_turn(desks):
            _time(page, desk.clients[page.asked.who], runs // rounds)
    for desk, page in _in_turn(desks):
        _look_into(page, desk.clients[page.asked.who])


def _in_turn(desks: list[Desk]) -> Iterator[tuple[Desk, Page]]:
    """Each page of each desk, connected to it."""
    for name in desks[0].pages:
        for desk in desks:
            with connected_to(desk):
                yield desk, desk.pages[name]


def _time(page: Page, client: Client, runs: int) -> None:
    for run in range(WARM_UP + runs):
        began, worked = time.perf_counter(), time.thread_time()
        page.asked.by(client)
        took, work = time.perf_counter() - began, time.thread_time() - worked
        if run >= WARM_UP:
            page.seconds.append(took)
            page.python.append(work)


def _look_into(page: Page, client: Client) -> None:
    """How many queries the page makes, how many buffers they touch, and how many rows it lists."""
    page.queries = page.buffers = 0
    page.plans = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        page.queries += 1
        if sql.lstrip("( \n").upper().startswith(("SELECT", "WITH")):
            text, plan = _explain(sql, params)
            page.buffers += buffers_of(plan)
            page.plans.append(f"{text}\n\n{plan}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        response = page.asked.by(client)
    page.rows = response.content.count(b'class="item"')


def _explain(sql: str, params: Any) -> tuple[str, str]:
    """A query with its values, and its plan: beside itself, for what is set for its transaction decides."""
    with connection.connection.cursor() as cursor:
        text = cursor.mogrify(sql, params).decode()
        cursor.execute(b"EXPLAIN (ANALYZE, BUFFERS) " + text.encode())
        return text, "\n".join(row[0] for row in cursor.fetchall())


def buffers_of(plan: str) -> int:
    """Pages of Postgres that a plan as text says were touched: those of its first node, which has all others within."""
    found = re.search(r"Buffers: shared(.*)", plan.partition("\nPlanning")[0])
    return sum(map(int, re.findall(r"(?:hit|read)=(\d+)", found[1]))) if found else 0


# --- Telling -------------------------------------------------------------------------------


def save(name: str, results: dict[str, Any], desks: list[Desk]) -> None:
    """Write the results, and the plans of all queries beside them."""
    path = report.save(name, results)
    plans = [
        f"# {page}, {desk.tickets:,} tickets: query {number} of {found.queries}\n\n{plan}\n"
        for desk in desks
        for page, found in desk.pages.items()
        for number, plan in enumerate(found.plans, 1)
    ]
    with gzip.open(path.with_suffix(".plans.txt.gz"), "wt") as file:
        file.write("\n\n".join(plans))


def compare(desks: list[Desk]) -> dict[str, dict[str, Any]]:
    """What each page costs in the smallest and the largest database, by its name."""
    base, large = desks[0], desks[-1]
    return {name: _compared(page, large.pages[name]) for name, page in base.pages.items()}


def _compared(few: Page, many: Page) -> dict[str, Any]:
    one, other = cost(few), cost(many)
    return {"base": one, "tickets": other, "ratio": other["median_ms"] / one["median_ms"]}


def cost(page: Page) -> dict[str, Any]:
    python = statistics.median(page.python or [0]) * 1000
    counts = {"queries": page.queries, "buffers": page.buffers, "rows": page.rows}
    return {**report.summary(page.seconds), "python_ms": python, **counts}


def row(name: str, result: dict[str, Any]) -> list[str]:
    """A line of the table under HEAD."""
    cells = [name]
    for size in ("base", "tickets"):
        cost = result[size]
        cells += [f"{cost['median_ms']:.1f}", f"{cost['p95_ms']:.1f}", f"{cost['buffers']:,}"]
    many = result["tickets"]
    return [*cells, f"{result['ratio']:.2f}", f"{many['python_ms']:.1f}", str(many["queries"])]
