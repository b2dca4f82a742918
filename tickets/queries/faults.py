"""What is late among what the clock does for tickets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from outbox.policy import Fault
from tickets.models import FollowUp, ScheduledReply

LATE = timedelta(minutes=5)


def late_work(now: datetime) -> Iterator[Fault]:
    """Asked by the clock; if that stands still itself, `/readyz` says so."""
    due = [
        FollowUp.objects.due(now).values_list("due_at", flat=True).first(),
        ScheduledReply.objects.due(now).values_list("send_at", flat=True).first(),
    ]
    if any(at and now - at > LATE for at in due):
        yield Fault("tickets.late", gettext_noop("Follow-ups or replies that are due are more than five minutes late."))
