"""A case is opened, worked on and closed: the work of putting it right for one customer on one ticket.

Locks: ticket → case. `mark_offered` and `mark_answered` are steps of the offer's own actions, which hold both locks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.models import User
from recovery.actions._locking import refuse_moved
from recovery.models import Arm, Case, Decision, Offer, Policy, Trigger
from recovery.queries.cases import Earlier, earlier_failure, owner_for, senior_for
from tickets.actions._rules import Actor, clean_line, lock, require
from tickets.actions.trashing import refuse_in_trash
from tickets.actions.undoing import offer_to_undo
from tickets.events import record
from tickets.models import Event, Ticket, Undo
from tickets.queries.concerning import may_see

NOTE_CHARS = 500
State = Case.State
ANSWERED = {State.ACCEPTED, State.DECLINED, State.EXPIRED}


@transaction.atomic
def open_case(
    ticket: Ticket,
    *,
    by: Actor,
    trigger: str,
    why: dict[str, Any] | None = None,
    event: Event | None = None,
    arm: str = Arm.FREE,
    at: datetime | None = None,
) -> Case:
    """Begin to put it right on this ticket; if there is an open case already, that one; a closed one is reopened.

    `event` is what made it necessary, `why` the values that the reason is told with. Another failure of the same person
    not long ago, or of the same cause, makes it a senior person's. Records `case.opened`.
    Errors: PermissionDenied; ValidationError code `closed` (merged away) or `trashed`.
    """
    ticket = lock(ticket)
    require(by, "recovery.work")
    if ticket.merged_into_id is not None:
        raise ValidationError(
            _("Ticket %(number)s goes on for this one.") % {"number": ticket.merged_into_id}, code="closed"
        )
    refuse_in_trash(ticket)
    known = Case.objects.select_for_update().filter(ticket=ticket).first()
    if known is not None:
        return known if known.is_open else _reopen(ticket, known, by=by, trigger=trigger, why=why or {}, at=at)
    now, policy = at or timezone.now(), Policy.current()
    earlier = earlier_failure(ticket, at=now, policy=policy)
    why = (why or {}) | ({"event": event.pk} if event else {}) | _earlier_data(earlier)
    case = Case.objects.create(
        ticket=ticket,
        customer=ticket.customer,
        owner=owner_for(ticket, is_senior=earlier is not None) or (by if isinstance(by, User) else None),
        trigger=Trigger(trigger),
        why=why,
        opened_by=by if isinstance(by, User) else None,
        is_second_failure=earlier is not None,
        follows=earlier.case if earlier else None,
        arm=Arm.FREE if earlier else arm,  # nothing is tried out on somebody whom we have failed twice
        opened_at=now,
        **_due(now, policy),
    )
    data = {"trigger": case.trigger, "why": why, "second": case.is_second_failure}
    record(ticket, "case.opened", by=by, at=at, data=data | about(case))
    if trigger == Trigger.AGENT:  # what opens by itself was decided by whoever calls this
        outcome = Decision.Outcome.OPENED
        Decision.objects.create(trigger=trigger, ticket=ticket, case=case, outcome=outcome, why=why, at=now)
    return case


@transaction.atomic
def take_case(case: Case, *, by: User, user: User | None = None, at: datetime | None = None) -> Case:
    """It is theirs from now on (or that of `user`, whom they give it to). Taking it twice is harmless.

    Records `case.taken`. Errors: PermissionDenied; ValidationError code `closed`, `senior` (after a second failure it
    belongs to a lead or a manager) or `invalid`.
    """
    ticket, case = _lock(case)
    require(by, "recovery.work")
    _refuse_closed(case)
    owner = user or by
    if not owner.has_perm("recovery.work") or not may_see(owner, ticket):
        raise ValidationError(_("%(name)s cannot see this ticket.") % {"name": owner.name}, code="invalid")
    if case.is_second_failure and not owner.has_perm("recovery.approve"):
        raise ValidationError(_("After a second failure a lead or a manager takes care of it."), code="senior")
    if case.owner_id == owner.pk:
        return case
    had = case.owner.name if case.owner else None
    case.owner = owner
    case.save(update_fields=["owner"])
    record(ticket, "case.taken", by=by, at=at, data={"from": had} | about(case))
    return case


@transaction.atomic
def contact_case(
    case: Case,
    *,
    by: Actor,
    at: datetime | None = None,
    when: datetime | None = None,
    way: str = "",
    note: str = "",
) -> Case:
    """The customer has heard from us about it: by a call or in any other way (`way`: "call", "reply" or empty).

    `when` is the time of it, where that is not now. Doing it twice is harmless. Records `case.contacted`.
    Errors: PermissionDenied; ValidationError code `closed`.
    """
    ticket, case = _lock(case)
    require(by, "recovery.work")
    _refuse_closed(case)
    if case.contacted_at is not None:
        return case
    case.contacted_at = when or at or timezone.now()
    changed = ["contacted_at", *_move(case, State.CONTACTED, since={State.DETECTED})]
    case.save(update_fields=changed)
    data: dict[str, Any] = {"way": way, "when": case.contacted_at.isoformat()}
    if note:
        data["note"] = clean_line(note, NOTE_CHARS)
    record(ticket, "case.contacted", by=by, at=at, data=data | about(case))
    return case


def mark_offered(case: Case, *, by: User | None, at: datetime | None = None) -> Case:
    """An offer has left: a step of sending it, under the locks and with the event of whoever sends it.

    Errors: ValidationError code `closed`.
    """
    _refuse_closed(case)
    now = at or timezone.now()
    case.state, case.offered_at, case.answered_at = State.OFFERED, now, None
    case.contacted_at = case.contacted_at or now  # the offer is the first they hear of us
    case.save(update_fields=["state", "offered_at", "answered_at", "contacted_at"])
    return case


def mark_answered(case: Case, *, state: str, at: datetime | None = None) -> Case:
    """The offer was accepted, declined, or has expired: a step of that, under its locks and with its event.

    Whoever accepted is on watch from now on. A case that was closed meanwhile stays closed, but knows the answer.
    """
    if state not in ANSWERED:
        raise ValueError(state)
    now = at or timezone.now()
    case.answered_at = now
    changed = ["answered_at"]
    if case.is_open:
        case.state = state
        changed.append("state")
    if state == State.ACCEPTED:
        changed += _watch(case, now)
    case.save(update_fields=changed)
    return case


@transaction.atomic
def verify_case(case: Case, *, by: Actor, at: datetime | None = None, note: str = "") -> Case:
    """It is right now: the customer says so, or whoever works on it has made sure. The watch begins anew.

    Records `case.verified`. Doing it twice is harmless. Errors: PermissionDenied; ValidationError code `closed`.
    """
    ticket, case = _lock(case)
    require(by, "recovery.work")
    _refuse_closed(case)
    if case.state == State.VERIFIED:
        return case
    now = at or timezone.now()
    case.state, case.verified_at = State.VERIFIED, now
    case.contacted_at = case.contacted_at or now
    case.save(update_fields=["state", "verified_at", "contacted_at", *_watch(case, now)])
    data = {"until": case.watch_until.isoformat()} if case.watch_until else {}
    if note:
        data["note"] = clean_line(note, NOTE_CHARS)
    record(ticket, "case.verified", by=by, at=at, data=data | about(case))
    return case


@transaction.atomic
def close_case(case: Case, *, by: Actor, note: str = "", at: datetime | None = None) -> Case:
    """Nothing more is to be done. What was not verified needs a word on why.

    Records `case.closed`. Doing it twice is harmless. Errors: PermissionDenied; ValidationError code `empty` (no note)
    or `conflict` (an offer is on its way).
    """
    ticket, case = _lock(case)
    require(by, "recovery.work")
    if not case.is_open:
        return case
    note = clean_line(note, NOTE_CHARS)
    if not note and case.state != State.VERIFIED:
        raise ValidationError(_("Say in a few words how it ended."), code="empty")
    if Offer.objects.filter(case=case).live().exists():
        raise ValidationError(_("An offer is open. Withdraw it first, or wait for the answer."), code="conflict")
    was = case.state
    case.state, case.closed_at, case.close_note = State.CLOSED, at or timezone.now(), note
    case.save(update_fields=["state", "closed_at", "close_note"])
    record(ticket, "case.closed", by=by, at=at, data={"was": was, "note": note} | about(case))
    return case


@transaction.atomic
def reopen_case(case: Case, *, by: Actor, why: dict[str, Any] | str, at: datetime | None = None) -> Case:
    """It is not right after all: a senior person takes it up, phone first, and nothing happens by itself.

    `why` is what they said, or the values that it is told with. Records `case.reopened`, which tells its new owner.
    Errors: PermissionDenied.
    """
    ticket, case = _lock(case)
    require(by, "recovery.work")
    reason = {"note": clean_line(why, NOTE_CHARS)} if isinstance(why, str) else why
    return _reopen(ticket, case, by=by, trigger=None, why=reason, at=at)


@transaction.atomic
def escalate_case(case: Case, *, by: Actor, earlier: Earlier, at: datetime | None = None) -> Case:
    """It turned out to be the second failure: a senior person takes over. Doing it twice is harmless.

    Records `case.escalated`. Errors: PermissionDenied; ValidationError code `closed`.
    """
    ticket, case = _lock(case)
    require(by, "recovery.work")
    _refuse_closed(case)
    if case.is_second_failure:
        return case
    case.is_second_failure, case.follows, case.arm = True, earlier.case, Arm.FREE
    case.why = case.why | _earlier_data(earlier)
    case.owner = _senior_owner(ticket, case)
    case.save(update_fields=["is_second_failure", "follows", "arm", "why", "owner"])
    record(ticket, "case.escalated", by=by, at=at, data={"why": _earlier_data(earlier)} | about(case))
    return case


def remember_case(case: Case, *, by: User, act: Callable[[], object]) -> list[Undo]:
    """Do something to a case so that whoever does it can take it back for a while; nothing to undo: an empty list."""
    with transaction.atomic():
        ticket, before = _lock(case)
        was = _kept(before)
        act()
        made = _kept(Case.objects.get(pk=case.pk))
        changed = [name for name in KEPT if was[name] != made[name]]
        if not changed:
            return []
        step = {"case": case.pk, "was": {n: was[n] for n in changed}, "made": {n: made[n] for n in changed}}
        return [offer_to_undo(ticket, by=by, do="case", was=step, label=_("Case changed"))]


@transaction.atomic
def put_back(ticket: Ticket, was: dict[str, Any], by: User) -> Case:
    """The case as it was before somebody did something to it, unless it has changed since. Records `case.put_back`.

    Errors: PermissionDenied; ValidationError code `invalid`.
    """
    ticket = lock(ticket)
    require(by, "recovery.work")
    case = Case.objects.select_for_update(of=("self",)).select_related("owner").filter(pk=was["case"]).first()
    now = _kept(case) if case else {}
    if case is None or any(now[name] != value for name, value in was["made"].items()):
        raise ValidationError(_("It has changed since."), code="invalid")
    for name, value in was["was"].items():
        is_time = value is not None and (name.endswith("_at") or name == "watch_until")
        setattr(case, name, parse_datetime(value) if is_time else value)
    case.save()
    case.refresh_from_db()
    record(ticket, "case.put_back", by=by, data={"state": case.state} | about(case))
    return case


# What can be taken back of a case.
KEPT = (
    "state",
    "owner_id",
    "contacted_at",
    "offered_at",
    "answered_at",
    "verified_at",
    "closed_at",
    "close_note",
    "watch_until",
    "contact_due_at",
    "resolution_due_at",
    "contact_told_at",
    "resolution_told_at",
    "reopened_at",
    "reopened_count",
    "is_second_failure",
    "arm",
    "why",
)


def _kept(case: Case) -> dict[str, Any]:
    values = {name: getattr(case, name) for name in KEPT}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _lock(case: Case) -> tuple[Ticket, Case]:
    ticket = lock(case.ticket)
    locked = Case.objects.select_for_update(of=("self",)).select_related("owner").get(pk=case.pk)
    refuse_moved(locked, ticket)
    return ticket, locked


def _refuse_closed(case: Case) -> None:
    if not case.is_open:
        raise ValidationError(_("This case is closed. Reopen it first."), code="closed")


def _move(case: Case, to: str, *, since: set[State]) -> list[str]:
    """Into this state, if it is in one before it; returns the fields that were touched."""
    if case.state not in since:
        return []
    case.state = to
    return ["state"]


def _reopen(
    ticket: Ticket, case: Case, *, by: Actor, trigger: str | None, why: dict[str, Any], at: datetime | None
) -> Case:
    now = at or timezone.now()
    case.state, case.closed_at, case.close_note = State.DETECTED, None, ""
    case.is_second_failure, case.arm = True, Arm.FREE
    case.reopened_at, case.reopened_count = now, case.reopened_count + 1
    case.contact_told_at = case.resolution_told_at = None
    case.contacted_at = case.offered_at = case.answered_at = case.verified_at = None
    case.why = case.why | {"again": why | ({"trigger": trigger} if trigger else {})}
    for name, due in _due(now, Policy.current()).items():
        setattr(case, name, due)
    case.owner = _senior_owner(ticket, case)
    case.save()
    data = {"trigger": trigger, "why": why}
    record(ticket, "case.reopened", by=by, at=at, data=data | about(case))
    return case


def _senior_owner(ticket: Ticket, case: Case) -> User | None:
    """Who has it, if they are senior; else somebody who is."""
    if case.owner is not None and case.owner.has_perm("recovery.approve"):
        return case.owner
    return senior_for(ticket) or case.owner


def _due(now: datetime, policy: Policy) -> dict[str, datetime]:
    return {
        "contact_due_at": now + timedelta(hours=policy.first_touch_hours),
        "resolution_due_at": now + timedelta(hours=policy.resolution_hours),
    }


def _watch(case: Case, now: datetime) -> list[str]:
    case.watch_until = now + timedelta(days=Policy.current().watch_days)
    return ["watch_until"]


def _earlier_data(earlier: Earlier | None) -> dict[str, Any]:
    if earlier is None:
        return {}
    said = {"ticket": earlier.ticket, "at": earlier.at.isoformat(), "same_cause": earlier.is_same_cause}
    return {"earlier": said}


def about(case: Case) -> dict[str, Any]:
    """What every event of a case says, and whom it is told: its owner."""
    owner = {"id": case.owner.pk, "name": case.owner.name} if case.owner else None
    return {"case": case.pk, "owner": owner, "tell": [case.owner_id] if case.owner_id else []}
