"""A matter of its own in somebody's words gets a ticket of its own. Nothing is moved: it refers to the message."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.actions._rules import clean_line, lock, require, start_waiting
from tickets.actions.beginning import begin_ticket
from tickets.actions.opening import SUBJECT_CHARS
from tickets.actions.trashing import refuse_in_trash
from tickets.events import record
from tickets.models import Message, Ticket, TicketLink

TWICE = timedelta(minutes=1)  # within it, the same once more is a second click


@transaction.atomic
def split_ticket(
    ticket: Ticket,
    *,
    message: Message,
    by: User,
    subject: str,
    team: Team | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Open a ticket of its own for what a message on this one is about, with the same customer, and return it.

    Whoever splits has it, unless another team is to. If the customer waits since this message or before, they wait
    there too. The customer learns of it by the first answer there. Records `ticket.opened` on the new one and
    `ticket.split` here, both for the team only. Errors: PermissionDenied; ValidationError code `empty`, `invalid`.
    """
    ticket = lock(ticket)
    require(by, "tickets.open")
    refuse_in_trash(ticket)
    subject = clean_line(subject, SUBJECT_CHARS)
    if not subject:
        raise ValidationError(_("Say what it is about."), code="empty")
    _check(ticket, message)
    known = _split_a_moment_ago(message, by, subject)
    if known is not None:
        return known
    waits_since = message.created_at if _waits(ticket, message) else None
    new = begin_ticket(
        ticket.customer,
        by=by,
        subject=subject,
        channel=ticket.channel,
        site=ticket.site,
        team=team or ticket.team,
        split_from=ticket,
        waits_since=waits_since,
        at=at,
    )
    new.assignee = by if new.team_id == ticket.team_id else None
    touched = start_waiting(new, waits_since) if waits_since else []
    new.save(update_fields=["assignee", *touched])
    TicketLink.objects.create(ticket=new, other=ticket, kind=TicketLink.Kind.SPLIT, message=message, by_user=by)
    record(ticket, "ticket.split", by=by, at=at, data={"into": new.pk})
    return new


def _check(ticket: Ticket, message: Message) -> None:
    if message.kind != Message.Kind.REPLY:
        raise ValidationError(_("A note cannot be split off."), code="invalid")
    family = {ticket.pk}
    if message.ticket_id not in family:
        family |= set(Ticket.objects.all().merged_into(ticket))
    if message.ticket_id not in family:
        raise ValidationError(_("This message is not on this ticket."), code="invalid")
    if ticket.merged_into_id is not None:
        raise ValidationError(
            _("Ticket %(number)s goes on for this one: split it there.") % {"number": ticket.merged_into_id},
            code="invalid",
        )


def _split_a_moment_ago(message: Message, by: User, subject: str) -> Ticket | None:
    """The ticket that the same person has made of the same message just now, with the same words."""
    since = timezone.now() - TWICE
    links = TicketLink.objects.filter(message=message, by_user=by, created_at__gt=since, ticket__subject=subject)
    link = links.select_related("ticket").first()
    return link.ticket if link else None


def _waits(ticket: Ticket, message: Message) -> bool:
    """Whether these are words of the customer to which nobody has said anything."""
    since = ticket.waiting_since
    return message.by_customer_id is not None and since is not None and since <= message.created_at
