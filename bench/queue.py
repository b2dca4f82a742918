"""What a page costs the server with few tickets and with many: the same days, more years behind them.

    bin/bench queue --tickets 1000000 [--base 10000] [--runs 60] [--keep] [--beside]

Two databases are seeded, and the pages asked for in turn, through every middleware, by someone signed in.
"""

from __future__ import annotations

import argparse

from django.test import override_settings

from bench import beside, desks, report
from bench.desks import Asked, Desk, Page, connected_to
from customers.models import Customer
from tickets.models import Ticket

RATIO_GOAL = 1.3  # of the inbox's cost at --tickets to that at --base
MAX_QUERIES = 16

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
    parser.add_argument("--base", type=int, default=10_000)
    desks.add_options(parser)
    beside.add_option(parser)
    options = parser.parse_args(argv)
    with desks.seeded([options.base, options.tickets], keep=options.keep) as both:
        for desk in both:
            with connected_to(desk):
                desk.pages = choose_pages()
        with override_settings(DEBUG=False):  # development keeps a list of all queries
            desks.measure(both, options.runs)
        status = tell(both, options.runs)
        return max(status, beside.compare(both[1], keep=options.keep) if options.beside else 0)


def choose_pages() -> dict[str, Page]:
    """The same ticket and the same kind of customer in every database."""
    solved = Ticket.objects.visible_to(desks.first_with("agent")).solved()
    record = {
        "ticket": solved.order_by("-number")[20].number,
        "customer": Customer.objects.order_by("pk")[0].pk,  # seed's first regular writes most often
    }
    return {name: Page(Asked(who, path.format(**record))) for name, (who, path) in PAGES.items()}


def tell(both: list[Desk], runs: int) -> int:
    """Print the table, write the JSON; the exit status says whether the goals were met."""
    base, large = both
    results = desks.compare(both)
    report.print_table(
        f"Server cost of a page, {base.tickets:,} tickets beside {large.tickets:,}, {runs} runs each",
        ["page", *desks.HEAD],
        [desks.row(name, result) for name, result in results.items()],
    )
    found = {"base": base.tickets, "tickets": large.tickets, "runs": runs, "pages": results}
    desks.save("queue", found, both)
    ratio = results["inbox"]["ratio"]
    chatty = [name for name, result in results.items() if result["tickets"]["queries"] > MAX_QUERIES]
    is_fast = report.verdict(ratio <= RATIO_GOAL, f"the inbox costs {ratio:.2f} times as much (at most {RATIO_GOAL})")
    too_many = f"no page makes more than {MAX_QUERIES} queries" + (f", but: {', '.join(chatty)}" if chatty else "")
    return max(is_fast, report.verdict(not chatty, too_many))
