"""Where mail servers hand mails to us, by SMTP or LMTP.

Only for addresses of our own: nothing is passed on, so nobody can relay through it. The server that hands a mail over
hears "250" once the mail is kept and committed, and never before; while it cannot be kept, it hears "451" and tries
again. It listens where MAIL_LISTEN says: keep that on this machine, or where only your own mail server reaches it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from mailroom.actions.taking_in import take_in
from mailroom.collecting import MOST_BYTES
from mailroom.models import Source
from mailroom.queries.receiving import recipient

MOST_RECIPIENTS = 100
MOST_SESSIONS = 50  # at once
SILENT_SECONDS = 60.0
_AGAIN = "451 4.3.0 It cannot be kept at this moment; try again"
_NO_NAME = re.compile(r"[^A-Za-z0-9.:_-]")  # what a caller calls itself could pass for what we say of it
T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Place:
    """Where to listen, and which of the two protocols is spoken there."""

    protocol: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.protocol}://{self.host}:{self.port}"


def places(addresses: list[str]) -> list[Place]:
    """What MAIL_LISTEN names, such as lmtp://127.0.0.1:2424. Errors: ImproperlyConfigured."""
    found = []
    for address in filter(None, (part.strip() for part in addresses)):
        try:
            parts = urlsplit(address)
            place = Place(parts.scheme, parts.hostname or "", parts.port or 0)
        except ValueError:
            place = Place("", "", 0)
        if place.protocol not in ("smtp", "lmtp") or not place.host or not place.port:
            raise ImproperlyConfigured(
                f"MAIL_LISTEN names {address!r}: write smtp://127.0.0.1:2525 or lmtp://127.0.0.1:2424."
            )
        found.append(place)
    return found


class Taker:
    """What becomes of what is said in a session."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            known = await _in_thread(lambda: recipient(address))
        except Exception:
            log.exception("recipient not looked up")
            return _AGAIN
        if known is None:
            return "550 5.1.1 Nobody of that address is here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = self._trace(server, session, envelope) + cast(bytes, envelope.content)
        sender, recipients = _sender(envelope), list(envelope.rcpt_tos)
        try:
            kept = await _in_thread(lambda: _keep(raw, sender, recipients))
        except Exception:
            log.exception("mail not kept")
            return _AGAIN
        return f"250 2.0.0 Kept as {kept}"

    def _trace(self, server: SMTP, session: Session, envelope: Envelope) -> bytes:
        """What every server puts above a mail that it takes (RFC 5321, 4.4).

        Who speaks LMTP is our own mail server. Its `Received` says where the mail came from; ours would only hide that.
        """
        lines = f"Return-Path: <{_clean(_sender(envelope))}>\r\n"
        if self.protocol == "smtp":
            peer = session.peer[0] if isinstance(session.peer, tuple) else "?"
            lines += (
                f"Received: from {_NO_NAME.sub('', session.host_name or '')[:253] or '?'} ([{peer}])\r\n"
                f"\tby {server.hostname} with {'ESMTP' if session.extended_smtp else 'SMTP'};\r\n\t{formatdate()}\r\n"
            )
        return lines.encode("utf-8", "replace")


def _sender(envelope: Envelope) -> str:
    return (envelope.mail_from or "").removeprefix("<").removesuffix(">")


def _clean(text: str) -> str:
    return "".join(char for char in text if char.isprintable() and char not in "<>()")[:320]


def _keep(raw: bytes, sender: str, recipients: list[str]) -> str:
    """Commit it; its key."""
    known = [found for address in recipients if (found := recipient(address))]
    mailbox = next((found.mailbox for found in known if found.mailbox), None)
    return str(take_in(raw, source=Source.SMTP, mailbox=mailbox, envelope_from=sender, envelope_to=recipients).pk)


async def _in_thread(work: Callable[[], T]) -> T:
    """The database must not hold up the other sessions; its connections end with the work, as they are rare."""

    def run() -> T:
        try:
            return work()
        finally:
            connection.close()

    return await asyncio.to_thread(run)


class _Bounded:
    """Limits that both protocols share."""

    line_length_limit = 2**20  # real mails have lines that no standard allows
    sessions = 0

    def connection_made(self, transport: Any) -> None:
        _Bounded.sessions += 1
        super().connection_made(transport)  # type: ignore[misc]
        if _Bounded.sessions > MOST_SESSIONS:
            transport.write(b"421 4.3.2 Too busy, come again\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        _Bounded.sessions -= 1
        super().connection_lost(error)  # type: ignore[misc]


class _Smtp(_Bounded, SMTP):
    pass


class _Lmtp(_Bounded, LMTP):
    """LMTP, with what aiosmtpd's leaves out: after the text, each recipient has an answer of its own (RFC 2033)."""

    _answers = 0  # due after the text

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self._answers = len(self.envelope.rcpt_tos) if self.envelope else 0
        try:
            await super().smtp_DATA(arg)
        finally:
            self._answers = 0

    async def push(self, status: Any) -> None:
        if self._answers > 1 and not status.startswith(("354", "503", "501")):
            status = "\r\n".join([status] * self._answers)
        await super().push(status)


class Listener(Controller):
    """A server at one place, on a thread of its own. `start` raises OSError if the place is taken."""

    def __init__(self, place: Place) -> None:
        self.place = place
        super().__init__(Taker(place.protocol), hostname=place.host, port=place.port, ready_timeout=10)

    def __str__(self) -> str:
        return str(self.place)

    def factory(self) -> SMTP:
        kind = _Lmtp if self.place.protocol == "lmtp" else _Smtp
        return kind(
            self.handler,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname=settings.SITE_HOST or "localhost",
            ident="Makegood",
            timeout=SILENT_SECONDS,
            loop=self.loop,
        )
