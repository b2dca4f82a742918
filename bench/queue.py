"""What a page costs the server with few tickets and with many: the same days, more years behind them.

    bin/bench queue --tickets 1000000 [--base 1000] [--runs 60] [--keep]

Two databases are seeded, and the pages asked for in turn, through every middleware, by someone signed in.
Buffers are the pages of Postgres that the queries touch (EXPLAIN): unlike times, they are the same on any machine.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings

from accounts.models import User
from bench import report
from customers.models import Customer
from tickets.models import Ticket

RATIO_GOAL = 1.3  # of the inbox's cost at --tickets to that at --base
MAX_QUERIES = 16
ROUNDS = 12
WARM_UP = 2


@dataclass
class Page:
    """One address in one database, and what it was measured to cost."""

    path: str
    seconds: list[float] = field(default_factory=list)
    queries: int = 0
    buffers: int = 0


@dataclass
class Desk:
    """One seeded database with a client signed in to it."""

    name: str
    tickets: int
    clients: dict[str, Client] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)


# name -> (who asks, address); the addresses of records are found in each database
PAGES: dict[str, tuple[str, str]] = {
    "inbox": ("agent", "/inbox/"),
    "inbox, mine": ("agent", "/inbox/?view=mine"),
    "inbox, waiting": ("agent", "/inbox/?view=waiting"),
    "inbox, solved": ("agent", "/inbox/?view=solved"),
    "inbox, all teams": ("manager", "/inbox/"),
    "ticket": ("agent", "/tickets/{ticket}/"),
    "customers": ("agent", "/customers/"),
    "customers, all": ("manager", "/customers/"),
    "busiest customer": ("manager", "/customers/{customer}/"),
    "dashboard": ("manager", "/dashboard/"),
    "dashboard, lead": ("lead", "/dashboard/"),
}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bin/bench queue", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--base", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=60, help="of each page in each database")
    parser.add_argument("--keep", action="store_true", help="leave the databases, and use those that were left")
    options = parser.parse_args(argv)
    desks = [Desk(_name(tickets), tickets) for tickets in (options.base, options.tickets)]
    try:
        for desk in desks:
            with connected_to(desk):
                prepare(desk, keep=options.keep)
        with override_settings(DEBUG=False):  # development keeps a list of all queries
            measure(desks, options.runs)
        return tell(desks, options.runs)
    finally:
        if not options.keep:
            for desk in desks:
                _on_server(f'DROP DATABASE IF EXISTS "{desk.name}"')


# --- Databases -----------------------------------------------------------------------------


def _name(tickets: int) -> str:
    return f"{connection.settings_dict['NAME']}_queue_{tickets}"


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


def _on_server(statement: str) -> list[tuple[Any, ...]]:
    """Run a statement that is not about any one database."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def prepare(desk: Desk, *, keep: bool) -> None:
    """Seed the database, unless it was kept, and sign in an agent, a lead and a manager."""
    databases = [row[0] for row in _on_server("SELECT datname FROM pg_database")]
    if not (keep and desk.name in databases):
        _on_server(f'DROP DATABASE IF EXISTS "{desk.name}"')
        _on_server(f'CREATE DATABASE "{desk.name}"')
        call_command("migrate", verbosity=0)
        call_command("seed", tickets=desk.tickets)
    _sign_in(desk)
    _choose_pages(desk)


def _sign_in(desk: Desk) -> None:
    manager = User.objects.filter(role="manager").first() or User.objects.create_user(
        "manager@seed.example", name="Mara Dekker", role="manager"
    )
    people = {role: User.objects.filter(role=role).order_by("pk").first() for role in ("agent", "lead")}
    for role, user in {**people, "manager": manager}.items():
        desk.clients[role] = Client(HTTP_HOST=settings.SITE_HOST or "localhost")
        desk.clients[role].force_login(user)


def _choose_pages(desk: Desk) -> None:
    """The same ticket and the same kind of customer in every database."""
    agent = User.objects.filter(role="agent").order_by("pk").first()
    record = {
        "ticket": Ticket.objects.visible_to(agent).solved().order_by("-number")[20].number,
        "customer": Customer.objects.order_by("pk").first().pk,  # seed's first regular writes most often
    }
    desk.pages = {name: Page(path.format(**record)) for name, (_, path) in PAGES.items()}


# --- Measuring -----------------------------------------------------------------------------


def measure(desks: list[Desk], runs: int) -> None:
    """Ask for the pages in turn, so that what else the machine does falls on both databases alike."""
    for _ in range(ROUNDS):
        for desk in desks:
            with connected_to(desk):
                for name, page in desk.pages.items():
                    _time(page, desk.clients[PAGES[name][0]], max(1, runs // ROUNDS))
    for desk in desks:
        with connected_to(desk):
            for name, page in desk.pages.items():
                page.queries, page.buffers = _look_into(page, desk.clients[PAGES[name][0]])


def _time(page: Page, client: Client, runs: int) -> None:
    for run in range(WARM_UP + runs):
        began = time.perf_counter()
        response = client.get(page.path)
        took = time.perf_counter() - began
        if response.status_code != 200:
            raise SystemExit(f"{page.path} answered {response.status_code}")
        if run >= WARM_UP:
            page.seconds.append(took)


def _look_into(page: Page, client: Client) -> tuple[int, int]:
    """How many queries the page makes, and how many buffers they touch."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        client.get(page.path)
    readings = [(sql, params) for sql, params in asked if sql.lstrip("( ").upper().startswith("SELECT")]
    return len(asked), sum(_buffers(sql, params) for sql, params in readings)


def _buffers(sql: str, params: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
        found = cursor.fetchone()[0]
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


# --- Telling -------------------------------------------------------------------------------


def tell(desks: list[Desk], runs: int) -> int:
    """Print the table, write the JSON; the exit status says whether the goals were met."""
    base, large = desks
    results = {}
    for name in PAGES:
        few, many = base.pages[name], large.pages[name]
        one, other = report.summary(few.seconds), report.summary(many.seconds)
        results[name] = {
            "base": {**one, "queries": few.queries, "buffers": few.buffers},
            "tickets": {**other, "queries": many.queries, "buffers": many.buffers},
            "ratio": other["median_ms"] / one["median_ms"],
        }
    report.print_table(
        f"Server cost of a page, {base.tickets:,} tickets beside {large.tickets:,}, {runs} runs each",
        ["page", "median ms", "p95 ms", "buffers", "median ms", "p95 ms", "buffers", "ratio", "queries"],
        [_row(name, result) for name, result in results.items()],
    )
    report.save("queue", {"base": base.tickets, "tickets": large.tickets, "runs": runs, "pages": results})
    ratio = results["inbox"]["ratio"]
    chatty = [name for name, result in results.items() if result["tickets"]["queries"] > MAX_QUERIES]
    is_fast = report.verdict(ratio <= RATIO_GOAL, f"the inbox costs {ratio:.2f} times as much (at most {RATIO_GOAL})")
    too_many = f"no page makes more than {MAX_QUERIES} queries" + (f", but: {', '.join(chatty)}" if chatty else "")
    return max(is_fast, report.verdict(not chatty, too_many))


def _row(name: str, result: dict[str, Any]) -> list[str]:
    cells = [name]
    for size in ("base", "tickets"):
        cost = result[size]
        cells += [f"{cost['median_ms']:.1f}", f"{cost['p95_ms']:.1f}", f"{cost['buffers']:,}"]
    return [*cells, f"{result['ratio']:.2f}", str(result["tickets"]["queries"])]
