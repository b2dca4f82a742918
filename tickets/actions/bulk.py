"""The same is done to many tickets at once, and the same words are sent to many customers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from tickets.actions._rules import check_client_id, clean_body, in_words_for, lock, require
from tickets.actions.posting import post_message
from tickets.actions.trashing import refuse_in_trash
from tickets.actions.undoing import remembering
from tickets.macros import render
from tickets.models import BulkReply, BulkReplyRow, Event, Message, Ticket, Undo

MOST_AT_ONCE = 200
UNDO_REPLY_SECONDS = 10


@dataclass
class Changed:
    """Which tickets became what was wanted, which were so before, and which could not be, with why."""

    done: list[int] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    left: dict[int, str] = field(default_factory=dict)
    undo: Undo | None = None


def change_many(tickets: Iterable[Ticket], *, by: User, change: Callable[[Ticket], Ticket]) -> Changed:
    """Do one action to many tickets, each for itself: one that cannot be does not stop the others.

    All of it is one transaction with one Undo; rows are locked in the order of their keys. Errors: ValidationError
    code `too_many`.
    """
    chosen = {ticket.pk: ticket for ticket in tickets}
    _check_number(chosen)
    changed = Changed()
    with remembering(chosen.values(), by=by) as noted:
        heads = dict(Ticket.objects.filter(pk__in=chosen).values_list("pk", "last_seq"))
        for number in sorted(heads):
            try:
                with transaction.atomic():
                    is_new = change(chosen[number]).last_seq > heads[number]
            except ValidationError as error:
                changed.left[number] = " ".join(error.messages)
            except PermissionDenied:
                changed.left[number] = _("You may not do that.")
            else:
                (changed.done if is_new else changed.same).append(number)
        changed.left |= dict.fromkeys(sorted(set(chosen) - set(heads)), _("It is not there any more."))
    changed.undo = noted.undo
    return changed


@transaction.atomic
def begin_bulk_reply(tickets: Iterable[Ticket], *, by: User, body: str, client_id: str) -> BulkReply:
    """Promise the same reply on many tickets. It begins in ten seconds, and can be stopped until the last one.

    The same `client_id` of the same person again answers the first one. Errors: PermissionDenied; ValidationError
    with code `empty`, `too_long`, `too_many`.
    """
    require(by, "tickets.reply")
    check_client_id(client_id)
    body = clean_body(body)
    chosen = {ticket.pk: ticket for ticket in tickets}
    _check_number(chosen)
    bulk, is_new = BulkReply.objects.get_or_create(
        user=by,
        client_id=client_id,
        defaults={"body": body, "begins_at": timezone.now() + timedelta(seconds=UNDO_REPLY_SECONDS)},
    )
    if is_new:
        rows = (BulkReplyRow(bulk=bulk, ticket=chosen[pk], begun_seq=chosen[pk].last_seq) for pk in sorted(chosen))
        BulkReplyRow.objects.bulk_create(rows)
    return bulk


@transaction.atomic
def stop_bulk_reply(bulk: BulkReply, *, by: User) -> int:
    """Send no more of it; returns how many are not sent. Doing it twice is harmless. Errors: PermissionDenied."""
    if bulk.user_id != by.pk:
        raise PermissionDenied
    BulkReply.objects.filter(pk=bulk.pk, stopped_at=None).update(stopped_at=timezone.now())
    # The row that a worker is about to send is waited for: then it is sent, and no row of ours.
    bulk.rows.waiting().update(state=BulkReplyRow.State.STOPPED)
    return bulk.rows.filter(state=BulkReplyRow.State.STOPPED).count()


@transaction.atomic
def send_next_of(bulk: BulkReply, *, by: User) -> BulkReplyRow | None:
    """Send one reply of those that wait, and mark it in the same transaction; None if none waits for us.

    A worker that dies takes both back, and two workers never have the same row.
    """
    rows = bulk.rows.waiting().select_for_update(skip_locked=True, of=("self",)).select_related("ticket__customer")
    row = rows.order_by("pk").first()
    if row is None:
        return None
    try:
        with in_words_for(bulk.user), transaction.atomic():
            _check_still_wanted(row, by)
            client_id = f"bulk-{bulk.pk}-{row.ticket_id}"
            words = render(bulk.body, row.ticket, by, is_markdown=True)
            form = Message.Format.MARKDOWN
            message = post_message(row.ticket, by=by, body=words, format=form, client_id=client_id)
    except ValidationError as error:
        row.state, row.reason = BulkReplyRow.State.LEFT, " ".join(error.messages)[:200]
    except PermissionDenied:
        row.state, row.reason = BulkReplyRow.State.LEFT, gettext_noop("You may not write there any more.")
    else:
        row.state, row.message = BulkReplyRow.State.SENT, message
    row.save(update_fields=["state", "reason", "message"])
    return row


def forget_bulk_replies(*, older_than: datetime) -> int:
    """Delete the lists of long ago; the messages stay. Returns how many rows it was."""
    return BulkReply.objects.filter(created_at__lt=older_than).delete()[0]


def _check_number(chosen: dict[int, Ticket]) -> None:
    if not chosen:
        raise ValidationError(_("Select at least one ticket."), code="empty")
    if len(chosen) > MOST_AT_ONCE:
        raise ValidationError(_("Select %(count)s tickets at most.") % {"count": MOST_AT_ONCE}, code="too_many")


def _check_still_wanted(row: BulkReplyRow, by: User) -> None:
    """A reply that was written for many must not be the answer to what somebody has just said."""
    refuse_in_trash(lock(row.ticket))  # whoever writes there now is waited for
    if not by.is_active or not Ticket.objects.visible_to(by).filter(pk=row.ticket_id).exists():
        raise PermissionDenied
    said = Event.objects.filter(ticket=row.ticket_id, seq__gt=row.begun_seq, type="message.posted", is_public=True)
    if said.filter(by_customer__isnull=False).exists():
        raise ValidationError(_("They wrote meanwhile."), code="conflict")
    if said.exclude(by_user=by).exists():
        raise ValidationError(_("Somebody else answered meanwhile."), code="conflict")
