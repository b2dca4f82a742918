"""manage.py rebuild_reports: make what reports count anew from the log of events, or prove that it is so."""

from argparse import ArgumentParser
from collections.abc import Iterator
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Max

from reports.actions import differences, recount
from reports.actions.counting import BATCH, note_recounted, without_ticket
from reports.queries.counting import hours_digest
from tickets.models import Ticket

EVERY = 50_000
SHOWN = 20


class Command(BaseCommand):
    help = (
        "Make the facts that reports count anew from the log of events. With --check nothing is written: it is proved"
        " that what is stored is what the log says, and exits with 1 where it is not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        self._check() if check else self._rebuild()

    def _rebuild(self) -> None:
        began, hours, changed, done = monotonic(), hours_digest(), without_ticket().delete()[0], 0
        for numbers in _batches():
            changed += recount(numbers)
            done += len(numbers)
            self._tell(done, began)
        note_recounted(hours)
        seconds = monotonic() - began
        self.stdout.write(f"{done:,} tickets counted in {seconds:,.0f} s; {changed:,} facts were changed.")

    def _check(self) -> None:
        began, wrong, done = monotonic(), set[int](), 0
        for numbers in _batches():
            wrong |= differences(numbers)
            done += len(numbers)
            self._tell(done, began)
        lost = without_ticket().count()
        if not wrong and not lost:
            self.stdout.write(f"The facts of {done:,} tickets are what their logs say.")
            return
        for number in sorted(wrong)[:SHOWN]:
            self.stdout.write(f"Ticket {number} differs.")
        raise CommandError(
            f"{len(wrong):,} of {done:,} tickets differ, and {lost:,} facts are of no ticket."
            " Run this without --check to count them anew."
        )

    def _tell(self, done: int, began: float) -> None:
        if done % EVERY == 0:
            self.stdout.write(f"{done:,} tickets, {done / (monotonic() - began):,.0f} a second")


def _batches() -> Iterator[list[int]]:
    """The numbers of all tickets, from the newest back."""
    below = (Ticket.objects.aggregate(newest=Max("pk"))["newest"] or 0) + 1
    older = Ticket.objects.order_by("-pk").values_list("pk", flat=True)
    while numbers := list(older.filter(pk__lt=below)[:BATCH]):
        yield numbers
        below = numbers[-1]
