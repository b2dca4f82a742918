"""Figures of what comes in, for whoever watches over the installation."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from mailroom.models import Mailbox, RawMail, State
from mailroom.queries.faults import faults_of


def incoming(now: datetime) -> dict[str, float]:
    """By name; what they mean is said in `helpdesk/figures.py`. Two questions."""
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    due = Q(free, state=State.NEW, next_at__lte=now)
    lately = Q(state=State.QUARANTINE, received_at__gt=now - timedelta(days=1))
    rows = RawMail.objects.filter(due | lately).aggregate(
        waiting=Count("pk", filter=due), oldest=Min("next_at", filter=due), quarantined=Count("pk", filter=lately)
    )
    boxes = list(Mailbox.objects.filter(is_active=True))
    return {
        "waiting": rows["waiting"],
        "oldest_due_seconds": (now - rows["oldest"]).total_seconds() if rows["oldest"] else 0,
        "quarantined": rows["quarantined"],
        "failing": len(list(faults_of(boxes, now))),
        "missing": sum(box.missing for box in boxes),
    }
