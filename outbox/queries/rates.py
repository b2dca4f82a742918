"""Whether mails leave, and how many of them come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from outbox.models import Attempt, Outcome, Sending

COUNTED = timedelta(hours=1)
FEWEST = 5  # mails that came back, before their share says anything


@dataclass(frozen=True)
class BounceRate:
    """Of the mails of the last hour that were taken or refused for good: how many came back or were refused."""

    mails: int
    bounced: int
    limit: int  # of a hundred

    @property
    def percent(self) -> float:
        return 100 * self.bounced / self.mails if self.mails else 0.0

    @property
    def is_too_much(self) -> bool:
        return self.bounced >= FEWEST and self.percent >= self.limit


def sending_now() -> Sending:
    """Whether and how fast mails leave; as usual, where nobody has said anything."""
    return Sending.objects.select_related("stopped_by").first() or Sending()


def bounce_rate(now: datetime) -> BounceRate:
    """As far as it counts: what was before somebody let mails go on is forgiven."""
    sending = sending_now()
    since = max(now - COUNTED, sending.counted_from or now - COUNTED)
    bad = Q(outcome__in=[Outcome.NEVER, Outcome.BOUNCED])
    tries = Attempt.objects.since(since).filter(bad | Q(outcome=Outcome.TAKEN))
    # Of what came back, the taking before it was not counted yet or is counted too: a mail is one mail.
    counted = tries.aggregate(mails=Count("pk", filter=~Q(outcome=Outcome.BOUNCED)), bounced=Count("pk", filter=bad))
    return BounceRate(max(counted["mails"], counted["bounced"]), counted["bounced"], sending.bounces_stop_at)
