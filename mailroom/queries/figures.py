"""Figures of what comes in, for whoever watches over the installation."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Sum

from mailroom.models import Mailbox, RawMail, State
from mailroom.queries.faults import fetching_faults


def incoming(now: datetime) -> dict[str, float]:
    """By name; what they mean is said in `helpdesk/figures.py`."""
    due = RawMail.objects.due(now)
    oldest = due.values_list("next_at", flat=True).first()
    lately = RawMail.objects.filter(state=State.QUARANTINE, received_at__gt=now - timedelta(days=1))
    return {
        "waiting": due.count(),
        "oldest_due_seconds": (now - oldest).total_seconds() if oldest else 0,
        "quarantined": lately.count(),
        "failing": len(list(fetching_faults(now))),
        "missing": Mailbox.objects.filter(is_active=True).aggregate(Sum("missing"))["missing__sum"] or 0,
    }
