"""What the pages of figures cost with few tickets and with many: the same thirty days, more years behind them.

    bin/bench dashboard [--sizes 10000 100000 1000000] [--runs 60] [--keep] [--strict] [--beside]

A database of each size is seeded, and every page asked for in turn in all of them, through every middleware, by a
manager, who sees everything, and by a lead, who sees what is their team's. The exit status tells of the ratios and of
the queries; the time counts with --strict. How Postgres answered each query is kept beside the results.
"""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management import call_command
from django.test import override_settings

from accounts.models import Team
from bench import beside, desks, report
from bench.desks import Asked, Desk, Page, connected_to
from reports.models import Counting
from reports.pages import PAGES
from tickets.models import Ticket

RATIO_GOAL = 1.3  # of what a page of the same days costs with most tickets to what it costs with fewest
GOAL = 150  # ms of the server, at the median, with most tickets
MAX_QUERIES = 16
SIZES = (10_000, 100_000, 1_000_000)
ROLES = ("manager", "lead")
# Beside those of `reports.pages`: name -> address.
OTHERS = {
    "now": "/dashboard/",
    "now, what moves": "/dashboard/?fragment=1",
    "now, on the wall": "/dashboard/?wall",
    "team": "/dashboard/team/",
    "changes": "/dashboard/changes/?span=7",
    "recovery": "/recovery/report/",
    "trends of a team": "/dashboard/trends/?team={team}",
    "trends of a tag": "/dashboard/trends/?tag={tag}",
    "trends, by the clock": "/dashboard/trends/?hours=clock",
    "behind a number": "/dashboard/behind/resolution/",
    "a chart as a file": "/dashboard/trends/volume.csv",
}
# More days are more work, and few tickets have not that many days: told, and in no ratio.
LONGER = {"trends, 90 days": "/dashboard/trends/?span=90", "trends, a year": "/dashboard/trends/?span=365"}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bin/bench dashboard", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="tickets, the fewest first")
    parser.add_argument("--strict", action="store_true", help="absolute times count, too")
    desks.add_options(parser)
    beside.add_option(parser)
    options = parser.parse_args(argv)
    with desks.seeded(options.sizes, keep=options.keep) as every:
        for desk in every:
            with connected_to(desk):
                count_facts()
                desk.pages = choose_pages()
        with override_settings(DEBUG=False):  # development keeps a list of all queries
            desks.measure(every, options.runs)
        status = tell(every, options.runs, is_strict=options.strict)
        return max(status, beside.compare(every[-1], keep=options.keep) if options.beside else 0)


def count_facts() -> None:
    """A kept database may be from before tickets were counted."""
    counting = Counting.objects.first()
    if counting is None or counting.left:
        call_command("rebuild_reports")


def choose_pages() -> dict[str, Page]:
    """Each page as each role asks for it."""
    lead = desks.first_with("lead")
    team = Team.objects.filter(members=lead).order_by("pk")[0].slug
    tag = Ticket.tags.through.objects.order_by("-ticket").select_related("tag")[0].tag.name
    addresses = addresses_of_pages() | OTHERS | LONGER
    return {
        f"{name}, {who}": Page(Asked(who, path.format(team=team, tag=tag)))
        for name, path in addresses.items()
        for who in ROLES
    }


def addresses_of_pages() -> dict[str, str]:
    return {key: f"/dashboard/{key}/" for key in PAGES}


# --- Telling -------------------------------------------------------------------------------


def tell(every: list[Desk], runs: int, *, is_strict: bool) -> int:
    """Print the table, write the results; the exit status says whether the goals were met."""
    sizes = [desk.tickets for desk in every]
    costs = {name: [desks.cost(desk.pages[name]) for desk in every] for name in every[0].pages}
    head = ["page", *(f"{size:,}" for size in sizes), "p95 ms", "buffers", "ratio", "Python ms", "queries"]
    rows = [_row(name, found) for name, found in costs.items()]
    report.print_table(
        f"Server cost of a page of figures, median ms by number of tickets, {runs} runs each", head, rows
    )
    pages = {name: dict(zip(map(str, sizes), found, strict=True)) for name, found in costs.items()}
    ratios = {name: ratio(found) for name, found in costs.items()}
    desks.save("dashboard", {"sizes": sizes, "runs": runs, "pages": pages, "ratios": ratios}, every)
    return verdicts(costs, is_strict=is_strict)


def _row(name: str, found: list[dict[str, Any]]) -> list[str]:
    last = found[-1]
    cells = [name, *(f"{cost['median_ms']:.1f}" for cost in found), f"{last['p95_ms']:.1f}"]
    buffers = " → ".join(f"{cost['buffers']:,}" for cost in (found[0], last))
    return [*cells, buffers, f"{ratio(found):.2f}", f"{last['python_ms']:.1f}", str(last["queries"])]


def ratio(found: list[dict[str, Any]]) -> float:
    """What it costs with most tickets to what it costs with fewest."""
    return float(found[-1]["median_ms"] / found[0]["median_ms"])


def verdicts(costs: dict[str, list[dict[str, Any]]], *, is_strict: bool) -> int:
    """No page of the same days costs much more, none asks too much, and none takes long."""
    same_days = {name: found for name, found in costs.items() if name.rpartition(",")[0] not in LONGER}
    steepest = max(same_days, key=lambda name: ratio(same_days[name]))
    grown = ratio(same_days[steepest])
    chatty = [name for name, found in costs.items() if found[-1]["queries"] > MAX_QUERIES]
    slowest = max(same_days, key=lambda name: float(same_days[name][-1]["median_ms"]))
    took = same_days[slowest][-1]["median_ms"]
    is_steady = report.verdict(
        grown <= RATIO_GOAL, f"{steepest} costs {grown:.2f} times as much with most tickets (at most {RATIO_GOAL})"
    )
    is_quiet = report.verdict(
        not chatty,
        f"no page makes more than {MAX_QUERIES} queries" + (f", but: {', '.join(chatty)}" if chatty else ""),
    )
    is_fast = report.verdict(took <= GOAL, f"{slowest} takes {took:.0f} ms with most tickets (at most {GOAL})")
    return max(is_steady, is_quiet, is_fast if is_strict else 0)
