"""The nightly proof that the ledger equals the offers, and what is done about it when it does not."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from recovery.actions._locking import lock_offer
from recovery.models import LedgerAlarm, Offer
from recovery.queries.ledger import faults_of, suspects
from tickets.actions._rules import clean_line, require

NOTE_CHARS = 500


def prove_ledger() -> int:
    """Compare every offer with the ledger; returns how many new alarms there are. What is known is not said again."""
    return sum(_raise_alarms(offer) for offer in suspects())


@transaction.atomic
def _raise_alarms(offer: Offer) -> int:
    """Look again under the offer's lock: what changed between two looks is no fault."""
    locked = lock_offer(offer)
    faults = faults_of(locked)
    known = set(LedgerAlarm.objects.filter(offer=locked, settled_at=None).values_list("what", flat=True))
    new = [LedgerAlarm(offer=locked, what=fault) for fault in faults if fault not in known]
    LedgerAlarm.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


@transaction.atomic
def settle_alarm(alarm: LedgerAlarm, *, by: User, note: str, at: datetime | None = None) -> LedgerAlarm:
    """Somebody has looked into it, and says how it was settled. If it is still wrong, the next proof says so again.

    Errors: PermissionDenied; ValidationError code `empty`.
    """
    require(by, "recovery.manage")
    alarm = LedgerAlarm.objects.select_for_update(of=("self",)).get(pk=alarm.pk)
    if alarm.settled_at is not None:
        return alarm
    alarm.note = clean_line(note, NOTE_CHARS)
    if not alarm.note:
        raise ValidationError(_("Say how it was settled."), code="empty")
    alarm.settled_by, alarm.settled_at = by, at or timezone.now()
    alarm.save(update_fields=["note", "settled_by", "settled_at"])
    return alarm
