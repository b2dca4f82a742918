"""What the clock does: send what is due, decide about what a dead sender left behind, and look for what is wrong."""

from time import monotonic

from celery import shared_task
from django.utils import timezone

from outbox import actions, claims
from outbox.tasks import send_claimed
from outbox.transport import Ways

SECONDS = 8.0  # shorter than the clock's beat, so that sweeps do not pile up on a slow server


@shared_task(ignore_result=True)
def send_due(seconds: float = SECONDS) -> int:
    """Send due mails, over one connection for each way out, until none is left or the time is up; their number."""
    claims.release_abandoned(timezone.now())
    stop_at = monotonic() + seconds
    count = 0
    with Ways() as ways:
        while monotonic() < stop_at and (mail := claims.claim(ways.open_ones())):
            count += 1
            send_claimed(mail, ways)
    return count


@shared_task(ignore_result=True)
def watch_over() -> int:
    """Tell administrators of what is wrong; how much is."""
    return actions.watch_over()
