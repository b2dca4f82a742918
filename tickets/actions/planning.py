"""Follow-ups that somebody plans on a ticket: a message to its customer, or a task for one of us, at its time.

They are changed, called off and done here; what happens when their time has come is in `falling_due.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from tickets import when
from tickets.actions._rules import check_client_id, clean_body, clean_line, lock, require, too_long, undo_data
from tickets.actions.trashing import refuse_in_trash
from tickets.events import record
from tickets.models import FollowUp, FollowUpTemplate, Ticket, Unless
from tickets.models.follow_up import BODY_CHARS, FollowUpQuerySet
from tickets.queries.follow_ups import REASONS, why_pointless, zone_of
from tickets.when import LONGEST

MOST_PLANNED = 50  # on one ticket, not counting what is over
EXCERPT_CHARS = 120
CALLED_OFF = gettext_noop("called off")
NEEDED = {FollowUp.Kind.MESSAGE: "tickets.reply", FollowUp.Kind.TASK: "tickets.note"}
State = FollowUp.State


# --- Planning ------------------------------------------------------------------------------
def plan_follow_up(
    ticket: Ticket,
    *,
    by: User,
    kind: str,
    body: str,
    due_at: datetime,
    unless: Iterable[str] = (),
    assignee: User | None = None,
    template: FollowUpTemplate | None = None,
    client_id: str = "",
    at: datetime | None = None,
) -> FollowUp:
    """Plan a message or a task for `due_at`. `unless` says what makes it pointless before; a task is the `assignee`'s,
    or of whoever has the ticket then. The same `client_id` again returns what was planned before.

    Errors: PermissionDenied; ValidationError code `empty`, `too_long`, `invalid`, `trashed`, or `conflict` (the same
    `client_id` for something else).
    """
    wanted: dict[str, Any] = {
        "kind": kind, "body": body, "due_at": due_at, "unless": unless,
        "assignee": assignee, "template": template, "client_id": client_id, "at": at,
    }  # fmt: skip
    try:
        return _plan(ticket, by, **wanted)
    except IntegrityError:  # the same client_id on two tickets at once: the other one is stored now
        if not client_id:
            raise
        return _plan(ticket, by, **wanted)


@transaction.atomic
def _plan(ticket: Ticket, by: User, *, client_id: str, at: datetime | None, **wanted: Any) -> FollowUp:
    check_client_id(client_id)
    kind = _checked_kind(wanted["kind"])
    ticket = lock(ticket)
    require_planner(by, kind)
    body = _clean_words(wanted["body"])
    key = f"plan:{by.pk}:{client_id or uuid.uuid4().hex}"
    known = FollowUp.objects.filter(dedupe_key=key).first() if client_id else None
    if known is not None:
        if (known.ticket_id, known.kind, known.body) != (ticket.pk, kind, body):
            raise ValidationError(_("This id was used for another follow-up."), code="conflict")
        return known
    _check_ticket(ticket)
    _check_due(wanted["due_at"], at or timezone.now())
    if ticket.follow_ups.planned().open().count() >= MOST_PLANNED:
        words = _("A ticket has %(count)s follow-ups at most.") % {"count": MOST_PLANNED}
        raise ValidationError(words, code="invalid")
    row = FollowUp.objects.create(
        ticket=ticket,
        kind=kind,
        body=body,
        due_at=wanted["due_at"],
        unless=_checked_unless(wanted["unless"]),
        assignee=_checked_assignee(wanted["assignee"], kind, ticket),
        template=wanted["template"],
        time_zone=str(zone_of(ticket)),
        anchor_seq=ticket.last_seq,
        by=by,
        dedupe_key=key,
        created_at=at or timezone.now(),
    )
    record(ticket, "follow_up.planned", by=by, at=at, data=which(row) | {"due_at": row.due_at.isoformat()})
    return row


def plan_from_template(ticket: Ticket, *, by: User, template: FollowUpTemplate, client_id: str = "") -> FollowUp:
    """What a template says, at the time that it means now on the customer's clock. Errors as in `plan_follow_up`."""
    due_at = due_at_of(template.when, ticket)
    told: dict[str, Any] = {
        "kind": template.kind,
        "body": template.body,
        "unless": template.unless,
        "template": template,
    }
    return plan_follow_up(ticket, by=by, due_at=due_at, client_id=client_id, **told)


def due_at_of(words: str, ticket: Ticket) -> datetime:
    """When that is, on the customer's clock. Errors: ValidationError code `invalid`."""
    wake = when.read(words, now=timezone.now(), zone=zone_of(ticket))
    if wake is None or wake.at is None:
        raise ValidationError(
            _("Say when, as in “tomorrow 9”, “friday 14:30” or “in 2 hours”, within the next two years."),
            code="invalid",
        )
    return wake.at


def require_planner(by: User, kind: str) -> None:
    """PermissionDenied unless they may do what it is about. A customer may reply, too, but plans nothing."""
    if not isinstance(by, User):
        raise PermissionDenied
    require(by, NEEDED[FollowUp.Kind(kind)])


def which(row: FollowUp) -> dict[str, Any]:
    """What an event says of the follow-up that it is about. The words of a message are in no event: they may be blacked
    out as a message later."""
    said: dict[str, Any] = {"follow_up": row.pk, "kind": row.kind}
    return said | {"note": clean_line(row.body, EXCERPT_CHARS)} if row.is_task else said


def _checked_kind(kind: str) -> FollowUp.Kind:
    if kind not in NEEDED:
        raise ValidationError(_("There is no such kind of follow-up."), code="invalid")
    return FollowUp.Kind(kind)


def _clean_words(body: str) -> str:
    body = clean_body(body)
    if len(body) > BODY_CHARS:
        raise too_long(BODY_CHARS)
    return body


def _checked_unless(unless: Iterable[str]) -> list[str]:
    wanted = set(unless)
    if wanted - set(Unless.values):
        raise ValidationError(_("There is no such condition."), code="invalid")
    return [value for value in Unless.values if value in wanted]


def _checked_assignee(assignee: User | None, kind: str, ticket: Ticket) -> User | None:
    if assignee is None:
        return None
    if kind != FollowUp.Kind.TASK:
        raise ValidationError(_("Only a task is given to somebody."), code="invalid")
    if not assignee.is_active or not Ticket.objects.visible_to(assignee).filter(pk=ticket.pk).exists():
        raise ValidationError(_("%(name)s does not see this ticket.") % {"name": assignee.name}, code="invalid")
    return assignee


def _check_ticket(ticket: Ticket) -> None:
    refuse_in_trash(ticket)
    if ticket.merged_into_id is not None:
        words = _("Ticket %(number)s goes on for this one. Plan it there.")
        raise ValidationError(words % {"number": ticket.merged_into_id}, code="invalid")


def _check_due(due_at: datetime, now: datetime) -> None:
    if due_at <= now:
        raise ValidationError(_("That time has passed."), code="invalid")
    if due_at > now + LONGEST:
        raise ValidationError(_("Choose a time within two years."), code="invalid")


# --- Changing ------------------------------------------------------------------------------
@transaction.atomic
def change_follow_up(
    row: FollowUp,
    *,
    by: User,
    body: str | None = None,
    due_at: datetime | None = None,
    unless: Iterable[str] | None = None,
    assignee: User | None | bool = False,
    author: User | None = None,
    is_undo: bool = False,
) -> FollowUp:
    """Say something of it anew; what is not named stays. A message whose words somebody changes leaves in their name
    from then on. A task that was due and gets a later time is not due any more.

    `assignee` False leaves it as it is; `author` is whose words it gets back when that is undone. Errors:
    PermissionDenied; ValidationError code `closed` if it is over, and as in `plan_follow_up`.
    """
    ticket, row = _lock_open(row, by)
    changed: list[str] = []
    data = undo_data(is_undo)
    if body is not None and (words := _clean_words(body)) != row.body:
        row.body = words
        changed.append("body")
        if row.kind == FollowUp.Kind.MESSAGE:
            row.by = author if is_undo and author else by
            changed.append("by")
    if unless is not None and (conditions := _checked_unless(unless)) != row.unless:
        row.unless = conditions
        changed.append("unless")
    if not isinstance(assignee, bool) and assignee != row.assignee:
        row.assignee = _checked_assignee(assignee, row.kind, ticket)
        changed.append("assignee")
    if due_at is not None and due_at != row.due_at:
        was_due = is_undo and row.is_task and due_at <= timezone.now()  # it was put off, and now it is not
        if not was_due:
            _check_due(due_at, timezone.now())
        data |= {"from": row.due_at.isoformat(), "to": due_at.isoformat()}
        row.due_at, row.state = due_at, State.DUE if was_due else State.SCHEDULED
        changed += ["due_at", "state"]
    if not changed:
        return row
    row.save(update_fields=changed)
    record(ticket, "follow_up.changed", by=by, data=which(row) | data)
    return row


@transaction.atomic
def drop_follow_up(row: FollowUp, *, by: User, is_undo: bool = False) -> FollowUp:
    """Call a planned follow-up off. Doing it twice is harmless. Errors: PermissionDenied; ValidationError code `closed`
    if it has happened."""
    ticket, row = _lock_row(row, by)
    if row.state == State.CANCELLED:
        return row
    _refuse_over(row)
    end(row, State.CANCELLED, by=by, reason=CALLED_OFF)
    record(ticket, "follow_up.cancelled", by=by, data=which(row) | undo_data(is_undo))
    return row


@transaction.atomic
def complete_task(row: FollowUp, *, by: User) -> FollowUp:
    """A task is done, before its time or after. Doing it twice is harmless. Errors: PermissionDenied; ValidationError
    code `invalid` (a message), `closed` (called off)."""
    ticket, row = _lock_row(row, by)
    if not row.is_task:
        raise ValidationError(_("A message is sent, not ticked off."), code="invalid")
    if row.state == State.DONE:
        return row
    _refuse_over(row)
    end(row, State.DONE, by=by)
    record(ticket, "follow_up.done", by=by, data=which(row))
    return row


@transaction.atomic
def restore_follow_up(row: FollowUp, *, by: User, is_undo: bool = False) -> FollowUp:
    """Plan again what was called off or dropped, or open a task that was done. What happened meanwhile does not count
    against it: whoever does this has seen it.

    Errors: PermissionDenied; ValidationError code `closed` for a message that was sent, `invalid` for one whose time
    has passed.
    """
    ticket, row = _lock_row(row, by)
    if row.is_open:
        return row
    is_late = row.due_at <= timezone.now()
    if row.state == State.DONE and not row.is_task:
        raise ValidationError(_("It has left already."), code="closed")
    if is_late and not row.is_task:
        raise ValidationError(_("Its time has passed. Plan it anew."), code="invalid")
    row.state = State.DUE if is_late else State.SCHEDULED
    row.reason, row.ended_at, row.ended_by, row.anchor_seq = "", None, None, ticket.last_seq
    row.save(update_fields=["state", "reason", "ended_at", "ended_by", "anchor_seq"])
    record(ticket, "follow_up.restored", by=by, data=which(row) | undo_data(is_undo))
    return row


def end(row: FollowUp, state: str, *, by: User | None, reason: str = "") -> None:
    """It is over: done or cancelled. The row must be locked."""
    row.state, row.reason, row.ended_by, row.ended_at = State(state), reason[:EXCERPT_CHARS], by, timezone.now()
    row.save(update_fields=["state", "reason", "ended_by", "ended_at"])


def lock_planned(row: FollowUp) -> tuple[Ticket, FollowUp]:
    """The ticket on which it is now, and the row, both locked, the ticket first as every action does.

    Errors: ValidationError code `conflict` if the ticket is merged this very moment.
    """
    rows = FollowUp.objects.planned().filter(pk=row.pk)
    ticket = lock(Ticket(pk=rows.values_list("ticket", flat=True).get()))
    found = rows.select_for_update(of=("self",)).select_related("by", "assignee").get()
    if found.ticket_id != ticket.pk:  # to lock the other one now would be out of order
        raise ValidationError(_("The ticket was merged this very moment. Try again."), code="conflict")
    return ticket, found


def _lock_row(row: FollowUp, by: User) -> tuple[Ticket, FollowUp]:
    ticket, row = lock_planned(row)
    require_planner(by, row.kind)
    _check_ticket(ticket)
    return ticket, row


def _lock_open(row: FollowUp, by: User) -> tuple[Ticket, FollowUp]:
    ticket, row = _lock_row(row, by)
    _refuse_over(row)
    return ticket, row


def _refuse_over(row: FollowUp) -> None:
    if row.state == State.CANCELLED:
        raise ValidationError(_("It was called off."), code="closed")
    if row.state == State.DONE:
        raise ValidationError(_("It is done already."), code="closed")


# --- What other actions do to them -------------------------------------------------------
def drop_planned(ticket: Ticket, condition: Unless, *, at: datetime | None = None) -> None:
    """Cancel what has just become pointless. The ticket must be locked."""
    for row in ticket.follow_ups.planned().scheduled().filter(unless__contains=[condition]).select_for_update():
        drop(ticket, row, REASONS[condition], at=at)


def drop(ticket: Ticket, row: FollowUp, reason: str, *, at: datetime | None = None) -> None:
    """It is pointless now. Ticket and row must be locked."""
    end(row, State.CANCELLED, by=None, reason=reason)
    record(ticket, "follow_up.cancelled", by=None, at=at, data=which(row) | {"reason": row.reason})


def plan_again(ticket: Ticket, condition: Unless, *, since: datetime | None) -> None:
    """What was cancelled by something that is undone now is planned as before. The ticket must be locked."""
    rows = ticket.follow_ups.planned().filter(
        state=State.CANCELLED, reason=REASONS[condition], due_at__gt=timezone.now()
    )
    for row in rows.filter(ended_at__gte=since).select_for_update() if since else []:
        row.state, row.reason, row.ended_at = State.SCHEDULED, "", None
        row.save(update_fields=["state", "reason", "ended_at"])
        record(ticket, "follow_up.restored", by=None, data=which(row) | undo_data(is_undo=True))


def carry_over(ticket: Ticket, *, into: Ticket) -> dict[str, int]:
    """What is planned on a ticket goes on with the one that it is merged into; returns what giving it back needs. Both
    must be locked. What is pointless by then stays, cancelled."""
    moved: dict[str, int] = {}
    for row in ticket.follow_ups.planned().open().select_for_update().order_by("pk"):
        reason = why_pointless(row, ticket) if row.state == State.SCHEDULED else ""
        if reason:
            end(row, State.CANCELLED, by=None, reason=reason)
            continue
        moved[str(row.pk)] = row.anchor_seq
        row.ticket, row.anchor_seq = into, into.last_seq
        row.save(update_fields=["ticket", "anchor_seq"])
    return moved


def give_back(ticket: Ticket, *, taken_from: Ticket, moved: dict[str, int]) -> None:
    """Undo `carry_over`, for what is still to happen. Both must be locked."""
    rows = taken_from.follow_ups.planned().open().filter(pk__in=[int(pk) for pk in moved])
    for row in rows.select_for_update().order_by("pk"):
        row.ticket, row.anchor_seq = ticket, moved[str(row.pk)]
        row.save(update_fields=["ticket", "anchor_seq"])


def leave_planned(user: User, *, by: User | None) -> None:
    """Somebody stops working here: their tasks are of whoever has the ticket, and nothing leaves in their name."""
    FollowUp.objects.planned().open().filter(assignee=user).update(assignee=None)
    for row in planned_in_name_of(user).order_by("ticket", "pk"):
        ticket, found = lock_planned(row)
        if found.is_open:
            hold(ticket, found, f"{user.name} does not work here any more.", by=by)


def planned_in_name_of(user: User) -> FollowUpQuerySet:
    """The messages that would leave in somebody's name."""
    return FollowUp.objects.planned().scheduled().filter(kind=FollowUp.Kind.MESSAGE, by=user)


def hold(ticket: Ticket, row: FollowUp, reason: str, *, by: User | None = None) -> None:
    """It cannot leave: it is over, and those concerned hear why. Ticket and row must be locked."""
    end(row, State.CANCELLED, by=by, reason=reason)
    record(ticket, "follow_up.held", by=by, data=which(row) | {"reason": row.reason})
