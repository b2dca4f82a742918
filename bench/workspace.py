"""What the agents' workspace costs with few tickets and with many: every view, a long ticket, and searches.

    bin/bench workspace [--small 10000] [--large 1000000] [--runs 60] [--openings 30] [--keep] [--strict]
        [--beside]

Two databases are seeded. A Chromium opens one ticket after the other at the large desk, by key. Then the pages are
asked for in turn in both, through every middleware, as a browser asks for them. The exit status tells of the ratios;
absolute times say something about one machine only, and count with --strict.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Max, Min
from django.test import override_settings

from accounts.models import User
from bench import beside, desks, opening, report, workday
from bench.desks import Asked, Desk, Page, connected_to
from customers.models import Address, Customer
from tickets.models import Ticket
from tickets.queries.inbox import DEFAULT_VIEW, inbox_views
from tickets.queries.viewing import rail_views, saved_views

RATIO_GOAL = 1.2  # of what anything costs at --large to that at --small
LIST_GOAL, TICKET_GOAL = 25, 40  # ms of the server, at the median
SEARCH_GOAL = 300  # ms of the server, 95 of 100
OPENING_GOAL = 100  # ms in Chromium, at the median

REGULAR = 20  # of the seeded customers; writes so often that what they wrote fills a list at every size
LIST, TICKET, SEARCH = "list: ", "ticket: ", "search: "
# What an agent looks for; names of records are found in each database.
SEARCHES = {
    "a word": "tyre",
    "two words": "parcel depot",
    "a name": "{name}",
    "an address": "{email}",
    "a ticket's number": "#{number}",
    "an order's number": "48213",
    "a phrase": '"wrong size"',
    "is:open": "is:open lamp",
    "tag:": "tag:delivery invoice",
    "from: a surname": "from:klein",
    "from: with a word": 'from:"{name}" order',
    "file:": "file:warranty",
    "before: last week": "before:7d order",
    "before: half of all": "before:{half} order",
    "what nobody wrote": "zeppelin",
    "a misspelled name": "{misspelled}",
}


@dataclass(frozen=True)
class Goal:
    """Something that is to be kept; `is_ratio` says whether it means the same on every machine."""

    text: str
    is_kept: bool
    is_ratio: bool


def main(argv: list[str]) -> int:
    options = _options(argv)
    with desks.seeded([options.small, options.large], keep=options.keep) as both:
        for desk in both:
            with connected_to(desk):
                prepare(desk)
        opened = opening.measure(both[1], options.openings) if options.openings else []
        with override_settings(DEBUG=False):  # development keeps a list of all queries
            desks.measure(both, options.runs)
        status = tell(both, opened, options)
        return max(status, beside.compare(both[1], keep=options.keep) if options.beside else 0)


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/bench workspace", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", type=int, default=10_000, help="tickets")
    parser.add_argument("--large", type=int, default=1_000_000, help="tickets")
    parser.add_argument("--openings", type=int, default=30, help="tickets opened in Chromium; 0 leaves it out")
    parser.add_argument("--strict", action="store_true", help="absolute times count, too")
    desks.add_options(parser)
    beside.add_option(parser)
    return parser.parse_args(argv)


# --- What is asked -------------------------------------------------------------------------


def prepare(desk: Desk) -> None:
    """Live through some days, if it was not done, and choose the pages."""
    agent = desks.first_with("agent")
    workday.live_through(agent, desks.first_with("manager"))
    desk.pages = {name: Page(asked) for name, asked in (view_pages(agent) | ticket_pages() | search_pages()).items()}


def view_pages(agent: User) -> dict[str, Asked]:
    """Every place of the agent's rail, as its link asks for it; and the list as it is asked for when something came."""
    places = list(inbox_views(agent, list(agent.teams.all())).values())
    places += rail_views(agent, saved_views(agent))
    pages = {f"{LIST}{view.label}": Asked("agent", _inbox(view=view.key)) for view in places}
    pages[f"{LIST}live"] = Asked("agent", _inbox(view=DEFAULT_VIEW), is_fragment=True)
    return pages | {f"{LIST}manager's": Asked("manager", _inbox(view=DEFAULT_VIEW))}


def ticket_pages() -> dict[str, Asked]:
    """The long ticket as a row of the list opens it, and as a page of its own."""
    path = f"/tickets/{workday.long_ticket().number}/?{urlencode({'view': DEFAULT_VIEW})}"
    return {f"{TICKET}opened": Asked("agent", path, is_fragment=True), f"{TICKET}whole page": Asked("agent", path)}


def search_pages() -> dict[str, Asked]:
    """The searches as the box asks for them, up to the page that the agent ends on."""
    record = _records()
    asked = {name: _inbox(view=DEFAULT_VIEW, q=words.format(**record)) for name, words in SEARCHES.items()}
    return {f"{SEARCH}{name}": Asked("agent", path, leads_on=True) for name, path in asked.items()}


def _records() -> dict[str, Any]:
    ticket = workday.long_ticket()
    span = Ticket.objects.aggregate(first=Min("created_at"), last=Max("created_at"))
    half = span["first"] + (span["last"] - span["first"]) / 2
    email = Address.objects.filter(customer=ticket.customer).values_list("email", flat=True)[0]
    name = Customer.objects.order_by("pk")[REGULAR].name
    misspelled = f"{name[:-3]}{name[-2]}{name[-3]}{name[-1]}"
    return {"email": email, "number": ticket.number, "half": f"{half:%Y-%m-%d}", "name": name, "misspelled": misspelled}


def _inbox(**query: str) -> str:
    return f"/inbox/?{urlencode(query)}"


# --- Telling -------------------------------------------------------------------------------


def tell(both: list[Desk], opened: list[opening.Opened], options: argparse.Namespace) -> int:
    """Print the tables, write the JSON; the exit status says whether the goals were met."""
    small, large = both
    results = desks.compare(both)
    sizes = f"{small.tickets:,} tickets beside {large.tickets:,}, {options.runs} runs each"
    for group, title in ((LIST, "Every view"), (TICKET, f"A ticket with {workday.MESSAGES} messages")):
        _print(f"{title}: server cost, {sizes}", group, results)
    _print(f"Searches: server cost, {sizes}", SEARCH, results, with_rows=True)
    in_chromium = opening.tell(opened)
    found = {"small": small.tickets, "large": large.tickets, "runs": options.runs, "pages": results}
    desks.save("workspace", found | {"opening": in_chromium}, both)
    goals = [*ratio_goals(results), *server_goals(results, large), *opening_goals(in_chromium)]
    statuses = [report.verdict(goal.is_kept, goal.text) for goal in goals]
    counted = [status for status, goal in zip(statuses, goals, strict=True) if goal.is_ratio or options.strict]
    return max(counted)


def _print(title: str, group: str, results: dict[str, Any], *, with_rows: bool = False) -> None:
    rows = [desks.row(name.removeprefix(group), result) for name, result in _of(group, results).items()]
    head = [group.rstrip(": "), *desks.HEAD]
    if with_rows:  # that a search was quick says little if it found nothing
        head.append("found")
        counts = [str(result["tickets"]["rows"]) for result in _of(group, results).values()]
        rows = [[*row, count] for row, count in zip(rows, counts, strict=True)]
    report.print_table(title, head, rows)


def _of(group: str, results: dict[str, Any]) -> dict[str, Any]:
    return {name: result for name, result in results.items() if name.startswith(group)}


def ratio_goals(results: dict[str, Any]) -> list[Goal]:
    """Nothing costs much more with many tickets: no view, no ticket, and the searches all together."""
    goals = []
    for group, what in ((LIST, "the view that grows most"), (TICKET, "the ticket")):
        name, result = max(_of(group, results).items(), key=lambda item: item[1]["ratio"])
        text = f"{what} costs {result['ratio']:.2f} times as much ({name}; at most {RATIO_GOAL})"
        goals.append(Goal(text, result["ratio"] <= RATIO_GOAL, is_ratio=True))
    searches = _of(SEARCH, results).values()
    few, many = (sum(result[size]["median_ms"] for result in searches) for size in ("base", "tickets"))
    text = f"all searches together cost {many / few:.2f} times as much (at most {RATIO_GOAL})"
    return [*goals, Goal(text, many / few <= RATIO_GOAL, is_ratio=True)]


def server_goals(results: dict[str, Any], large: Desk) -> list[Goal]:
    """How long the server takes with many tickets."""
    goals = []
    for group, at_most in ((LIST, LIST_GOAL), (TICKET, TICKET_GOAL)):
        name, result = max(_of(group, results).items(), key=lambda item: item[1]["tickets"]["median_ms"])
        took = result["tickets"]["median_ms"]
        goals.append(Goal(f"{name} takes {took:.0f} ms (at most {at_most})", took <= at_most, is_ratio=False))
    searches = {name: page.seconds for name, page in large.pages.items() if name.startswith(SEARCH)}
    took = report.summary([second for seconds in searches.values() for second in seconds])["p95_ms"]
    slowest = max(searches, key=lambda name: report.summary(searches[name])["median_ms"])
    text = f"95 of 100 searches take {took:.0f} ms (at most {SEARCH_GOAL}; the slowest is {slowest})"
    return [*goals, Goal(text, took <= SEARCH_GOAL, is_ratio=False)]


def opening_goals(in_chromium: dict[str, Any]) -> list[Goal]:
    """How soon the next ticket is there."""
    if not in_chromium:
        return []
    took = in_chromium["median_ms"]
    text = f"the next ticket is shown in {took:.0f} ms (at most {OPENING_GOAL})"
    return [Goal(text, took <= OPENING_GOAL, is_ratio=False)]
