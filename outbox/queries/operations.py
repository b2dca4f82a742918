"""How sending goes: what the operations page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from outbox.models import Attempt, Mail, MailQuerySet, MailState, Outcome, Sending, Trouble
from outbox.queries.faults import oldest_due
from outbox.queries.rates import BounceRate, bounce_rate, sending_now


@dataclass(frozen=True)
class Operations:
    """The state of sending at one moment."""

    sending: Sending
    waiting: int
    planned: int  # for later, or until the next try
    being_sent: int
    oldest_due: datetime | None
    taken_last_hour: int
    bounces: BounceRate
    troubles: list[Trouble]

    @property
    def is_held(self) -> bool:
        """Whether what is automatic waits for a person."""
        return self.sending.held_at is not None


def operations(now: datetime) -> Operations:
    counts = Mail.objects.filter(state__in=[MailState.PENDING, MailState.SENDING]).aggregate(
        waiting=Count("pk", filter=Q(state=MailState.PENDING, next_at__lte=now)),
        planned=Count("pk", filter=Q(state=MailState.PENDING, next_at__gt=now)),
        being_sent=Count("pk", filter=Q(state=MailState.SENDING)),
    )
    return Operations(
        sending=sending_now(),
        **counts,
        oldest_due=oldest_due(now),
        taken_last_hour=Attempt.objects.taken().since(now - timedelta(hours=1)).count(),
        bounces=bounce_rate(now),
        troubles=troubles_now(),
    )


def troubles_now() -> list[Trouble]:
    """What administrators are told of, the longest first; each knows what it is (`said`)."""
    return list(Trouble.objects.all())


def troubled(state: str, *, before: datetime | None = None) -> MailQuerySet:
    """Mails that failed or are in doubt (`failed`, `unknown`), or still wait (`pending`), newest first, with those
    they go to and every try."""
    mails = Mail.objects.filter(state=state).prefetch_related("recipients", "tries").order_by("-created_at", "pk")
    return mails.filter(created_at__lt=before) if before else mails


def metrics(now: datetime) -> dict[str, float]:
    """Figures for monitoring, by name."""
    now_going = operations(now)
    tries = Attempt.objects.since(now - timedelta(hours=1)).order_by().values_list("outcome")
    by_outcome = dict(tries.annotate(Count("pk")))
    return {
        "waiting": now_going.waiting,
        "planned": now_going.planned,
        "oldest_due_seconds": (now - now_going.oldest_due).total_seconds() if now_going.oldest_due else 0,
        "is_stopped": float(now_going.sending.is_stopped),
        "is_held": float(now_going.is_held),
        "troubles": len(now_going.troubles),
        **{f"tries_{outcome.value}": by_outcome.get(outcome.value, 0) for outcome in Outcome},
    }
