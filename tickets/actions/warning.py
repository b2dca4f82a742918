"""Whoever has a ticket hears of it before a promise breaks there: once, while a quarter of its time is left."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Desk
from tickets.actions._rules import lock
from tickets.actions.promising import has_unread
from tickets.events import record
from tickets.models import PromiseRun

log = logging.getLogger(__name__)
BATCH = 500


@Desk.read_once()
def warn_of_promises(now: datetime | None = None) -> int:
    """Say on their tickets which promises have little time left; returns how many. Two clocks are harmless: each is
    claimed under its ticket's lock. Where nobody has the ticket yet, it is said once somebody does."""
    at, warned = now or timezone.now(), 0
    for run in _near(at)[:BATCH]:
        try:
            warned += _warn(run, at)
        except Exception:
            log.exception("nobody could be warned of run %s of a promise", run.pk)  # the others must be
    return warned


def _near(now: datetime) -> QuerySet[PromiseRun]:
    rows = PromiseRun.objects.filter(state=PromiseRun.State.RUNNING, ended_at=None, warn_at__lte=now, due_at__gt=now)
    rows = rows.filter(ticket__assignee__isnull=False, ticket__trashed_at=None, ticket__customer__is_blocked=False)
    return rows.select_related("ticket").order_by("warn_at", "pk")


@transaction.atomic
def _warn(near: PromiseRun, now: datetime) -> bool:
    """Not while something on the ticket is unread: it may have been kept. Records `promise.near`."""
    ticket = lock(near.ticket)
    rows = PromiseRun.objects.select_for_update(of=("self",), skip_locked=True).select_related("promise")
    run = rows.filter(pk=near.pk, state=PromiseRun.State.RUNNING, ended_at=None, warn_at__lte=now).first()
    if run is None or run.due_at is None or ticket.assignee_id is None or has_unread(ticket):
        return False
    run.warn_at = None
    run.save(update_fields=["warn_at"])
    data = {"promise": run.promise_id, "run": run.pk, "words": run.promise.words, "due_at": run.due_at.isoformat()}
    record(ticket, "promise.near", by=None, data=data)
    return True
