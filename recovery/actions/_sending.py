"""What sending and approving share: whether an offer can be made at all, who is asked, and how it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from recovery import emails
from recovery.actions import _ledger
from recovery.actions.cases import mark_offered
from recovery.actions.paying import hold_vouchers
from recovery.models import Approval, Case, Failure, Offer, Option, Policy, RemedyKind
from recovery.money import shown
from recovery.queries.approvals import approvers
from recovery.queries.budgets import Reason
from recovery.queries.offers import dearest, earlier_apology, measure
from tickets.actions import post_message
from tickets.events import record
from tickets.formatting import escape, link
from tickets.models import Channel, Message


def check_offerable(
    offer: Offer, options: Sequence[Option], *, policy: Policy, now: datetime, is_leaving: bool = False
) -> None:
    """Whether this may be offered at all, whoever approves it; `is_leaving`: this minute.

    Errors: ValidationError code `closed`, `fault`, `cap`; of one that leaves also `stopped`, `blocked`, `apology`.
    """
    ticket = offer.case.ticket
    if offer.case.state == Case.State.CLOSED or ticket.merged_into_id or ticket.trashed_at:
        raise ValidationError(_("Nothing can be offered here any more."), code="closed")
    failure = Failure.objects.filter(ticket=ticket).first()
    if failure is None or failure.is_our_fault is None:
        raise ValidationError(_("First say what failed, and whether it was our fault."), code="fault")
    if not failure.is_our_fault:
        raise ValidationError(_("It was not our fault: money does not help there."), code="fault")
    cap = measure(ticket, offer.currency, now=now, policy=policy).cap
    if cap is not None and dearest(options) > cap:
        values = {"most": shown(cap, offer.currency), "percent": policy.cap_percent}
        said = _("At most %(most)s: more than %(percent)s %% of what was at stake does harm.") % values
        raise ValidationError(said, code="cap")
    if is_leaving:
        _check_leaving(offer, options, policy=policy, now=now)


def _check_leaving(offer: Offer, options: Sequence[Option], *, policy: Policy, now: datetime) -> None:
    if policy.is_stopped:
        raise ValidationError(_("Making good is stopped for the whole company."), code="stopped")
    if offer.case.ticket.customer.is_blocked:
        raise ValidationError(_("This customer is blocked."), code="blocked")
    if any(option.kind == RemedyKind.APOLOGY for option in options):
        earlier = earlier_apology(offer, policy, now)
        if earlier is not None:
            values = {"number": earlier.case.ticket_id, "days": policy.apology_days}
            said = _("We apologised to them on ticket %(number)s within the last %(days)s days; again would do harm.")
            raise ValidationError(said % values, code="apology")


def about(offer: Offer) -> dict[str, Any]:
    """What every event of an offer says."""
    return {"offer": str(offer.pk), "version": offer.version, "currency": offer.currency}


def deliver(offer: Offer, *, by: User | None, on_account_of: User | None, policy: Policy, at: datetime | None) -> Offer:
    """Reserve what it costs at most, hold its codes, write the mail: one transaction. The rules are locked."""
    now = at or timezone.now()
    most = dearest(offer.options.all())
    offer.state, offer.sent_at, offer.team = Offer.State.SENT, now, offer.case.ticket.team
    offer.expires_at = now + timedelta(days=policy.offer_days)
    offer.save(update_fields=["state", "sent_at", "expires_at", "team"])
    _ledger.reserve(offer, amount=most, by=on_account_of, at=now)
    hold_vouchers(offer)
    mark_offered(offer.case, by=by, at=at)
    if at is None:  # what a demonstration or an import did in the past reaches nobody today
        _tell_customer(offer, by=on_account_of or by)
    data = about(offer) | {"options": [option.title for option in offer.options.all()], "amount": str(most)}
    record(offer.case.ticket, "offer.sent", by=by, at=at, data=data)
    return offer


def _tell_customer(offer: Offer, *, by: User | None) -> None:
    """By mail, where an address is known to be theirs; else in the chat that they wrote from.

    Errors: ValidationError code `no_address`.
    """
    if emails.offer(offer) is not None:
        return
    ticket = offer.case.ticket
    if ticket.channel != Channel.CHAT or by is None:
        raise ValidationError(_("We know no address of theirs. Ask them for it, or call them."), code="no_address")
    words = "\n\n".join([escape(offer.words), link(_("Choose what suits you"), emails.offer_url(offer))])
    key = emails.offer_key(offer)
    post_message(ticket, by=by, body=words, client_id=key, format=Message.Format.MARKDOWN)
    ticket.refresh_from_db()  # that was an event of its own


def ask(
    offer: Offer,
    *,
    by: User | None,
    reasons: list[Reason],
    amount: Decimal | None,
    policy: Policy,
    at: datetime | None,
) -> Offer:
    """Somebody else has to say yes; whoever can is told."""
    now = at or timezone.now()
    asked = {
        "asked_by": by,
        "asked_at": now,
        "reasons": reasons,
        "amount": amount or Decimal(0),
        "due_at": now + timedelta(hours=policy.approval_hours),
        "state": Approval.State.ASKED,
        "deputy_told_at": None,
        "decided_by": None,
        "decided_at": None,
        "note": "",
    }
    offer.state = Offer.State.AWAITING
    offer.save(update_fields=["state"])
    approval, _is_new = Approval.objects.update_or_create(offer=offer, defaults=asked)
    tell = [user.pk for user in approvers(approval, now=now)]
    data = about(offer) | {"reasons": reasons, "amount": str(dearest(offer.options.all())), "tell": tell}
    record(offer.case.ticket, "approval.asked", by=by, at=at, data=data)
    return offer


def drop_approval(offer: Offer, *, at: datetime) -> None:
    """Nobody needs to decide it any more."""
    waiting = Approval.objects.filter(offer=offer, state=Approval.State.ASKED)
    waiting.update(state=Approval.State.MOOT, decided_at=at)
