"""A mail to oneself, to see how it leaves and what arrives."""

from __future__ import annotations

import uuid

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from accounts.models import User
from outbox.actions import queue_mail
from outbox.models import Mail, Sender
from tickets.macros import signature_of


def send_test(sender: Sender, *, by: User) -> Mail:
    """From this address to whoever asks, by the way that its mails take. Errors: PermissionDenied."""
    if not by.has_perm("outbox.manage"):
        raise PermissionDenied
    words = _("This mail came from %(email)s by the way that all mails of this address take. They end like this:")
    said = words % {"email": sender.email}
    return queue_mail(
        kind="test",
        to=[(by.name, by.email)],
        subject=_("A test of %(email)s") % {"email": sender.email},
        text=f"{said}\n\n{signature_of(by, team=sender.team, sender=sender)}",
        sender=sender,
        reply_to=sender.reply_to,
        dedupe_key=f"test:{uuid.uuid4()}",
    )
