"""What an offer needs of the stock: a code is held for each option, issued with the chosen one, else put back."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from recovery.models import Offer, Option, Voucher

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


def release_offer(offer: Offer) -> None:
    """A step of whatever ends an offer without a choice: nothing is held for it any more."""
    _put_back(offer, now=timezone.now())


def _put_back(offer: Offer, *, now: datetime) -> None:
    held = Voucher.objects.filter(option__offer=offer, state=State.HELD)
    held.update(state=State.FREE, option=None, changed_at=now)
