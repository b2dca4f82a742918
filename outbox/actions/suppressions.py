"""Addresses that get no mail are let go again."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from outbox.models import Suppression
from outbox.policy import Why

# Whose decision it was not: a server may have been wrong, and one of us may change their mind.
OURS = (Why.BOUNCE, Why.MANUAL)


def release_address(entry: Suppression, *, by: User) -> None:
    """Send to this address again. Whoever unsubscribed or complained decided that themselves.

    Errors: PermissionDenied; ValidationError code `theirs`.
    """
    if not by.has_perm("outbox.manage"):
        raise PermissionDenied
    if entry.reason not in OURS:
        raise ValidationError(_("They decided that themselves, and only they can change it."), code="theirs")
    Suppression.objects.filter(pk=entry.pk, reason__in=OURS).delete()
