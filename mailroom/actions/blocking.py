"""Addresses and domains whose mails are spam, and which get nothing automatic."""

from __future__ import annotations

import re

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from customers.actions import clean_email
from mailroom.models import Mailbox
from outbox.headers import clean_text, default_sender
from outbox.models import Block, Sender

_DOMAIN = re.compile(r"(?=.{1,250}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}\Z")
NOTE_CHARS = 200


@transaction.atomic
def block_sender(pattern: str, *, by: User, note: str = "") -> Block:
    """Take no mails of an address any more, or of a whole domain (`@example.org`, with all below it). They are kept,
    as spam. Blocking it again changes nothing.

    Errors: PermissionDenied (a domain takes whoever runs the mailboxes); ValidationError code `invalid`,
    `invalid_email`, or `own` for one of ours.
    """
    pattern = pattern.strip().lower()
    is_domain = pattern.startswith("@")
    if not by.has_perm("mailroom.manage" if is_domain else "customers.block"):
        raise PermissionDenied
    if not is_domain:
        pattern = clean_email(pattern)
    elif not _DOMAIN.match(pattern[1:]):
        raise ValidationError(_("This is no domain."), code="invalid")
    if _is_ours(pattern):
        raise ValidationError(_("That is one of this desk’s own addresses."), code="own")
    values = {"note": clean_text(note, limit=NOTE_CHARS), "by": by}
    return Block.objects.get_or_create(pattern=pattern, defaults=values)[0]


@transaction.atomic
def unblock_sender(block: Block, *, by: User) -> None:
    """Take its mails again, from now on. Errors: PermissionDenied."""
    if not by.has_perm("mailroom.manage" if block.pattern.startswith("@") else "customers.block"):
        raise PermissionDenied
    Block.objects.filter(pk=block.pk).delete()


def _is_ours(pattern: str) -> bool:
    own = {default_sender()[1].lower(), *(sender.email.lower() for sender in Sender.objects.all())}
    for mailbox in Mailbox.objects.all():
        own |= mailbox.addresses
    own |= {email.lower() for email in User.objects.filter(is_active=True).values_list("email", flat=True)}
    if not pattern.startswith("@"):
        return pattern in own
    return any(f".{email.rpartition('@')[2]}".endswith(f".{pattern[1:]}") for email in own)
