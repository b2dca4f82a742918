"""Four eyes: what is beyond somebody's limits is sent or refused by somebody else, never by whoever asked."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from recovery.actions._locking import lock_offer, lock_policy
from recovery.actions._sending import about, check_offerable, deliver
from recovery.models import Approval, Offer
from recovery.queries.approvals import deputies, may_decide
from recovery.queries.budgets import own_limits
from tickets.actions._rules import clean_line, require
from tickets.events import record

NOTE_CHARS = 500
State = Approval.State


@transaction.atomic
def approve_offer(offer: Offer, *, by: User, note: str = "", at: datetime | None = None) -> Offer:
    """Yes: it is sent, on the account of whoever says so. Doing it twice is harmless. Records `approval.granted` and
    `offer.sent`.

    Errors: PermissionDenied; ValidationError code `own` (one's own), `beyond` (more than they may give themselves),
    `gone` (nobody waits for it any more), or why it cannot be sent (`send_offer`).
    """
    offer = lock_offer(offer)
    require(by, "recovery.approve")
    policy, now = lock_policy(), at or timezone.now()
    approval = Approval.objects.select_for_update(of=("self",)).filter(offer=offer).first()
    if approval is not None and approval.state == State.GRANTED and approval.decided_by_id == by.pk:
        return offer
    approval = _waiting(offer, approval)
    _refuse_own(offer, approval, by)
    if not may_decide(by, approval, limits=own_limits(by, now)):
        raise ValidationError(_("That is more than you may give yourself."), code="beyond")
    check_offerable(offer, list(offer.options.all()), policy=policy, now=now, is_leaving=True)
    _decide(approval, State.GRANTED, by=by, note=note, now=now)
    data = about(offer) | {"note": approval.note, "tell": _askers(offer, approval)}
    record(offer.case.ticket, "approval.granted", by=by, at=at, data=data)
    return deliver(offer, by=by, on_account_of=by, policy=policy, at=at)


@transaction.atomic
def refuse_offer(offer: Offer, *, by: User, note: str, at: datetime | None = None) -> Offer:
    """No, and why: it is a draft again. Doing it twice is harmless. Records `approval.refused`.

    Errors: PermissionDenied; ValidationError code `own`, `empty` (no note) or `gone`.
    """
    offer = lock_offer(offer)
    require(by, "recovery.approve")
    now = at or timezone.now()
    approval = Approval.objects.select_for_update(of=("self",)).filter(offer=offer).first()
    if approval is not None and approval.state == State.REFUSED and approval.decided_by_id == by.pk:
        return offer
    approval = _waiting(offer, approval)
    _refuse_own(offer, approval, by)
    if not clean_line(note, NOTE_CHARS):
        raise ValidationError(_("Say why, so that it can be done better."), code="empty")
    _decide(approval, State.REFUSED, by=by, note=note, now=now)
    offer.state = Offer.State.DRAFT
    offer.save(update_fields=["state"])
    data = about(offer) | {"note": approval.note, "tell": _askers(offer, approval)}
    record(offer.case.ticket, "approval.refused", by=by, at=at, data=data)
    return offer


@transaction.atomic
def tell_deputy(approval: Approval, *, by: User | None = None, at: datetime | None = None) -> bool:
    """Nobody has decided in time: the deputy is told, once. The clock's work. Records `approval.overdue`."""
    offer = lock_offer(approval.offer)
    now = at or timezone.now()
    approval = Approval.objects.select_for_update(of=("self",)).get(pk=approval.pk)
    if approval.state != State.ASKED or approval.deputy_told_at is not None or approval.due_at > now:
        return False
    approval.deputy_told_at = now
    approval.save(update_fields=["deputy_told_at"])
    approval.offer = offer
    tell = [user.pk for user in deputies(approval, now=now)]
    record(offer.case.ticket, "approval.overdue", by=by, at=at, data=about(offer) | {"tell": tell})
    return True


def _waiting(offer: Offer, approval: Approval | None) -> Approval:
    if approval is None or approval.state != State.ASKED or offer.state != Offer.State.AWAITING:
        raise ValidationError(_("Nobody waits for a decision on this offer any more."), code="gone")
    approval.offer = offer
    return approval


def _refuse_own(offer: Offer, approval: Approval, by: User) -> None:
    if by.pk in (approval.asked_by_id, offer.by_id):
        raise ValidationError(_("This is your own offer: somebody else decides."), code="own")
    if not by.is_active:
        raise PermissionDenied


def _decide(approval: Approval, state: str, *, by: User, note: str, now: datetime) -> None:
    approval.state, approval.decided_by, approval.decided_at = state, by, now
    approval.note = clean_line(note, NOTE_CHARS)
    approval.save(update_fields=["state", "decided_by", "decided_at", "note"])


def _askers(offer: Offer, approval: Approval) -> list[int]:
    return sorted({pk for pk in (approval.asked_by_id, offer.by_id) if pk})
