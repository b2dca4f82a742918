"""manage.py demo: the demo company, made once."""

from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Desk, Site
from demo.cases import open_cases
from demo.company import PASSWORD, SITE_KEY, found_company
from demo.follow_ups import plan_follow_ups, write_templates
from demo.history import write_history
from demo.macros import write_macros
from demo.mending import mend_causes, take_breathers
from demo.offers import make_offers
from demo.recovery import note_failures
from demo.remedies import stock_up
from demo.saved_views import write_views
from demo.shapes import use_shapes, write_shapes
from reports.actions import recount, skip_counted
from tickets.actions import index_due
from tickets.models import Ticket


class Command(BaseCommand):
    help = (
        "Make the demo company Bellwether Cycles, with its people and sixty days of conversations. Does nothing twice."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(f"The demo signs everyone in with the password {PASSWORD!r}: it is for DEBUG=1 only.")
        if Site.objects.filter(key=SITE_KEY).exists():
            self.stdout.write("The demo company is here already.")
            return
        desk = Desk.load()
        if desk:
            raise CommandError(f"This installation belongs to {desk}. The demo company needs an empty one.")
        with transaction.atomic(), Desk.read_once():
            count = self._build()
        while index_due():
            pass
        recount(Ticket.objects.values_list("pk", flat=True))
        skip_counted(1)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        self.stdout.write(f"Bellwether Cycles opened, with {count} conversations.")
        self.stdout.write(f"Sign in as agent@, manager@ or admin@example.com, password {PASSWORD}.")

    def _build(self) -> int:
        rng, now = Random(7), timezone.now()  # noqa: S311  (always the same company)
        cast = found_company(now, rng)
        write_macros(cast.people, cast.teams, now)
        write_views(cast.people, cast.teams)
        write_templates(cast.people, cast.teams)
        write_shapes(cast.people, cast.teams)
        count = write_history(cast, now, rng)
        use_shapes(cast.people, now)
        plan_follow_ups(now)
        mend_causes(cast.people, now)
        take_breathers(cast.people, now)
        note_failures(cast.people, cast.teams, now)
        stock_up(rng)
        make_offers(cast.people, cast.teams, now)
        open_cases(now)
        return count
