"""What people decide about mails that came in: run it again, it was a person's, it is spam."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from mailroom.actions.blocking import block_sender
from mailroom.actions.ends import MARKED_AS_SPAM
from mailroom.models import RawMail, State
from outbox.actions import cancel_mails
from tickets.actions import restore_ticket, trash_ticket
from tickets.events import nudge
from tickets.models import Message, Ticket

ON_TICKETS = (State.ENTRY, State.TICKET)
# Why a mail waits that had ended, as its row keeps it; the second is also what handling it goes by.
RUN_AGAIN = gettext_noop("Somebody runs it again.")
BY_A_PERSON = gettext_noop("Somebody says that a person wrote it.")


@transaction.atomic
def run_again(mail: RawMail, *, by: User, is_by_person: bool = False) -> RawMail:
    """Handle a mail anew that is on no ticket. `is_by_person`: whatever it looks like (automatic, spam, one that came
    before), somebody has read it, and it is to go where a person's mail goes; nothing answers it by itself.

    Spam that began a conversation has it back. Errors: PermissionDenied; ValidationError code `closed`.
    """
    if not by.has_perm("mailroom.manage"):
        raise PermissionDenied
    mail = RawMail.objects.select_for_update(of=("self",)).get(pk=mail.pk)
    if mail.state == State.NEW and mail.lease_until is None:
        mail.next_at = timezone.now()  # it waits for a better time: that is now
        mail.save(update_fields=["next_at"])
    elif mail.state == State.NEW:
        raise ValidationError(_("It is being handled right now."), code="closed")
    elif mail.entry_id is not None and mail.state == State.SPAM:
        return _take_back_spam(mail, by)
    elif mail.entry_id is not None:
        raise ValidationError(_("It is on a ticket already."), code="closed")
    else:
        mail.state, mail.reason, mail.detail = State.NEW, BY_A_PERSON if is_by_person else RUN_AGAIN, by.name
        mail.attempts, mail.next_at, mail.handled_at, mail.ticket = 0, timezone.now(), None, None
        mail.save(update_fields=["state", "reason", "detail", "attempts", "next_at", "handled_at", "ticket"])
    key = str(mail.pk)
    transaction.on_commit(lambda: nudge("mailroom.jobs.handle_mail", key), robust=True)
    return mail


@transaction.atomic
def mark_spam(mail: RawMail, *, by: User, blocks_sender: bool = False) -> RawMail:
    """A mail is spam: the ticket that it began goes into the trash, and what was to be sent about it by itself does not
    leave. With `blocks_sender` no mail of its address is taken any more. What it added to another's ticket stays there.

    Errors: PermissionDenied; ValidationError code `closed` while it waits, and as in `block_sender`.
    """
    _require(mail, by)
    mail = RawMail.objects.select_for_update(of=("self",)).get(pk=mail.pk)
    if mail.state == State.NEW:
        raise ValidationError(_("It is being handled right now."), code="closed")
    if blocks_sender and mail.from_email:
        block_sender(mail.from_email, by=by)
    if mail.state == State.SPAM:
        return mail
    if mail.state == State.TICKET and mail.ticket is not None:
        ticket = Ticket.objects.get(pk=mail.ticket.pk)
        if ticket.merged_into_id is None:  # its words stand on another one now
            trash_ticket(ticket, by=by)
        cancel_mails(about=ticket.about, kinds=["acknowledgement", "follow_up"], reason="spam")
    mail.state, mail.reason, mail.detail = State.SPAM, MARKED_AS_SPAM, by.name[:500]
    mail.save(update_fields=["state", "reason", "detail"])
    return mail


def mark_ticket_spam(ticket: Ticket, *, by: User, blocks_sender: bool = False) -> Ticket:
    """The conversation is spam: as `mark_spam` for the mail that began it. Errors: as there, and ValidationError code
    `invalid` if no mail did."""
    began = RawMail.objects.filter(ticket=ticket, state__in=[State.TICKET, State.SPAM]).order_by("received_at").first()
    if began is None:
        raise ValidationError(_("No mail began this conversation."), code="invalid")
    mark_spam(began, by=by, blocks_sender=blocks_sender)
    return Ticket.objects.get(pk=ticket.pk)


def _require(mail: RawMail, by: User) -> None:
    """Whoever runs the mailboxes may, and whoever may put away the ticket that it is on."""
    if by.has_perm("mailroom.manage"):
        return
    sees = mail.ticket_id is not None and Ticket.objects.visible_to(by).filter(pk=mail.ticket_id).exists()
    if not sees or not by.has_perm("tickets.trash"):
        raise PermissionDenied


def _take_back_spam(mail: RawMail, by: User) -> RawMail:
    """It is on its ticket still, which comes out of the trash."""
    if mail.ticket is not None:
        restore_ticket(mail.ticket, by=by)
    first = Message.objects.filter(ticket=mail.ticket_id).order_by("event__seq").values_list("pk", flat=True).first()
    mail.state = State.TICKET if first == mail.entry_id else State.ENTRY
    mail.reason, mail.detail = BY_A_PERSON, by.name[:500]
    mail.save(update_fields=["state", "reason", "detail"])
    return mail
