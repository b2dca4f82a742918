"""A ticket goes from hand to hand: taken, handed over with a note, given back, or worked on by several."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.actions._rules import Actor, assignment_data, clean_line, lock, require, start_waiting
from tickets.actions.trashing import refuse_in_trash
from tickets.events import record
from tickets.models import Channel, Collaborator, Ticket

HAND_OVER_NOTE_CHARS = 500


@transaction.atomic
def take_chat(ticket: Ticket, *, by: User, at: datetime | None = None) -> Ticket:
    """Whoever takes a chat that nobody has, has it; the customer learns who came. Taking it twice is harmless.

    Records `ticket.assigned` and the public `agent.joined`. Errors: PermissionDenied; ValidationError with code
    `conflict` (somebody else has it), `closed` (solved) or `invalid` (no chat).
    """
    ticket = lock(ticket)
    require(by, "tickets.assign")
    if ticket.channel != Channel.CHAT:
        raise ValidationError(_("This is no chat."), code="invalid")
    refuse_in_trash(ticket)
    if ticket.assignee_id == by.pk:
        return ticket
    if ticket.assignee is not None:
        raise ValidationError(_("%(name)s has it.") % {"name": ticket.assignee.short_name}, code="conflict")
    if ticket.is_solved:
        raise ValidationError(_("This chat is over."), code="closed")
    had = (ticket.assignee, ticket.team)
    ticket.assignee = by
    data = assignment_data(ticket, had=had) | {"reason": "accepted"}
    record(ticket, "ticket.assigned", by=by, at=at, changed=["assignee"], data=data)
    record(ticket, "agent.joined", by=by, at=at, is_public=True)
    return ticket


@transaction.atomic
def release_ticket(ticket: Ticket, *, by: Actor, reason: str, at: datetime | None = None) -> Ticket:
    """Take a ticket from whoever has it, so that somebody else may; nothing happens if nobody has it.

    `reason` is one word for the log, such as `vanished`. Errors: PermissionDenied.
    """
    ticket = lock(ticket)
    require(by, "tickets.assign")
    if ticket.assignee is None:
        return ticket
    had = (ticket.assignee, ticket.team)
    ticket.assignee = None
    data = assignment_data(ticket, had=had) | {"reason": reason}
    record(ticket, "ticket.assigned", by=by, at=at, changed=["assignee"], data=data)
    return ticket


@transaction.atomic
def transfer_ticket(
    ticket: Ticket,
    *,
    by: User,
    user: User | None = None,
    team: Team | None = None,
    note: str = "",
    at: datetime | None = None,
) -> Ticket:
    """Hand a ticket over to a teammate, or to a team where nobody has it yet, with a word on how it stands.

    One event, `ticket.handed_over`, says all of it. In a chat handed to a team the customer waits for us from now
    on, whoever spoke last. Handing it to those who have it already changes nothing. Errors: PermissionDenied;
    ValidationError code `invalid`.
    """
    ticket = lock(ticket)
    require(by, "tickets.assign")
    if (user is None) == (team is None):
        raise ValidationError(_("Choose one person or one team."), code="invalid")
    if user is not None and not user.has_perm("tickets.view"):
        raise ValidationError(_("%(name)s no longer works here.") % {"name": user}, code="invalid")
    if ticket.is_solved:
        raise ValidationError(_("This ticket is solved. Reopen it first."), code="invalid")
    had = (ticket.assignee, ticket.team)
    now_has = (user, ticket.team if team is None else team)
    if now_has == had:
        return ticket
    ticket.assignee, ticket.team = now_has
    changed = ["assignee", "team"]
    if user is None and ticket.channel == Channel.CHAT:
        changed += start_waiting(ticket, at or timezone.now())
    data = assignment_data(ticket, had=had) | {"note": clean_line(note, HAND_OVER_NOTE_CHARS)}
    record(ticket, "ticket.handed_over", by=by, at=at, changed=changed, data=data)
    return ticket


@transaction.atomic
def invite_agent(
    ticket: Ticket, *, by: User, user: User, note: str = "", at: datetime | None = None
) -> Collaborator | None:
    """Ask someone of ours into a ticket, which they see from then on. Asking twice is harmless; None: they have it.

    Records `agent.invited`. Errors: PermissionDenied; ValidationError code `invalid`.
    """
    ticket = lock(ticket)
    require(by, "tickets.assign")
    if user.pk == by.pk:
        raise ValidationError(_("You are here already."), code="invalid")
    if not user.has_perm("tickets.view"):
        raise ValidationError(_("%(name)s no longer works here.") % {"name": user}, code="invalid")
    if user.pk == ticket.assignee_id:
        return None
    note = clean_line(note, HAND_OVER_NOTE_CHARS)
    invited, is_new = Collaborator.objects.get_or_create(
        ticket=ticket,
        user=user,
        defaults={"invited_by": by, "note": note, "invited_at": at or timezone.now()},
    )
    if is_new:
        data = {"user": {"id": user.pk, "name": user.name}, "note": note}
        record(ticket, "agent.invited", by=by, at=at, data=data)
    return invited


@transaction.atomic
def join_ticket(ticket: Ticket, *, by: User, at: datetime | None = None) -> Collaborator | None:
    """Work on a ticket beside whoever has it, invited or not; the customer learns who came. None: they have it.

    Records the public `agent.joined`, once. Errors: PermissionDenied.
    """
    ticket = lock(ticket)
    require(by, "tickets.reply")
    if ticket.assignee_id == by.pk:
        Collaborator.objects.filter(ticket=ticket, user=by).delete()  # it became theirs meanwhile
        return None
    here, _is_new = Collaborator.objects.get_or_create(
        ticket=ticket, user=by, defaults={"invited_by": None, "invited_at": at or timezone.now()}
    )
    if here.joined_at is None:
        here.joined_at = at or timezone.now()
        here.save(update_fields=["joined_at"])
        record(ticket, "agent.joined", by=by, at=at, is_public=True)
    return here


@transaction.atomic
def leave_ticket(ticket: Ticket, *, by: User, user: User | None = None, at: datetime | None = None) -> bool:
    """Take oneself (or `user`) off a ticket that one was asked into; False if they were not on it.

    Records `agent.left`; the customer learns of it only if they had learned of the coming. Errors: PermissionDenied.
    """
    ticket = lock(ticket)
    leaving = user or by
    require(by, "tickets.reply" if leaving.pk == by.pk else "tickets.assign")
    here = Collaborator.objects.filter(ticket=ticket, user=leaving).first()
    if here is None:
        return False
    here.delete()
    data = {"user": {"id": leaving.pk, "name": leaving.name}}
    # The customer reads it as said of whoever did it, so another's doing stays with the team.
    is_public = here.joined_at is not None and leaving.pk == by.pk
    record(ticket, "agent.left", by=by, at=at, is_public=is_public, data=data)
    return True
