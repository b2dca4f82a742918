"""manage.py seed --tickets N: bulk synthetic data."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Site
from demo.company import SITE_KEY
from demo.seed import A_DAY, seed
from tickets.models import Ticket

EVERY = 50_000


class Command(BaseCommand):
    help = f"Add synthetic tickets by COPY: {A_DAY} a day, so that more of them mean more years of history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, required=True, help="how many")
        parser.add_argument(
            "--seed", type=int, default=7, help="of the random numbers; the same one makes the same data"
        )
        parser.add_argument("--force", action="store_true", help="also where there are tickets that are not the demo's")

    def handle(self, *args: Any, tickets: int, seed: int, force: bool, **options: Any) -> None:
        if tickets < 1:
            raise CommandError("Name at least one ticket.")
        if not force and Ticket.objects.exists() and not Site.objects.filter(key=SITE_KEY).exists():
            raise CommandError("There are tickets here that may be real. Add --force to put made-up ones beside them.")
        self._seed(tickets, seed)

    def _seed(self, tickets: int, number: int) -> None:
        began = monotonic()

        def tell(done: int) -> None:
            if done % EVERY == 0:
                self.stdout.write(f"{done:,} tickets, {done / (monotonic() - began):,.0f} a second")

        seed(tickets, number=number, now=timezone.now(), tell=tell)
        seconds = monotonic() - began
        self.stdout.write(f"{tickets:,} tickets in {seconds:,.0f} s, {tickets / seconds:,.0f} a second, analysed.")
