"""How far the log is counted, by which opening hours, and whether counting keeps up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from accounts.models import Calendar
from outbox.policy import Fault
from reports.models import Counting
from tickets.models import Event, EventMark, Ticket

READER = "reports"  # of the log
LATE = timedelta(minutes=15)


def counted_until() -> datetime | None:
    """Everything that happened on conversations begun after this moment is counted; of older ones some is not yet.
    None: everything is counted."""
    row = Counting.objects.first()
    waiting = Ticket.objects.all() if row is None else Ticket.objects.filter(pk__lte=row.left)
    if row is not None and not row.left:
        return None
    return waiting.order_by("-pk").values_list("created_at", flat=True).first()


def calendars_by_site() -> dict[int, Calendar]:
    """Whose hours count for the tickets of each site; a site without any is always open."""
    calendars = Calendar.objects.filter(sites__isnull=False).prefetch_related("sites")
    return {site.pk: calendar for calendar in calendars.distinct() for site in calendar.sites.all()}


def hours_digest() -> str:
    """Another one as soon as a length could be another one."""
    hours = {
        str(site): [calendar.time_zone, calendar.hours, calendar.holidays]
        for site, calendar in calendars_by_site().items()
    }
    return hashlib.sha256(json.dumps(hours, sort_keys=True).encode()).hexdigest()


def behind(now: datetime) -> timedelta:
    """How long ago the oldest event happened that nobody has read for certain; nothing where all are read, or reading
    has not begun."""
    done = EventMark.objects.filter(reader=READER).values_list("done_id", flat=True).first()
    if done is None:
        return timedelta(0)
    oldest = Event.objects.filter(pk__gt=done).order_by("pk").values_list("at", flat=True).first()
    return max(now - oldest, timedelta(0)) if oldest else timedelta(0)


def left_to_count() -> int:
    """How many numbers of tickets the past still has; 0 where all is counted."""
    row = Counting.objects.first()
    if row is not None:
        return row.left
    return Ticket.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def counting_faults(now: datetime) -> Iterator[Fault]:
    """Asked by the clock; if that stands still itself, `/readyz` says so."""
    if behind(now) > LATE:
        yield Fault("reports.late", gettext_noop("The figures of reports are more than fifteen minutes behind."))
