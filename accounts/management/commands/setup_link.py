"""`manage.py setup_link`: the address that opens a new desk for the first time."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Desk
from accounts.views.first_run import setup_link


class Command(BaseCommand):
    help = "Print the address where the first administrator sets this desk up."

    def handle(self, *args: Any, **options: Any) -> None:
        if Desk.load() is not None:
            raise CommandError("This desk is set up already; administrators invite people under Settings.")
        self.stdout.write(setup_link())
