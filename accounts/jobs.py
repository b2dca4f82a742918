"""What the clock starts for the installation as a whole."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from accounts import limits
from accounts.models import Heartbeat


@shared_task
def beat() -> None:
    """Write down that clock, broker and worker together are alive."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})


@shared_task
def forget_spent() -> None:
    """Delete what no longer counts: windows of limits that are over, sessions that have expired."""
    limits.forget_spent()
    SessionStore.clear_expired()
