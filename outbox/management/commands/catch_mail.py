"""Keep every mail that leaves in development, so that it can be read at /mail/."""

import logging
import signal
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from outbox.catcher import catching


class Command(BaseCommand):
    help = "Catch all outgoing mail on 127.0.0.1 and keep it for /mail/ (development only)."

    def handle(self, *_args: Any, **_options: Any) -> None:
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # not every word of every session
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with catching("127.0.0.1", settings.MAIL_PORT):
            self.stdout.write(f"Catching mail on 127.0.0.1:{settings.MAIL_PORT}.")
            stop.wait()
