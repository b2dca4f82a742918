"""What tests of the pages of mail look at."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

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
