"""What an offer needs of stock and shop: a code is held for each option, issued with the chosen one, else put back; and
the shop is asked to pay out what it pays out."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from recovery.models import Hook, Offer, Option, Payout, Voucher
from tickets.events import nudge

State = Voucher.State


def hold_vouchers(offer: Offer) -> None:
    """A step of sending: a code out of stock for each option that gives one.

    Errors: ValidationError code `no_vouchers`.
    """
    for option in offer.options.filter(remedy__pool__isnull=False).select_related("remedy__pool"):
        if not Voucher.objects.filter(option=option).exists():
            _hold(option)


def _hold(option: Option) -> None:
    pool = option.remedy.pool if option.remedy else None
    now = timezone.now()
    is_stale = pool is None or pool.archived_at or (pool.codes_expire_at and pool.codes_expire_at <= now)
    # Two offers at once take two codes: each passes over what the other is taking.
    free = Voucher.objects.select_for_update(skip_locked=True).filter(pool=pool, state=State.FREE).order_by("pk")
    voucher = None if is_stale else free.first()
    if voucher is None:
        name = pool.name if pool else option.words
        raise ValidationError(_("No code of “%(name)s” is left.") % {"name": name}, code="no_vouchers")
    voucher.state, voucher.option, voucher.changed_at = State.HELD, option, now
    voucher.save(update_fields=["state", "option", "changed_at"])


def issue_option(option: Option) -> None:
    """A step of accepting: the chosen option's code is theirs, those of the others go back into stock."""
    now = timezone.now()
    Voucher.objects.filter(option=option, state=State.HELD).update(state=State.ISSUED, changed_at=now)
    _put_back(option.offer, now=now)
    _order_payout(option, now=now)


def _order_payout(option: Option, *, now: datetime) -> None:
    """If the shop pays such a remedy out, an order to it; else one of us sees to it."""
    hook = Hook.objects.filter(is_on=True, kinds__contains=[option.kind]).order_by("pk").first()
    if hook is None or option.value <= 0:
        return
    Payout.objects.create(option=option, hook=hook, next_at=now, created_at=now)
    transaction.on_commit(lambda: nudge("recovery.jobs.send_payouts"), robust=True)


def finish_option(option: Option, *, by: User | None) -> None:
    """A step of marking as done: its code counts as redeemed, and the shop is not asked to pay out any more.

    Errors: ValidationError code `conflict` while the shop is being asked.
    """
    now = timezone.now()
    Voucher.objects.filter(option=option, state=State.ISSUED).update(state=State.REDEEMED, changed_at=now)
    if by is None:  # the shop itself
        return
    payout = Payout.objects.select_for_update().filter(option=option).first()
    if payout is None or payout.state in (Payout.State.DONE, Payout.State.BY_HAND):
        return
    if payout.state == Payout.State.SENDING:
        raise ValidationError(_("The shop is being asked to pay it out. Try again in a minute."), code="conflict")
    payout.state, payout.ended_by, payout.ended_at = Payout.State.BY_HAND, by, now
    payout.save(update_fields=["state", "ended_by", "ended_at"])


def release_offer(offer: Offer) -> None:
    """A step of whatever ends an offer without a choice: nothing is held for it any more."""
    _put_back(offer, now=timezone.now())


def _put_back(offer: Offer, *, now: datetime) -> None:
    held = Voucher.objects.filter(option__offer=offer, state=State.HELD)
    held.update(state=State.FREE, option=None, changed_at=now)
