"""What was scheduled on tickets falls due: mails that they owe, messages that were planned, tasks.

Each row is claimed under its ticket's lock, and what it does commits together with it: whatever dies in between, it
neither gets lost nor happens twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from tickets import emails
from tickets.actions._rules import clean_line, in_words_for, lock
from tickets.actions.planning import EXCERPT_CHARS, NEEDED, drop, end, hold, lock_planned, require_planner, which
from tickets.actions.posting import post_message
from tickets.actions.reading import set_back
from tickets.actions.sweeping import sweep_log
from tickets.actions.trashing import refuse_in_trash
from tickets.events import record
from tickets.macros import render
from tickets.models import Channel, Copied, Event, FollowUp, Message, Ticket
from tickets.models.ticket import SNOOZE_FIELDS
from tickets.queries import unmailed_answers
from tickets.queries.follow_ups import perhaps_pointless, why_pointless
from tickets.queries.mailing import answers_since, is_for_copies
from tickets.queries.people import who_snoozed

TOO_LATE = timedelta(days=7)  # of a message: what was meant for last month would puzzle whoever gets it
State, Kind = FollowUp.State, FollowUp.Kind
# Why a message cannot leave, as a row keeps it; whoever shows it translates.
NOT_ALLOWED = gettext_noop("whoever planned it may not answer here any more")
BLOCKED = gettext_noop("the customer is blocked")
NO_ADDRESS = gettext_noop("there is no address to write to")
IS_WAITING = gettext_noop("the customer wrote and waits for an answer, for which it would pass")
WAS_LATE = gettext_noop("its time had passed by more than a week")


@transaction.atomic
def run_follow_up(follow_up: FollowUp, *, at: datetime | None = None) -> FollowUp | None:
    """Do what is due, once: a mail into the outbox, a message onto the ticket, a task to be done. None if another
    worker has it or it is not wanted any more."""
    # The ticket first, as every action does, so that two of them cannot wait for each other.
    ticket = lock(follow_up.ticket)
    claimed = FollowUp.objects.scheduled().select_for_update(skip_locked=True).filter(pk=follow_up.pk).first()
    if claimed is None or ticket.trashed_at is not None:  # it stays due until the ticket is taken out of the trash
        return None
    if claimed.ticket_id != ticket.pk:  # merged this very moment: the next tick finds it there
        return None
    if claimed.kind in NEEDED:
        return _run_planned(ticket, claimed, at)
    send = {Kind.AFTER_SOLVING: _ask_how_it_went, Kind.UNSEEN_ANSWERS: _send_answers}[Kind(claimed.kind)]
    claimed.reason = send(ticket, claimed, at)
    claimed.state = State.CANCELLED if claimed.reason else State.DONE
    claimed.save(update_fields=["state", "reason"])
    return None if claimed.reason else claimed


# --- What somebody planned ---------------------------------------------------------------
def _run_planned(ticket: Ticket, row: FollowUp, at: datetime | None) -> FollowUp | None:
    reason = why_pointless(row, ticket)
    if reason:
        drop(ticket, row, reason, at=at)
        return None
    if row.kind == Kind.TASK:
        return _fall_due(ticket, row, at)
    if at is None and row.due_at < timezone.now() - TOO_LATE:
        hold(ticket, row, WAS_LATE)
        return None
    return row if _say(ticket, row, at=at) else None


def _fall_due(ticket: Ticket, row: FollowUp, at: datetime | None) -> FollowUp:
    """A task is to be done now. Its ticket is back in the lists, unread for whoever has it."""
    row.state = State.DUE
    row.save(update_fields=["state"])
    reader = row.assignee or ticket.assignee or (who_snoozed(ticket) if ticket.snoozed_at else None)
    if ticket.wake():
        record(ticket, "ticket.woken", by=None, at=at, changed=SNOOZE_FIELDS, data={"reason": "task"})
    record(ticket, "follow_up.due", by=None, at=at, data=which(row))
    if reader is not None and at is None:
        set_back(ticket, reader)
    return row


def _say(ticket: Ticket, row: FollowUp, *, at: datetime | None, may_interrupt: bool = False) -> Message | None:
    """Post a planned message in the name of whoever planned it; None if it is held, with why. Both must be locked."""
    reason = _hindrance(ticket, row, may_interrupt=may_interrupt)
    if reason or row.by is None:
        hold(ticket, row, reason)
        return None
    words = render(row.body, ticket, row.by, is_markdown=True)
    form, once = Message.Format.MARKDOWN, f"follow-up-{row.pk}"
    try:
        with in_words_for(row.by), transaction.atomic():
            message = post_message(ticket, by=row.by, body=words, format=form, client_id=once, at=at)
    except (ValidationError, PermissionDenied) as error:
        why = " ".join(error.messages) if isinstance(error, ValidationError) else NOT_ALLOWED
        hold(ticket, row, clean_line(why, EXCERPT_CHARS))
        return None
    end(row, State.DONE, by=None)
    record(lock(ticket), "follow_up.done", by=None, at=at, data=which(row) | {"message": message.pk})
    return message


def _hindrance(ticket: Ticket, row: FollowUp, *, may_interrupt: bool) -> str:
    """Why a message must not leave now, or nothing."""
    by = row.by
    if by is None or not by.is_active or not Ticket.objects.visible_to(by).filter(pk=ticket.pk).exists():
        return NOT_ALLOWED
    if ticket.customer.is_blocked:
        return BLOCKED
    if ticket.channel != Channel.CHAT and ticket.customer.address is None:
        return NO_ADDRESS
    if may_interrupt or ticket.waiting_since is None:
        return ""
    said = Event.objects.filter(ticket=ticket, seq__gt=row.anchor_seq, by_customer__isnull=False, is_public=True)
    return IS_WAITING if said.filter(type="message.posted").exists() else ""


@transaction.atomic
def do_follow_up_now(row: FollowUp, *, by: User) -> FollowUp:
    """Send a planned message at once, in the name of whoever planned it, or let a task be due; conditions do not count,
    for whoever does this has seen the ticket.

    Errors: PermissionDenied; ValidationError code `closed` if it is over, `invalid` with why it cannot leave.
    """
    ticket, row = lock_planned(row)
    require_planner(by, row.kind)
    refuse_in_trash(ticket)
    if row.state == State.DUE:
        return row
    if row.state != State.SCHEDULED:
        raise ValidationError(_("It is over already."), code="closed")
    row.due_at = timezone.now()
    row.save(update_fields=["due_at"])
    if row.kind == Kind.TASK:
        return _fall_due(ticket, row, None)
    reason = _hindrance(ticket, row, may_interrupt=True)
    if reason:
        raise ValidationError(_("It cannot leave: %(why)s.") % {"why": _(reason)}, code="invalid")
    _say(ticket, row, at=None, may_interrupt=True)
    return row


def drop_pointless() -> int:
    """Cancel what has become pointless since the last look; returns how many. What this misses is found when it is due.

    Posting asks nothing of all this: one question here answers for all messages of some seconds.
    """
    found: list[int] = []

    def look(events: QuerySet[Event]) -> int:
        found.extend(perhaps_pointless(events))
        return 0

    sweep_log("follow-ups", look)
    return sum(_drop_if_pointless(pk) for pk in found)


@transaction.atomic
def _drop_if_pointless(pk: int) -> bool:
    row = FollowUp.objects.filter(pk=pk).select_related("ticket").first()
    if row is None:
        return False
    ticket = lock(row.ticket)
    claimed = FollowUp.objects.scheduled().select_for_update(skip_locked=True).filter(pk=pk, ticket=ticket).first()
    reason = why_pointless(claimed, ticket) if claimed and ticket.trashed_at is None else ""
    if not reason or claimed is None:
        return False
    drop(ticket, claimed, reason)
    return True


# --- Mails that a ticket owes by itself --------------------------------------------------
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
