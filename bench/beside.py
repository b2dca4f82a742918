"""The same work by us and by django-helpdesk, in turn, in one run: `--beside` of the benchmarks of pages.

We have all tickets, they a tenth of them: the newest ones of ours, with every message. Both answer through all of their
middleware, in a process that is at rest otherwise, on the same Postgres with fresh figures for its planner.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from bench import neighbour, report
from bench.desks import Desk, connected_to, first_with
from bench.neighbour import Neighbour
from tickets.actions import trash_ticket
from tickets.models import Ticket

PART = 10  # they get one ticket for so many of ours
LIST_GOAL, DASHBOARD_GOAL = 50, 15  # times as fast
ROUNDS, OUR_RUNS, THEIR_RUNS, WARM_UP = 4, 12, 3, 2  # theirs take seconds
LIST, DASHBOARD = "list of solved tickets", "dashboard"
SUBJECT, WRITER = "Measured beside: the bell does not ring", "measured@beside.example"
WORDS = "The bell that I bought last week does not ring. Can you send me another one?"


@dataclass(frozen=True)
class Work:
    """One thing that people do in both: the address here and there, or the form that is sent to it."""

    name: str
    ours: str
    theirs: str
    our_form: dict[str, str] | None = None
    their_form: dict[str, str] | None = None
    who: str = "manager"  # theirs are staff, who see everything: so does our manager


@dataclass
class Taken:
    """What a piece of work took on one side."""

    seconds: list[float] = field(default_factory=list)
    python: list[float] = field(default_factory=list)
    queries: int = 0

    def cost(self) -> dict[str, Any]:
        python = statistics.median(self.python) * 1000
        return {**report.summary(self.seconds), "python_ms": python, "queries": self.queries}


@dataclass
class Pair:
    work: Work
    ours: Taken = field(default_factory=Taken)
    theirs: Taken = field(default_factory=Taken)

    @property
    def times(self) -> float:
        """As fast as theirs."""
        return statistics.median(self.theirs.seconds) / statistics.median(self.ours.seconds)


def works() -> list[Work]:
    """What an agent and a manager do all day; the same records in both."""
    ticket = Ticket.objects.visible_to(first_with("agent")).solved().order_by("-number")[20]
    create = {"subject": SUBJECT, "body": WORDS, "team": str(ticket.team_id), "channel": "email", "to": WRITER}
    submit = {"title": SUBJECT, "body": WORDS, "queue": str(ticket.team_id), "priority": "3", "submitter_email": WRITER}
    return [
        Work("list of open tickets", "/inbox/?view=all", "/tickets/"),
        Work(LIST, "/inbox/?view=solved", "/tickets/?status=3&status=4&sort=created&sortreverse=on"),
        Work("ticket", f"/tickets/{ticket.number}/", f"/tickets/{ticket.number}/"),
        Work("search for a word", "/inbox/?q=tyre", "/tickets/?q=tyre"),
        Work("search for a number", "/inbox/?q=48213", "/tickets/?q=48213"),
        Work("search for what nobody wrote", "/inbox/?q=zeppelin", "/tickets/?q=zeppelin"),
        Work(DASHBOARD, "/dashboard/", "/dashboard/"),
        Work("report over time", "/dashboard/trends/", "/reports/queuemonth/"),
        Work("create a ticket", "/tickets/new/", "/tickets/submit/", create, submit, who="agent"),
    ]


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--beside", action="store_true", help="measure django-helpdesk beside us, too")


def compare(desk: Desk, *, keep: bool) -> int:
    """Measure, print the table and write it; the exit status says whether the goals were met."""
    tickets = desk.tickets // PART
    with neighbour.moved_in(desk, tickets, keep=keep) as theirs, override_settings(DEBUG=False), cleaned_up(desk):
        with connected_to(desk):
            pairs = [Pair(work) for work in works()]
            messages = neighbour.said(tickets)
        measure(pairs, desk, theirs)
    return tell(pairs, desk.tickets, tickets, messages)


def measure(pairs: list[Pair], desk: Desk, theirs: Neighbour) -> None:
    """In turn, so that what else the machine does falls on both alike."""
    for _ in range(ROUNDS):
        for pair in pairs:
            work = pair.work
            with connected_to(desk):
                _take(pair.ours, desk.clients[work.who], work)
            found = theirs.ask("take", path=work.theirs, data=work.their_form, runs=THEIR_RUNS)
            pair.theirs.seconds += found["seconds"]
            pair.theirs.python += found["python"]
    for pair in pairs:
        with connected_to(desk):
            pair.ours.queries = _queries(desk.clients[pair.work.who], pair.work)
        pair.theirs.queries = theirs.ask("look", path=pair.work.theirs, data=pair.work.their_form)["queries"]


def _take(taken: Taken, client: Client, work: Work) -> None:
    for run in range(WARM_UP + OUR_RUNS):
        began, worked = time.perf_counter(), time.thread_time()
        _ask(client, work)
        took, spent = time.perf_counter() - began, time.thread_time() - worked
        if run >= WARM_UP:
            taken.seconds.append(took)
            taken.python.append(spent)


def _ask(client: Client, work: Work) -> None:
    if work.our_form is None:
        response = client.get(work.ours, follow="q=" in work.ours)  # a search may lead on to the one ticket it finds
    else:
        response = client.post(work.ours, work.our_form | {"client_id": f"{time.time_ns():x}"})
    if response.status_code != (303 if work.our_form else 200):
        raise SystemExit(f"{work.ours} answered {response.status_code}")


def _queries(client: Client, work: Work) -> int:
    count = 0

    def note(execute: Any, *rest: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*rest)

    with connection.execute_wrapper(note):
        _ask(client, work)
    return count


@contextmanager
def cleaned_up(desk: Desk) -> Iterator[None]:
    """What was created here goes to the trash, so that a kept database stays as it was."""
    try:
        yield
    finally:
        with connected_to(desk):
            manager: User = first_with("manager")
            for ticket in Ticket.objects.filter(subject=SUBJECT, trashed_at=None):
                trash_ticket(ticket, by=manager, at=timezone.now())


# --- Telling -------------------------------------------------------------------------------


def tell(pairs: list[Pair], tickets: int, theirs: int, messages: int) -> int:
    rows = [_row(pair) for pair in pairs]
    head = ["work", "our median ms", "p95 ms", "queries", "theirs, median ms", "p95 ms", "queries", "times as fast"]
    title = f"The same work: {tickets:,} tickets here, {theirs:,} with {messages:,} messages in django-helpdesk"
    report.print_table(title, head, rows)
    found = {
        pair.work.name: {"ours": pair.ours.cost(), "theirs": pair.theirs.cost(), "times": pair.times} for pair in pairs
    }
    report.save("beside", {"tickets": tickets, "theirs": theirs, "messages": messages, "works": found})
    return max(
        report.verdict(times >= goal, f"the {name} is {times:.0f} times as fast (at least {goal})")
        for name, goal in ((LIST, LIST_GOAL), (DASHBOARD, DASHBOARD_GOAL))
        for times in [found[name]["times"]]
    )


def _row(pair: Pair) -> list[str]:
    cells = [pair.work.name]
    for side in (pair.ours.cost(), pair.theirs.cost()):
        cells += [f"{side['median_ms']:,.1f}", f"{side['p95_ms']:,.1f}", str(side["queries"])]
    return [*cells, f"{pair.times:.0f}" if pair.times >= 10 else f"{pair.times:.1f}"]
