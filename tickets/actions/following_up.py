"""Mails that a ticket owes its customer by itself: scheduled, moved and cancelled. `falling_due.py` sends them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Desk
from outbox.actions import cancel_mails
from tickets.actions._rules import Actor, lock, require
from tickets.events import nudge, record
from tickets.models import Channel, FollowUp, Ticket


def schedule_follow_up(ticket: Ticket, *, anchor_seq: int, now: datetime) -> FollowUp | None:
    """Promise the mail that asks, some days after solving, whether all is well. The ticket must be locked."""
    days = Desk.current().follow_up_days
    if days == 0 or ticket.customer.email is None or ticket.customer.is_blocked:
        return None
    return FollowUp.objects.create(
        ticket=ticket,
        kind=FollowUp.Kind.AFTER_SOLVING,
        due_at=now + timedelta(days=days),
        anchor_seq=anchor_seq,
        dedupe_key=f"after_solving:{ticket.pk}:{anchor_seq}",
    )


def owe_answer_by_mail(ticket: Ticket, seq: int, *, at: datetime | None) -> None:
    """Promise that the answer at `seq` reaches the customer by mail. The ticket must be locked.

    In a chat it waits, for the customer may be reading along; one row stands for all answers until then.
    """
    if at is not None:  # history was delivered long ago
        ticket.mailed_seq = seq
        return
    if ticket.customer.email is None and not ticket.copied.current().exists():
        return
    is_chat = ticket.channel == Channel.CHAT
    if is_chat and ticket.follow_ups.scheduled().filter(kind=FollowUp.Kind.UNSEEN_ANSWERS).exists():
        return
    wait = timedelta(seconds=settings.UNSEEN_MAIL_SECONDS if is_chat else 0)
    FollowUp.objects.create(
        ticket=ticket,
        kind=FollowUp.Kind.UNSEEN_ANSWERS,
        due_at=timezone.now() + wait,
        anchor_seq=seq,
        dedupe_key=f"unseen_answers:{ticket.pk}:{seq}",
    )
    if not is_chat:
        transaction.on_commit(lambda: nudge("tickets.jobs.run_due_follow_ups"), robust=True)


def cancel_follow_ups(ticket: Ticket, *, reason: str) -> int:
    """Call off the question whether all is well, also where its mail is queued; returns how many rows it was."""
    rows = ticket.follow_ups.scheduled().filter(kind=FollowUp.Kind.AFTER_SOLVING)
    count = rows.update(state=FollowUp.State.CANCELLED, reason=reason)
    return count + cancel_mails(about=ticket.about, kinds=["follow_up"], reason=reason)


@transaction.atomic
def move_follow_up(ticket: Ticket, *, by: Actor, due_at: datetime, at: datetime | None = None) -> FollowUp:
    """Ask earlier or later whether all is well; a time that has passed means now.

    Errors: PermissionDenied; ValidationError code `closed` if nothing is scheduled.
    """
    ticket = lock(ticket)
    require(by, "tickets.resolve")
    follow_up = _scheduled(ticket)
    if follow_up.due_at == due_at:
        return follow_up
    data = {"from": follow_up.due_at.isoformat(), "to": due_at.isoformat()}
    follow_up.due_at = due_at
    follow_up.save(update_fields=["due_at"])
    record(ticket, "follow_up.moved", by=by, at=at, data=data)
    if due_at <= timezone.now():
        transaction.on_commit(lambda: nudge("tickets.jobs.run_due_follow_ups"), robust=True)
    return follow_up


@transaction.atomic
def call_off_follow_up(ticket: Ticket, *, by: Actor, at: datetime | None = None) -> FollowUp:
    """Do not ask whether all is well.

    Errors: PermissionDenied; ValidationError code `closed` if nothing is scheduled.
    """
    ticket = lock(ticket)
    require(by, "tickets.resolve")
    follow_up = _scheduled(ticket)
    follow_up.state, follow_up.reason = FollowUp.State.CANCELLED, "called off"
    follow_up.save(update_fields=["state", "reason"])
    record(ticket, "follow_up.cancelled", by=by, at=at)
    return follow_up


def _scheduled(ticket: Ticket) -> FollowUp:
    found = ticket.follow_ups.scheduled().filter(kind=FollowUp.Kind.AFTER_SOLVING).select_for_update().first()
    if found is None:
        raise ValidationError(_("No follow-up is scheduled any more."), code="closed")
    return found
