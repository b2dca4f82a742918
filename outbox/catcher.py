"""Development's letter box: a server that keeps every mail in a Maildir, and the reading of it."""

import mailbox
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings

ENVELOPE_HEADER = "X-Envelope-To"
_KEY = re.compile(r"(\d+)\.M(\d+)")


@dataclass(frozen=True)
class CaughtMail:
    """One mail that was caught, and the key it is kept under."""

    key: str
    at: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message.get("Subject", "")) or "(no subject)"

    @property
    def to(self) -> str:
        return str(self.message.get(ENVELOPE_HEADER, ""))

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    @property
    def page(self) -> str:
        """Its HTML with the pictures that came with it."""
        page = self.html
        for part in self.message.iter_attachments():
            if (known_as := str(part.get("Content-ID", "")).strip("<> ")) and part.get_content_maintype() == "image":
                data = b64encode(cast(bytes, part.get_payload(decode=True))).decode()
                page = page.replace(f"cid:{known_as}", f"data:{part.get_content_type()};base64,{data}")
        return page

    @property
    def files(self) -> list[tuple[str, int]]:
        """(name, size in bytes) of what is attached."""
        parts = list(self.message.iter_attachments())
        return [(part.get_filename() or "file", len(part.get_payload(decode=True) or b"")) for part in parts]

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        if part is None:
            return ""
        try:
            return str(part.get_content())
        except LookupError:  # a charset that nobody knows
            return cast(bytes, part.get_payload(decode=True)).decode("utf-8", "replace")


class Keep:
    """What the server does with a mail: take it, and write down for whom it was."""

    def __init__(self, box: mailbox.Maildir) -> None:
        self._box = box

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        to = ", ".join(envelope.rcpt_tos)
        self._box.add(f"{ENVELOPE_HEADER}: {to}\r\n".encode() + cast(bytes, envelope.content))
        return "250 Kept for the eyes of the developers"


@contextmanager
def catching(host: str, port: int) -> Iterator[Controller]:
    """A running server that keeps what it gets."""
    controller = Controller(Keep(_box()), hostname=host, port=port)
    controller.start()
    try:
        yield controller
    finally:
        controller.stop()


def newest(limit: int = 200) -> list[CaughtMail]:
    box = _box()
    keys = sorted(box.keys(), key=_time, reverse=True)
    return [_read(box, key) for key in keys[:limit]]


def find(key: str) -> CaughtMail | None:
    box = _box()
    return _read(box, key) if key in box else None


def box_path() -> Path:
    return Path(settings.DATA_DIR) / "mail"


def _box() -> mailbox.Maildir:
    return mailbox.Maildir(box_path(), create=True)


def _time(key: str) -> float:
    """Seconds since 1970, from a key such as 1763760000.M123456P12Q3.host (the Maildir convention)."""
    match = _KEY.match(key)
    return int(match[1]) + int(match[2]) / 1e6 if match else 0.0


def _read(box: mailbox.Maildir, key: str) -> CaughtMail:
    message: Any = message_from_bytes(box.get_bytes(key), policy=policy.default)
    return CaughtMail(key, datetime.fromtimestamp(_time(key), UTC), message)
