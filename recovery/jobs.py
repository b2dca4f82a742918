"""What the clock starts for making good."""

from __future__ import annotations

import logging
import time

from celery import shared_task
from django.utils import timezone

from accounts.models import Desk
from recovery.actions.considering import READ, decide, questions
from recovery.actions.considering import consider as consider_event
from recovery.actions.reminding import note_abandoned_chats, note_contacts, remind_of_overdue
from tickets.actions import read_log

log = logging.getLogger(__name__)
BATCH = 200
READER = "recovery"
DECIDING_SECONDS = 40  # what is left is decided at the next tick


@shared_task
def consider() -> int:
    """Read what has happened, and open the cases that are asked for; returns how many questions were decided.

    Two clocks are harmless: one of them reads the log, and each question is claimed.
    """
    with Desk.read_once():
        read_log(READER, consider_event, types=READ)
    return decide_questions()


def decide_questions() -> int:
    """Decide what was asked, each question in a transaction of its own; returns how many."""
    done, end = 0, time.monotonic() + DECIDING_SECONDS
    for question in questions(limit=BATCH):
        try:
            done += decide(question) is not None
        except Exception:
            log.exception("question %s could not be decided", question.pk)  # the others can; it stays
        if time.monotonic() > end:
            break
    return done


@shared_task
def watch_over_cases() -> int:
    """Note first touches, and tell of what is overdue; returns how many cases that concerned."""
    now = timezone.now()
    return note_contacts(now=now) + remind_of_overdue(now=now)


@shared_task
def note_abandoned() -> int:
    """Write down which customers have left the queue of a chat; returns how many."""
    return note_abandoned_chats(now=timezone.now())
