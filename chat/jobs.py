"""What the clock starts for chats."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from chat.actions import forget_rings, forget_trails, take_back_abandoned_chats


@shared_task
def take_back_abandoned() -> int:
    """Let those chats ring again whose customer waits for somebody who has gone; returns how many."""
    return take_back_abandoned_chats(now=timezone.now())


@shared_task
def forget_old_rings() -> int:
    """Delete what rang long ago; returns how many rows."""
    return forget_rings(now=timezone.now())


@shared_task
def forget_old_trails() -> int:
    """Delete which pages visitors opened a month ago, and where those came from who have not come since."""
    return forget_trails(now=timezone.now())
