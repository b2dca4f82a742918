"""What the clock starts for figures, and what the outbox asks before it sends."""

from __future__ import annotations

import logging
import time

from celery import shared_task
from django.utils import timezone

from accounts.models import Desk, User
from outbox.models import Mail
from reports.actions import count_past, forget_pictures, send_mailing, sweep
from reports.actions.mailing import PICTURES_KEPT
from reports.models import Mailing

log = logging.getLogger(__name__)
COUNTING_SECONDS = 4  # and then the next tick goes on, so that one worker at most is busy with it


@shared_task
def count_facts() -> int:
    """Count what happened since the last time, and then more of the past; returns how many batches it were. Two clocks
    are harmless: one of them counts."""
    batches, idle, end = 0, 0, time.monotonic() + COUNTING_SECONDS
    while idle < 2 and time.monotonic() < end:  # a first look learns how far it may go, a second one goes
        has_moved = sweep()
        batches, idle = batches + has_moved, 0 if has_moved else idle + 1
    while count_past() and time.monotonic() < end:
        batches += 1
    return batches


@shared_task
def send_due_mailings() -> int:
    """Send the reports that are due by mail; returns how many mails that made. Two clocks are harmless: rows are
    claimed."""
    sent, now = 0, timezone.now()
    with Desk.read_once():
        for mailing in Mailing.objects.due(now).select_related("report", "made_by"):
            try:
                sent += send_mailing(mailing, now=now)
            except Exception:
                log.exception("mailing %s failed", mailing.pk)  # it stays due, and the others go
    return sent


@shared_task
def forget_old_pictures() -> int:
    """Delete the charts of mails that left long ago; returns how many."""
    return forget_pictures(older_than=timezone.now() - PICTURES_KEPT)


def guard_report(mail: Mail) -> str | None:
    """Figures do not leave to somebody who may not see them any more."""
    user = User.objects.filter(email__iexact=mail.recipients.get().email).first()
    return None if user and user.has_perm("reports.view") else "may see no figures"
