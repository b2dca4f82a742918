"""Whether mails leave at all, and how fast."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from outbox.headers import clean_text
from outbox.models import Mail, Sending

WHY_CHARS = 200


@transaction.atomic
def stop_sending(sending: Sending | None = None, *, by: User, why: str = "") -> Sending:
    """Let no mail leave any more but sign-in links and the like; what is promised waits. Errors: PermissionDenied."""
    row = _locked(by)
    if not row.is_stopped:
        row.is_stopped, row.stopped_at, row.stopped_by = True, timezone.now(), by
        row.stopped_why = clean_text(why, limit=WHY_CHARS)
        row.save(update_fields=["is_stopped", "stopped_at", "stopped_by", "stopped_why"])
    return row


@transaction.atomic
def go_on(sending: Sending | None = None, *, by: User) -> Sending:
    """Let mails leave again, all of them; what came back until now counts no more. No mail is given up for the time
    that it waited. Errors: PermissionDenied."""
    row, now = _locked(by), timezone.now()
    begun = [at for at in (row.stopped_at if row.is_stopped else None, row.held_at) if at]
    if begun:
        waited = now - min(begun)
        Mail.objects.pending().filter(created_at__lt=now).update(give_up_at=F("give_up_at") + waited)
        row.is_stopped, row.stopped_at, row.stopped_by, row.stopped_why = False, None, None, ""
        row.held_at, row.counted_from = None, now
        row.save()
    return row


@transaction.atomic
def change_limits(
    sending: Sending | None = None, *, by: User, per_recipient: int, per_domain: int, bounces_stop_at: int
) -> Sending:
    """How many mails one address and one domain get in ten minutes, and from how many of a hundred that come back what
    is automatic waits for a person. Errors: PermissionDenied; ValidationError code `invalid`."""
    row = _locked(by)
    for field, value, highest in (
        ("per_recipient", per_recipient, 10_000),
        ("per_domain", per_domain, 1_000_000),
        ("bounces_stop_at", bounces_stop_at, 100),
    ):
        if not 1 <= value <= highest:
            words = _("A number from 1 to %(highest)s.") % {"highest": highest}
            raise ValidationError({field: ValidationError(words, code="invalid")})
        setattr(row, field, value)
    row.save(update_fields=["per_recipient", "per_domain", "bounces_stop_at"])
    return row


def _locked(by: User) -> Sending:
    if not by.has_perm("outbox.manage"):
        raise PermissionDenied
    Sending.objects.get_or_create()
    return Sending.objects.select_for_update(of=("self",)).get()
