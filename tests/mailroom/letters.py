"""Mails as customers' programs write them."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

from django.utils import timezone

SERVER = "mx.bellwether.example"  # whose word on who wrote a mail is taken
SUPPORT = "support@bellwether.example"
PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)


def letter(
    text: str = "The tyre is wrong.",
    *,
    sender: str = "Carla Cortez <carla@example.org>",
    to: str = SUPPORT,
    subject: str = "My order",
    proof: str | None = "pass",
    answers: str = "",
    html: str = "",
    message_id: str = "",
    headers: dict[str, str] | None = None,
    files: tuple[tuple[str, str, bytes], ...] = (),
    **more: Any,
) -> bytes:
    """A mail. `proof` is what our server says of its sender: `pass`, `fail`, or None for nothing."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(more.get("date") or timezone.now())
    mail["Message-ID"] = message_id or make_msgid(domain="example.org")
    if more.get("cc"):
        mail["Cc"] = more["cc"]
    if answers:
        mail["In-Reply-To"] = mail["References"] = answers
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, kind, data in files:
        main, _slash, sub = kind.partition("/")
        mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
    raw = mail.as_bytes()
    domain = sender.rpartition("@")[2].strip("> ")
    said = {"pass": f"dmarc=pass header.from={domain}", "fail": f"dmarc=fail header.from={domain}"}
    return _said(said[proof]) + raw if proof else _said("spf=none") + raw


def _said(result: str) -> bytes:
    return f"Authentication-Results: {SERVER}; {result}\r\n".encode()
