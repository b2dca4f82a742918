"""What the clock, and a nudge, start for mails that came in."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts.models import Desk
from mailroom.actions.forgetting import forget_texts
from mailroom.actions.handling import handle
from mailroom.models import RawMail

log = logging.getLogger(__name__)
SECONDS = 8.0  # shorter than the clock's beat, so that sweeps do not pile up
BATCH = 20


@shared_task
def handle_mail(mail_id: str) -> None:
    """See to one mail now, if nobody has yet. The tick finds it if this never runs."""
    mail = RawMail.objects.filter(pk=mail_id).first()
    if mail is not None:
        handle(mail)


@shared_task
def handle_due(seconds: float = SECONDS) -> int:
    """See to what is due until nothing is left or the time is up; how many mails. Workers share them."""
    stop_at, count = time.monotonic() + seconds, 0
    while time.monotonic() < stop_at:
        due = list(RawMail.objects.due(timezone.now())[:BATCH])
        with Desk.read_once():
            ended = sum(handle(mail).handled_at is not None for mail in due if time.monotonic() < stop_at)
        count += ended
        if not ended:  # others have what is left, or it must wait
            break
    return count


@shared_task
def forget_old_mails() -> int:
    """Delete what was received of mails that ended long ago; how many. What became of them stays known."""
    return forget_texts(older_than=timezone.now() - timedelta(days=settings.RAW_MAIL_DAYS))
