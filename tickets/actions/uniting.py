"""Two tickets turn out to be about the same thing, or not after all."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User
from tickets.actions._rules import lock_both, require
from tickets.actions.following_up import cancel_follow_ups
from tickets.actions.planning import carry_over, give_back
from tickets.actions.relating import tell_whole
from tickets.actions.trashing import refuse_in_trash
from tickets.events import record
from tickets.models import Event, FollowUp, Status, Ticket

WHY = "merged into another ticket"
_TIMES = ("waiting_since", "answer_due_at", "solved_at", "snoozed_at", "snoozed_until")
_CLOCK = ("waiting_since", "answer_due_at")


class Part(Protocol):
    """What an app above tickets holds of a ticket; settings.TICKET_PARTS names them."""

    def move(self, of: Ticket, *, to: Ticket, by: User | None) -> dict[str, Any]:
        """Let it go on with the survivor, both locked; returns what moved, for `give_back`. Nothing: an empty one."""

    def give_back(self, moved: dict[str, Any], *, to: Ticket, taken_from: Ticket, by: User | None) -> None:
        """Undo a move as far as it is still so."""


@transaction.atomic
def merge_ticket(ticket: Ticket, *, by: User | None, into: Ticket) -> Ticket:
    """Let another ticket of the same customer go on for this one; returns the one that goes on.

    What was said stays: the survivor's timeline shows both, and what is said on this one from now on is said there.
    What apps above hold of it (`TICKET_PARTS`) goes on with the survivor.
    Errors: PermissionDenied; ValidationError code `invalid` (itself, somebody else's, merged already).
    """
    require(by, "tickets.merge")
    ticket, into = lock_both(ticket, into)
    if ticket.pk == into.pk:
        raise ValidationError(_("A ticket cannot be merged into itself."), code="invalid")
    if ticket.customer_id != into.customer_id:
        raise ValidationError(
            _("These are two people’s tickets: each would read what the other wrote. Merge the customers first."),
            code="invalid",
        )
    for one in (ticket, into):
        if one.merged_into_id is not None:
            raise ValidationError(
                _("Ticket %(number)s is merged into %(other)s already.")
                % {"number": one.pk, "other": one.merged_into_id},
                code="invalid",
            )
    refuse_in_trash(ticket, into)
    was = _state_of(ticket)
    changed = ticket.change_status(Status.SOLVED, at=ticket.solved_at or timezone.now())
    ticket.merged_into = into
    cancel_follow_ups(ticket, reason=WHY)  # answers that are owed by mail still go out
    moved = carry_over(ticket, into=into)
    parts = {path: found for path, part in _parts() if (found := part.move(ticket, to=into, by=by))}
    data = (
        {"into": into.pk, "was": was} | ({"follow_ups": moved} if moved else {}) | ({"parts": parts} if parts else {})
    )
    record(ticket, "ticket.merged", by=by, changed=[*changed, "merged_into"], data=data)
    tell_whole(ticket)
    touched = _take_over(into, was)
    record(into, "ticket.merged", by=by, changed=touched, data={"taken": ticket.pk, "subject": ticket.subject})
    return into


@transaction.atomic
def undo_merge(ticket: Ticket, *, by: User | None) -> Ticket:
    """Make a merged ticket what it was before, and return it; what was said meanwhile stays where it was said.

    Errors: PermissionDenied; ValidationError code `invalid` if it is merged into none.
    """
    require(by, "tickets.merge")
    found = Ticket.objects.filter(pk=ticket.pk).select_related("merged_into").get()
    if found.merged_into is None:
        raise ValidationError(_("This ticket is merged into no other."), code="invalid")
    ticket, into = lock_both(found, found.merged_into)
    refuse_in_trash(ticket, into)
    if ticket.merged_into_id != into.pk:
        raise ValidationError(_("Somebody has changed this a moment ago. Look again."), code="invalid")
    last = Event.objects.filter(ticket=ticket, type="ticket.merged", data__has_key="was").latest("seq")
    changed = _put_back(ticket, last.data["was"])
    ticket.merged_into = None
    ticket.follow_ups.filter(state=FollowUp.State.CANCELLED, reason=WHY, due_at__gt=timezone.now()).update(
        state=FollowUp.State.SCHEDULED, reason=""
    )
    give_back(ticket, taken_from=into, moved=last.data.get("follow_ups", {}))
    moved = last.data.get("parts", {})
    for path, part in _parts():
        if path in moved:
            part.give_back(moved[path], to=ticket, taken_from=into, by=by)
    record(ticket, "ticket.unmerged", by=by, changed=[*changed, "merged_into"], data={"from": into.pk})
    record(into, "ticket.unmerged", by=by, data={"given_back": ticket.pk, "subject": ticket.subject})
    return ticket


def _parts() -> list[tuple[str, Part]]:
    return [(path, import_string(path)) for path in settings.TICKET_PARTS]


def _state_of(ticket: Ticket) -> dict[str, Any]:
    """What undoing puts back, as JSON."""
    times = {name: getattr(ticket, name) for name in _TIMES}
    words = {"status": ticket.status, "named_status": ticket.named_status_id}
    return words | {name: at.isoformat() if at else None for name, at in times.items()}


def _put_back(ticket: Ticket, was: dict[str, Any]) -> list[str]:
    ticket.status, ticket.named_status_id = was["status"], was.get("named_status")
    for name in _TIMES:
        setattr(ticket, name, _time(was[name]))
    return ["status", "named_status", *_TIMES]


def _take_over(into: Ticket, was: dict[str, Any]) -> list[str]:
    """Whoever waited there waits here; returns the touched fields. A solved ticket waits for nobody, so it opens."""
    since = _time(was["waiting_since"])
    if since is None or (into.waiting_since is not None and into.waiting_since <= since):
        return []
    touched = list(_CLOCK)
    if into.is_solved:
        touched += into.change_status(Status.OPEN, at=timezone.now())
    for name in _CLOCK:
        setattr(into, name, _time(was[name]))
    return touched


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
