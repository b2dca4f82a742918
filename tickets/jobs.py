"""What the clock starts for tickets, and what the outbox asks before it sends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts.models import Desk, User
from outbox.models import Mail
from tickets.actions import (
    discard_unsent,
    drop_pointless,
    due_for,
    empty_removed_files,
    forget_bulk_replies,
    forget_notifications,
    forget_outreaches,
    forget_undos,
    index_due,
    mail_digest,
    notify,
    push_to,
    report_mail_trouble,
    run_follow_up,
    run_scheduled_reply,
    send_next_of,
    sweep_events,
    wake_ticket,
    write_next_of,
)
from tickets.actions.causes import move_merged_tickets
from tickets.actions.promising import break_promises, read_promises
from tickets.actions.warning import warn_of_promises
from tickets.models import BulkReply, BulkReplyRow, Event, FollowUp, Outreach, OutreachRow, ScheduledReply, Ticket
from tickets.queries import has_seen_all, ticket_of, troubled_mails

log = logging.getLogger(__name__)
INDEXING_SECONDS = 20  # and then the next tick goes on: a worker has other things to do
NOTIFYING_SECONDS = 40  # as above: what is left is due at the next tick
PROMISING_SECONDS = 20  # as above
BATCH = 200
UNSENT_FILES_KEPT = timedelta(days=1)
UNDOS_KEPT = timedelta(days=1)
BULK_REPLIES_KEPT = timedelta(days=7)
NOTIFICATIONS_KEPT = timedelta(days=90)  # after they were read


@shared_task
def run_due_follow_ups() -> int:
    """Do what is due; returns how many mails, messages and tasks it was. Two clocks are harmless: rows are claimed."""
    sent = 0
    for follow_up in FollowUp.objects.due(timezone.now()).select_related("ticket")[:BATCH]:
        try:
            sent += run_follow_up(follow_up) is not None
        except Exception:
            # One bad row must not hold up the others. It stays due, and `/readyz` shows how late it is.
            log.exception("follow-up %s failed", follow_up.pk)
    return sent


@shared_task
def drop_pointless_follow_ups() -> int:
    """Cancel planned follow-ups that what happened has made pointless; returns how many. Two clocks are harmless."""
    return drop_pointless()


@shared_task
def wake_due_tickets() -> int:
    """Bring back the snoozed tickets whose time has come; returns how many are awake now. Two clocks are harmless:
    each ticket is woken under its lock, and only if it still sleeps."""
    awake = 0
    due = Ticket.objects.filter(snoozed_until__lte=timezone.now(), trashed_at=None)
    for ticket in due.order_by("snoozed_until")[:BATCH]:
        try:
            awake += wake_ticket(ticket, by=None).snoozed_at is None
        except Exception:
            log.exception("ticket %s could not be woken", ticket.pk)  # the others can; it stays due
    return awake


@shared_task
def measure_promises() -> int:
    """Measure what was promised by what has happened, and say what is broken (returns how many) or near. Two clocks are
    harmless: one of them reads, and each run is claimed."""
    end = time.monotonic() + PROMISING_SECONDS
    while read_promises() and time.monotonic() < end:
        pass
    broken = break_promises()
    warn_of_promises()
    return broken


@shared_task
def send_due_replies() -> int:
    """Post the replies that are due; returns how many left. Two clocks are harmless: each row is claimed."""
    sent = 0
    due = ScheduledReply.objects.due(timezone.now()).select_related("ticket", "user")
    for reply in due[:BATCH]:
        try:
            sent += run_scheduled_reply(reply) is not None
        except Exception:
            log.exception("scheduled reply %s failed", reply.pk)  # it stays due, as above
    return sent


@shared_task
def report_failed_mails() -> int:
    """Say on the tickets' timelines which mails did not arrive; returns how many were new."""
    return sum(report_mail_trouble(mail) is not None for mail in troubled_mails())


@shared_task
def index_changed_words() -> int:
    """Let the search box find what was changed; returns how many changes it was. Two clocks are harmless."""
    done, end = 0, time.monotonic() + INDEXING_SECONDS
    while (count := index_due()) and time.monotonic() < end:
        done += count
    return done + count


@shared_task
def notify_of(event_ids: list[int]) -> int:
    """Tell those concerned of what has just been committed; returns how many notifications that made."""
    events = Event.objects.filter(pk__in=event_ids).order_by("pk").select_related("ticket", "message")
    with Desk.read_once():
        return sum(notify(event) for event in events)


@shared_task
def notify_all() -> int:
    """Tell of what a lost nudge or a worker that died left untold; returns how many notifications that made."""
    told, end = 0, time.monotonic() + NOTIFYING_SECONDS
    with Desk.read_once():
        while (count := sweep_events()) and time.monotonic() < end:
            told += count
    return told + count


@shared_task
def push_notifications() -> int:
    """Send people's browsers what is due; returns how many notes were taken. Workers share it: rows are claimed."""
    return _for_each("push", push_to)


@shared_task
def mail_digests() -> int:
    """Collect into one mail each what is due by mail; returns how many mails that made."""
    return _for_each("mail", mail_digest)


def _for_each(way: str, send: Callable[[User], int]) -> int:
    done, end = 0, time.monotonic() + NOTIFYING_SECONDS
    for user in due_for(way):
        try:
            done += send(user)
        except Exception:
            log.exception("notifications of user %s could not leave", user.pk)  # it stays due; the others' leave
        if time.monotonic() > end:
            break
    return done


@shared_task
def discard_unsent_files() -> int:
    """Delete what was attached a day ago and never sent, and what removed files still hold; returns how many."""
    now = timezone.now()
    return discard_unsent(older_than=now - UNSENT_FILES_KEPT) + empty_removed_files(older_than=now)


@shared_task
def send_bulk_replies() -> int:
    """Send what replies to many still owe; returns how many were sent. Workers share them: each row is claimed."""
    sent = 0
    for bulk in BulkReply.objects.due(timezone.now()).select_related("user"):
        try:
            while (row := send_next_of(bulk, by=bulk.user)) is not None:
                sent += row.state == BulkReplyRow.State.SENT
        except Exception:
            # What cannot even be refused stays due, and must not hold up other people's replies.
            log.exception("bulk reply %s failed", bulk.pk)
    return sent


@shared_task
def write_outreaches() -> int:
    """Open the conversations that are still owed; returns how many. Workers share them: each row is claimed."""
    sent = 0
    for outreach in Outreach.objects.due(timezone.now()).select_related("user", "team"):
        try:
            while (row := write_next_of(outreach, by=outreach.user)) is not None:
                sent += row.state == OutreachRow.State.SENT
        except Exception:
            log.exception("outreach %s failed", outreach.pk)  # it stays due, and the others go on
    return sent


@shared_task
def move_tickets_of_merged_causes() -> int:
    """Let tickets have the cause that goes on for theirs; returns how many. Workers share them: rows are claimed."""
    return move_merged_tickets()


@shared_task
def forget_what_is_done() -> int:
    """Delete what can no longer be undone, and the lists of replies to many; returns how many rows it was."""
    now = timezone.now()
    undos = forget_undos(older_than=now - UNDOS_KEPT) + forget_notifications(older_than=now - NOTIFICATIONS_KEPT)
    lists = forget_bulk_replies(older_than=now - BULK_REPLIES_KEPT) + forget_outreaches(
        older_than=now - BULK_REPLIES_KEPT
    )
    return undos + lists


def guard_follow_up(mail: Mail) -> str | None:
    """Nobody is asked whether all is well while they wait, or after they wrote again."""
    ticket = ticket_of(mail)
    if ticket is not None and ticket.trashed_at is not None:
        return "in the trash"
    return None if ticket is not None and ticket.is_solved else "not solved any more"


def guard_reply(mail: Mail) -> str | None:
    """An answer that the customer has read in the chat meanwhile need not be mailed."""
    ticket = ticket_of(mail)
    return "seen in the chat" if ticket is not None and has_seen_all(ticket) else None
