"""Whose a ticket is, how it stands, how urgent it is, what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.actions._rules import Actor, assignment_data, check_named, clean_line, lock, require, undo_data
from tickets.events import record
from tickets.models import NamedStatus, Priority, Status, Tag, Ticket

MAX_TAGS = 20


class Unchanged:
    """Stands for "leave it as it is" where None means nobody."""


UNCHANGED = Unchanged()


@transaction.atomic
def assign_ticket(
    ticket: Ticket,
    *,
    by: Actor,
    user: User | None | Unchanged = UNCHANGED,
    team: Team | None | Unchanged = UNCHANGED,
    at: datetime | None = None,
    is_undo: bool = False,
) -> Ticket:
    """Give a ticket to a person, a team, both, or (None) to nobody; what is not named stays.

    Errors: PermissionDenied; ValidationError code `invalid` for someone who no longer works here.
    """
    ticket = lock(ticket)
    require(by, "tickets.assign")
    if isinstance(user, User) and not user.is_active and user.pk != ticket.assignee_id:
        raise ValidationError(_("%(name)s no longer works here.") % {"name": user}, code="invalid")
    had = (ticket.assignee, ticket.team)
    if not isinstance(user, Unchanged):
        ticket.assignee = user
    if not isinstance(team, Unchanged):
        ticket.team = team
    if (ticket.assignee, ticket.team) == had:
        return ticket
    data = assignment_data(ticket, had=had) | undo_data(is_undo)
    record(ticket, "ticket.assigned", by=by, at=at, changed=["assignee", "team"], data=data)
    return ticket


@transaction.atomic
def set_status(
    ticket: Ticket,
    *,
    by: Actor,
    status: str,
    named: NamedStatus | None = None,
    at: datetime | None = None,
    is_undo: bool = False,
) -> Ticket:
    """Say that a ticket is open, pending (we wait for them) or on hold; `named` is the company's own word for it.

    Solving and reopening are actions of their own. Errors: PermissionDenied; ValidationError code `invalid`.
    """
    ticket = lock(ticket)
    require(by, "tickets.set_status")
    if status not in (Status.OPEN, Status.PENDING, Status.ON_HOLD):
        raise ValidationError(_("Use Solve to solve a ticket."), code="invalid")
    if ticket.is_solved:
        raise ValidationError(_("This ticket is solved. Reopen it first."), code="invalid")
    if (ticket.status, ticket.named_status_id) == (status, named.pk if named else None):
        return ticket
    if named is not None:
        check_named(named, status, is_undo=is_undo)
    data = {"from": ticket.status, "to": str(status)} | ({"named": named.name} if named else {}) | undo_data(is_undo)
    ticket.status, ticket.named_status = status, named
    record(ticket, "status.changed", by=by, at=at, changed=["status", "named_status"], data=data)
    return ticket


@transaction.atomic
def set_priority(
    ticket: Ticket, *, by: Actor, priority: int, at: datetime | None = None, is_undo: bool = False
) -> Ticket:
    """Say how urgent a ticket is. Errors: PermissionDenied; ValidationError code `invalid`."""
    ticket = lock(ticket)
    require(by, "tickets.set_priority")
    if priority not in Priority.values:
        raise ValidationError(_("There is no such priority."), code="invalid")
    if ticket.priority == priority:
        return ticket
    data = {"from": ticket.priority, "to": int(priority)} | undo_data(is_undo)
    ticket.priority = priority
    record(ticket, "priority.changed", by=by, at=at, changed=["priority"], data=data)
    return ticket


@transaction.atomic
def tag_ticket(
    ticket: Ticket, *, by: Actor, tags: list[str], at: datetime | None = None, is_undo: bool = False
) -> Ticket:
    """Make these the ticket's tags, no more and no fewer; new ones are made.

    Errors: PermissionDenied; ValidationError code `invalid` (more than 20).
    """
    ticket = lock(ticket)
    require(by, "tickets.tag")
    before = {tag.name for tag in ticket.tags.all()}
    after = {tag.name for tag in attach_tags(ticket, tags)}
    if before == after:
        return ticket
    data = {"added": sorted(after - before), "removed": sorted(before - after)} | undo_data(is_undo)
    record(ticket, "ticket.tagged", by=by, at=at, data=data)
    return ticket


@transaction.atomic
def retag_ticket(ticket: Ticket, *, by: User, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Ticket:
    """Add tags to those a ticket has, and take others off. Errors as in `tag_ticket`."""
    ticket = lock(ticket)  # before its tags are read, so that nobody else's are lost in between
    gone = {name.casefold() for name in remove}
    kept = [tag.name for tag in Tag.objects.filter(tickets=ticket) if tag.name.casefold() not in gone]
    return tag_ticket(ticket, by=by, tags=[*kept, *add])


def attach_tags(ticket: Ticket, names: list[str]) -> list[Tag]:
    """Set a locked or new ticket's tags by name, without an event."""
    wanted = {name.casefold(): name for name in (clean_line(name, 50) for name in names) if name}
    if len(wanted) > MAX_TAGS:
        raise ValidationError(_("A ticket has %(count)s tags at most.") % {"count": MAX_TAGS}, code="invalid")
    # In one order for all: two who make the same new ones at once must not wait for each other.
    tags = [_get_tag(wanted[key]) for key in sorted(wanted)]
    ticket.tags.set(tags)
    return tags


def _get_tag(name: str) -> Tag:
    """The tag of this name, whatever its case; made if there is none."""
    # Compared as the constraint does: `iexact` goes by upper case, and some letters share only one of the two.
    same = Tag.objects.alias(lower=Lower("name")).filter(lower=Lower(Value(name)))
    found = same.first()
    if found:
        return found
    try:
        with transaction.atomic():
            return Tag.objects.create(name=name)
    except IntegrityError:  # someone else was faster
        return same.get()
