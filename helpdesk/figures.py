"""Figures of our own for /metrics, read from the database when they are asked for."""

from __future__ import annotations

from django.utils import timezone
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from accounts.models import Heartbeat
from mailroom.queries.figures import incoming
from outbox.models import Outcome
from outbox.queries.operations import metrics
from recovery.jobs import LEDGER_PROVED
from recovery.models import LedgerAlarm
from reports.queries.counting import behind, left_to_count

FIGURES = {
    "waiting": "Mails that should leave now.",
    "planned": "Mails for later, or until their next try.",
    "oldest_due_seconds": "How long ago the oldest of those that may leave should have left.",
    "is_stopped": "1 while somebody has stopped all mails.",
    "is_held": "1 while automatic mails wait because too many came back.",
    "troubles": "What administrators are told of.",
    **{f"tries_{one.value}": f"Tries of the last hour: {one.name.lower().replace('_', ' ')}." for one in Outcome},
}

INCOMING = {
    "waiting": "Mails that came in and should be seen to now.",
    "oldest_due_seconds": "How long ago the oldest of those should have been seen to.",
    "quarantined": "Mails of the last day that could not be read or handled.",
    "failing": "Mailboxes that mails do not come in by.",
    "missing": "Mails in the folders of mailboxes that are not here, as last counted.",
}

REPORTS = {
    "behind_seconds": "How long ago the oldest event happened that reports have not counted for certain.",
    "tickets_left": "Up to which ticket the past is still to be counted; 0: all of it is.",
}


def open_alarms() -> int:
    """How often the ledger and the offers disagree, and nobody has settled it."""
    return LedgerAlarm.objects.filter(settled_at=None).count()


def own_figures() -> bytes:
    """As Prometheus reads it: open alarms of the ledger, and when it was proved last (seconds of the epoch)."""
    registry = CollectorRegistry()
    alarms = Gauge("makegood_ledger_alarms", "Where the ledger and the offers disagree.", registry=registry)
    alarms.set(open_alarms())
    beat = Heartbeat.objects.filter(name=LEDGER_PROVED).first()
    if beat is not None:
        help_text = "When the ledger was last held against the offers, in seconds of the epoch."
        Gauge("makegood_ledger_proved_seconds", help_text, registry=registry).set(beat.at.timestamp())
    for name, value in metrics(timezone.now()).items():
        Gauge(f"makegood_outbox_{name}", FIGURES[name], registry=registry).set(value)
    for name, value in incoming(timezone.now()).items():
        Gauge(f"makegood_mailroom_{name}", INCOMING[name], registry=registry).set(value)
    counting = {"behind_seconds": behind(timezone.now()).total_seconds(), "tickets_left": left_to_count()}
    for name, value in counting.items():
        Gauge(f"makegood_reports_{name}", REPORTS[name], registry=registry).set(value)
    return generate_latest(registry)
