"""The only writer of the ledger. The database sees to it that a step comes once, and after the one before it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from accounts.models import Desk, User
from recovery.models import LedgerEntry, Offer
from recovery.money import exact
from recovery.queries.rates import in_own

Step = LedgerEntry.Step
ENDS = (Step.REDEEM, Step.EXPIRE, Step.VOID)


def reserve(offer: Offer, *, amount: Decimal, by: User | None, at: datetime) -> LedgerEntry:
    """Set the dearest option aside. `by` is whose allowance it is: who sent it, or who approved it."""
    return LedgerEntry.objects.create(
        offer=offer,
        step=Step.RESERVE,
        amount=exact(amount, offer.currency),
        currency=offer.currency,
        own_amount=in_own(amount, offer.currency),
        own_currency=Desk.current().currency,
        by=by,
        at=at,
    )


def issue(offer: Offer, *, amount: Decimal, by: User | None, at: datetime) -> LedgerEntry:
    """What was chosen is owed now; what was reserved beyond it is free again."""
    return _next(offer, Step.ISSUE, amount, by=by, at=at)


def redeem(offer: Offer, *, by: User | None, at: datetime, note: str = "") -> LedgerEntry:
    """What was owed is given."""
    return _end(offer, Step.REDEEM, by=by, at=at, note=note)


def expire(offer: Offer, *, at: datetime) -> LedgerEntry:
    return _end(offer, Step.EXPIRE, by=None, at=at)


def void(offer: Offer, *, by: User | None, at: datetime, note: str = "") -> LedgerEntry:
    return _end(offer, Step.VOID, by=by, at=at, note=note)


def _last(offer: Offer) -> LedgerEntry:
    """What stands there for it: what is issued, else what is reserved."""
    steps = {entry.step: entry for entry in offer.ledger.filter(step__in=[Step.RESERVE, Step.ISSUE])}
    return steps.get(Step.ISSUE) or steps[Step.RESERVE]


def _end(offer: Offer, step: str, *, by: User | None, at: datetime, note: str = "") -> LedgerEntry:
    return _next(offer, step, _last(offer).amount, by=by, at=at, note=note)


def _next(offer: Offer, step: str, amount: Decimal, *, by: User | None, at: datetime, note: str = "") -> LedgerEntry:
    """The next step, at the rate of the day on which it was reserved: no choice costs more than was set aside."""
    before = _last(offer)
    return LedgerEntry.objects.create(
        offer=offer,
        step=step,
        amount=exact(amount, offer.currency),
        currency=offer.currency,
        own_amount=_share(before, amount),
        own_currency=before.own_currency,
        by=by,
        note=note[:200],
        at=at,
    )


def _share(before: LedgerEntry, amount: Decimal) -> Decimal | None:
    if before.own_amount is None or amount == before.amount or not before.amount:
        return before.own_amount
    return exact(before.own_amount * amount / before.amount, before.own_currency)
