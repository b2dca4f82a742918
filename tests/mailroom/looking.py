"""What tests of the pages of mail look at."""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from mailroom.models import RawMail, RawText
from tickets.actions import add_attachment, post_message
from tickets.models import Letter, Message


def letter_on(ticket: Any, by: Any, *, body: str = "Hello?", files: Any = (), **letter: Any) -> Message:
    """A message that came by mail."""
    kept = [
        add_attachment(SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode()), by=by)
        for name, content in files
    ]
    message = post_message(ticket, by=by, body=body, attachments=[str(file.pk) for file in kept])
    Letter.objects.create(message=message, **{"from_email": "carla@example.org", "from_name": "Carla Cortez"} | letter)
    return message


def raw_mail(*, raw: bytes = b"Subject: Hello\r\n\r\nHello?\r\n", **said: Any) -> RawMail:
    """A mail that came in, as its row says."""
    values = {"source": "imap", "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest(), "subject": "Hello"}
    mail = RawMail.objects.create(**values | said)
    RawText.objects.create(mail=mail, packed=RawText.pack(raw))
    return mail
