"""Fetch the mails of all mailboxes, and take those that are handed over (MAIL_LISTEN), until told to stop."""

import signal
from threading import Event
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from mailroom.listening import Listener, places
from mailroom.rounds import Rounds


class Command(BaseCommand):
    help = "Fetch mails by IMAP, and take those that mail servers hand over where MAIL_LISTEN says, until stopped."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            doors = [Listener(place) for place in places(settings.MAIL_LISTEN)]
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        Rounds(stop, doors).run()
