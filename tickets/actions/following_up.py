"""Mails that a ticket owes its customer: scheduled, cancelled, and sent when they are due."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Desk
from outbox.actions import cancel_mails
from tickets import emails
from tickets.actions._rules import Actor, lock, require
from tickets.events import nudge, record
from tickets.models import Channel, Copied, FollowUp, Message, Ticket
from tickets.queries import unmailed_answers
from tickets.queries.mailing import answers_since, is_for_copies


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


@transaction.atomic
def run_follow_up(follow_up: FollowUp, *, at: datetime | None = None) -> FollowUp | None:
    """Put a due follow-up's mail into the outbox, once; None if another worker has it or it is not wanted any more."""
    # The ticket first, as every action does, so that two of them cannot wait for each other.
    ticket = lock(follow_up.ticket)
    claimed = FollowUp.objects.scheduled().select_for_update(skip_locked=True).filter(pk=follow_up.pk).first()
    if claimed is None or ticket.trashed_at is not None:  # it stays due until the ticket is taken out of the trash
        return None
    send = {
        FollowUp.Kind.AFTER_SOLVING: _ask_how_it_went,
        FollowUp.Kind.UNSEEN_ANSWERS: _send_answers,
    }[FollowUp.Kind(claimed.kind)]
    claimed.reason = send(ticket, claimed, at)
    claimed.state = FollowUp.State.CANCELLED if claimed.reason else FollowUp.State.DONE
    claimed.save(update_fields=["state", "reason"])
    return None if claimed.reason else claimed


def _ask_how_it_went(ticket: Ticket, follow_up: FollowUp, at: datetime | None) -> str:
    """Queue the question; returns why not, or nothing."""
    if not ticket.is_solved:
        return "not solved any more"
    mail = emails.follow_up(ticket, dedupe_key=follow_up.dedupe_key)
    if mail is None:
        return "no address"
    record(ticket, "follow_up.sent", by=None, at=at, data={"mail": str(mail.pk)})
    return ""


def _send_answers(ticket: Ticket, follow_up: FollowUp, at: datetime | None) -> str:
    """Queue the answers that the customer has neither been mailed nor, in a chat, seen, and the copies of them;
    returns why not, or nothing."""
    copied = _copied(ticket)
    copies = sum(_send_copy(ticket, person, copied) for person in copied)
    answers = unmailed_answers(ticket)
    reason = _mail_answers(ticket, answers, copied, at) if answers else "seen in the chat"
    return "" if copies else reason


def _copied(ticket: Ticket) -> list[Copied]:
    """Who gets copies, without those who have come to be the customer's own addresses: they get the answer itself."""
    copied = list(ticket.copied.current().select_related("by_user"))
    theirs = {address.email.lower() for address in ticket.customer.addresses.all()} if copied else set()
    return [person for person in copied if person.email not in theirs]


def _mail_answers(ticket: Ticket, answers: list[Message], copied: list[Copied], at: datetime | None) -> str:
    last = answers[-1].event.seq
    mail = emails.answers(
        ticket,
        answers,
        dedupe_key=f"answers:{ticket.pk}:{answers[0].event.seq}-{last}",
        copied=copied if any(is_for_copies(answer) for answer in answers) else (),
    )
    if mail is None:
        return "no address"
    ticket.mailed_seq = last
    data = {"mail": str(mail.pk), "count": len(answers)}
    record(ticket, "answers.mailed", by=None, at=at, changed=["mailed_seq"], data=data)
    return ""


def _send_copy(ticket: Ticket, person: Copied, copied: list[Copied]) -> bool:
    """Queue what somebody who is copied has not got yet; whether there was anything. In a chat, seen or not."""
    answers = answers_since(ticket, person.mailed_seq)
    if not answers:
        return False
    last = answers[-1].event.seq
    key = f"answers_copy:{person.pk}:{answers[0].event.seq}-{last}"
    emails.answers_copy(ticket, answers, person=person, copied=copied, dedupe_key=key)
    person.mailed_seq = last
    person.save(update_fields=["mailed_seq"])
    return True
