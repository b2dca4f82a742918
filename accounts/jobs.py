"""What the clock starts for the installation as a whole."""

from celery import shared_task
from django.utils import timezone

from accounts import limits
from accounts.models import Heartbeat


@shared_task
def beat() -> None:
    """Write down that clock, broker and worker together are alive."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})


@shared_task
def forget_spent_limits() -> None:
    limits.forget_spent()
