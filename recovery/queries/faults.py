"""What the nightly proof of the ledger found, and nobody has settled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext_noop

from outbox.policy import Fault
from recovery.models import LedgerAlarm


def ledger_faults(now: datetime) -> Iterator[Fault]:  # noqa: ARG001, all sources are asked alike
    if count := LedgerAlarm.objects.filter(settled_at=None).count():
        words = gettext_noop("The ledger and the offers disagree in so many places: %(count)s.")
        yield Fault("recovery.ledger", words, {"count": count})
