"""A customer gets a conversation by mail."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from outbox.models import Mail, MailState
from tickets import emails
from tickets.actions._rules import Actor, lock, require
from tickets.events import record
from tickets.models import Ticket

COPIES_A_DAY = 5


@transaction.atomic
def mail_copy(ticket: Ticket, *, by: Actor, at: datetime | None = None) -> Mail:
    """Mail a conversation, as its customer sees it, to the newest address that they have proved to be theirs.

    Asked again while nothing was added, it is the same mail, sent once. Errors: PermissionDenied; ValidationError
    with code `unverified` (no such address), `rate_limited` (more than 5 in 24 hours) or `invalid` (mails to the
    address come back).
    """
    ticket = lock(ticket)
    require(by, "tickets.reply", ticket)
    address = ticket.customer.address
    if address is None or not address.is_verified:
        raise ValidationError(_("No address is verified yet."), code="unverified")
    key = f"transcript:{ticket.reference}:{ticket.public_last_seq}:{address.pk}"
    sent = Mail.objects.filter(dedupe_key=key).first()
    if sent is not None:
        return sent
    now = at or timezone.now()
    if ticket.events.filter(type="copy.mailed", at__gt=now - timedelta(days=1)).count() >= COPIES_A_DAY:
        raise ValidationError(_("That is enough copies for today."), code="rate_limited")
    mail = emails.copy(ticket, address, dedupe_key=key)
    if mail.state == MailState.CANCELLED:
        raise ValidationError(_("Mails to this address come back."), code="invalid")
    record(ticket, "copy.mailed", by=by, at=at, data={"mail": str(mail.pk)})
    return mail
