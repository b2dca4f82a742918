"""Django's door to the outbox: sign-in links and the like, whose words are wiped once they have left."""

from collections.abc import Sequence
from email.utils import parseaddr
from uuid import uuid4

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from outbox.actions import queue_mail


class OutboxBackend(BaseEmailBackend):
    """Puts every recipient's mail into the outbox as one of its own, so that nobody sees the others."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return sum(_queue(message) for message in email_messages)


def _queue(message: EmailMessage) -> int:
    if message.attachments:
        raise ValueError("The outbox takes no attachments from Django's mail functions.")
    people = message.recipients()
    html = next((body for body, kind in getattr(message, "alternatives", []) if kind == "text/html"), "")
    for person in people:
        queue_mail(
            kind="account",
            to=[parseaddr(person)],
            subject=str(message.subject),
            text=str(message.body),
            html=str(html),
            dedupe_key=f"account:{uuid4()}",
            is_automatic=True,
            is_secret=True,
        )
    return 1 if people else 0
