"""What became of mails is said on the ticket."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from outbox.models import Mail, RecipientState
from tickets.actions._rules import lock
from tickets.emails import TO_OTHERS
from tickets.events import record
from tickets.models import Event
from tickets.queries import ticket_of

LOST = (RecipientState.FAILED, RecipientState.UNKNOWN, RecipientState.SUPPRESSED)


@transaction.atomic
def report_mail_trouble(mail: Mail) -> Event | None:
    """Record `mail.failed`, once a mail, so that whoever works the ticket learns of it."""
    ticket = ticket_of(mail)
    if ticket is None:
        return None
    ticket = lock(ticket)
    if ticket.events.filter(type="mail.failed", data__mail=str(mail.pk)).exists():
        return None
    data: dict[str, Any] = {"mail": str(mail.pk), "kind": mail.kind, "state": mail.state}
    data["reason"] = mail.reason or mail.smtp_reply
    if mail.kind in TO_OTHERS:
        data["to"] = [person.email for person in mail.recipients.filter(state__in=LOST)]
    return record(ticket, "mail.failed", by=None, data=data)
