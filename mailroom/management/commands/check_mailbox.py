"""Try out a mailbox and say in plain words what works and what does not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailroom.actions.testing import ROUND_TRIP_SECONDS, findings
from mailroom.models import Mailbox


class Command(BaseCommand):
    help = "Try out a mailbox step by step: name, port, encryption, sign-in, folder, sending, and a mail's way back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mailbox", nargs="?", help="its ID, or one of its addresses; without it: all are listed")
        parser.add_argument(
            "--seconds", type=float, default=ROUND_TRIP_SECONDS, help="how long a mail may take to come back"
        )

    def handle(self, *_args: Any, mailbox: str | None, seconds: float, **_options: Any) -> None:
        if not mailbox:
            for one in Mailbox.objects.all():
                self.stdout.write(f"{one.pk}  {one}")
            return
        is_good = True
        for finding in findings(_find(mailbox), by=None, seconds=seconds):
            is_good &= finding.ok
            self.stdout.write(f"{'ok  ' if finding.ok else 'NO  '}{finding.title}: {finding.words}")
            if finding.mend:
                self.stdout.write(f"      {finding.mend}")
        if not is_good:
            raise CommandError("This mailbox does not work yet.")


def _find(wanted: str) -> Mailbox:
    by_number = Mailbox.objects.filter(pk=int(wanted)) if wanted.isdecimal() else Mailbox.objects.none()
    found = by_number.first() or next((box for box in Mailbox.objects.all() if wanted.lower() in box.addresses), None)
    if found is None:
        raise CommandError(f"There is no mailbox {wanted!r}; without an argument all are listed.")
    return found
