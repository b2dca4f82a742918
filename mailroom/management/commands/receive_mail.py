"""`manage.py receive_mail [FILE…]`: mails from files, or one from standard input as a mail server's pipe hands it over.

Each goes the whole way of incoming mail; one JSON line says what became of it. Nothing that stands in a mail makes the
command fail. If it cannot be stored the exit status is 75, which tells a mail server to keep it and try again.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from mailroom.actions import handle, take_in
from mailroom.models import Mailbox, RawMail, Source

NO_INPUT, TRY_AGAIN = 66, 75  # of sysexits.h
_MBOX_LINE = re.compile(rb"\A>?From [^\r\n]*\r?\n")


class Command(BaseCommand):
    help = "Take in raw mails from files, or one from standard input, and print a JSON line for each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", metavar="FILE", help="a raw mail; - or nothing: standard input")
        parser.add_argument("--mailbox", type=int, help="the mailbox's id; else it is the one it was sent to")
        parser.add_argument("--sender", help="the envelope's sender; '' for the null sender")
        parser.add_argument("--recipient", action="append", default=[], help="whom the envelope names; can be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        mailbox = None
        if options["mailbox"] is not None:
            mailbox = Mailbox.objects.filter(pk=options["mailbox"]).first()
            if mailbox is None:
                raise CommandError(f"There is no mailbox {options['mailbox']}.")
        status = 0
        for name in options["files"] or ["-"]:
            try:
                raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            except OSError as error:
                self.stderr.write(f"{name}: {error.strerror or error}")
                status = NO_INPUT
                continue
            mail = self._take(raw, mailbox, options)
            self._say(name, mail)
        if status:
            sys.exit(status)

    def _take(self, raw: bytes, mailbox: Mailbox | None, options: dict[str, Any]) -> RawMail:
        try:
            mail = take_in(
                _MBOX_LINE.sub(b"", raw, count=1),
                source=Source.PIPE,
                mailbox=mailbox,
                envelope_from=options["sender"],
                envelope_to=options["recipient"],
            )
        except DatabaseError as error:
            self.stderr.write(f"It cannot be stored now: {error}")
            sys.exit(TRY_AGAIN)
        try:
            return handle(mail)
        except DatabaseError as error:  # it is stored: a worker goes on with it
            self.stderr.write(f"It is stored, and waits: {error}")
            return mail

    def _say(self, name: str, mail: RawMail) -> None:
        words = {"file": name, "state": str(mail.state), "reason": mail.reason, "ticket": mail.ticket_id}
        self.stdout.write(json.dumps(words, ensure_ascii=True))
