"""A ticket is solved, with its cause named, or taken up again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.actions._rules import Actor, check_named, clean_line, lock, require, undo_data
from tickets.actions.filling import check_needed
from tickets.actions.following_up import cancel_follow_ups, schedule_follow_up
from tickets.actions.planning import drop_planned, plan_again
from tickets.actions.relating import tell_whole
from tickets.events import record
from tickets.models import NamedStatus, RootCause, Status, Ticket, Unless

NOTE_CHARS = 2000


@dataclass(frozen=True)
class BeforeSolving:
    """How a ticket stood before it was solved by mistake."""

    status: str
    root_cause: RootCause | None
    waiting_since: datetime | None
    answer_due_at: datetime | None
    snoozed_at: datetime | None
    snoozed_until: datetime | None
    named_status: NamedStatus | None = None


@transaction.atomic
def resolve_ticket(
    ticket: Ticket,
    *,
    by: Actor,
    root_cause: RootCause | None,
    note: str = "",
    named: NamedStatus | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Solve a ticket. `root_cause=None` is the explicit choice that there is no cause to name.

    `named` is the company's own word for how it is solved. The follow-up that asks whether all is well is scheduled
    with it. Errors: PermissionDenied; ValidationError code `closed` if it is solved already, `needed` if a field is
    empty that must not be, `invalid`.
    """
    ticket = lock(ticket)
    require(by, "tickets.resolve")
    if ticket.is_solved:
        raise ValidationError(_("This ticket is solved already."), code="closed")
    if by is not None:  # the system solves what people have solved elsewhere
        check_needed(ticket)
    if named is not None:
        check_named(named, Status.SOLVED)
    now = at or timezone.now()
    changed = ticket.change_status(Status.SOLVED, at=now)
    ticket.root_cause, ticket.named_status = root_cause, named
    data = {"root_cause": root_cause.slug if root_cause else None, "cause": root_cause.name if root_cause else None}
    if named is not None:
        data["named"] = named.name
    if note:
        data["note"] = clean_line(note, NOTE_CHARS)
    follow_up = schedule_follow_up(ticket, anchor_seq=ticket.last_seq + 1, now=now)
    if follow_up:
        data["follow_up_at"] = follow_up.due_at.isoformat()
    record(ticket, "ticket.resolved", by=by, at=at, changed=[*changed, "root_cause"], is_public=True, data=data)
    drop_planned(ticket, Unless.SOLVED, at=at)
    if at is None:
        tell_whole(ticket)
    return ticket


@transaction.atomic
def reopen_ticket(
    ticket: Ticket, *, by: Actor, at: datetime | None = None, as_before: BeforeSolving | None = None
) -> Ticket:
    """Take a solved ticket up again; `as_before` puts it back as if it had never been solved.

    Errors: PermissionDenied; ValidationError code `invalid` if it is not solved.
    """
    ticket = lock(ticket)
    require(by, "tickets.reopen")
    if not ticket.is_solved:
        raise ValidationError(_("This ticket is open."), code="invalid")
    if ticket.merged_into_id is not None:
        words = _("Ticket %(number)s goes on for this one. Undo the merge first.")
        raise ValidationError(words % {"number": ticket.merged_into_id}, code="invalid")
    solved_at = ticket.solved_at
    changed = ticket.change_status(Status.OPEN, at=at or timezone.now())
    if as_before:
        changed += _restore(ticket, as_before)
    cancel_follow_ups(ticket, reason="undone" if as_before else "reopened")
    data = undo_data(as_before is not None)
    record(ticket, "ticket.reopened", by=by, at=at, changed=changed, is_public=True, data=data)
    if as_before:
        plan_again(ticket, Unless.SOLVED, since=solved_at)
    else:
        drop_planned(ticket, Unless.REOPENED, at=at)
    return ticket


def _restore(ticket: Ticket, before: BeforeSolving) -> list[str]:
    """Make a reopened ticket what it was: its customer has waited since then, not since now. Returns the fields."""
    names = ["status", "named_status", "root_cause", "waiting_since", "answer_due_at", "snoozed_at", "snoozed_until"]
    for name in names:
        setattr(ticket, name, getattr(before, name))
    return names
