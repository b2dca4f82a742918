"""What an amount is worth in another currency, by the rates that an admin keeps."""

from __future__ import annotations

from decimal import Decimal

from accounts.models import Desk
from recovery.models import Rate
from recovery.money import exact


def converted(amount: Decimal, currency: str, to: str) -> Decimal | None:
    """The amount in the other currency's own decimals; None where a rate is missing."""
    if currency == to:
        return exact(amount, to)
    own = Desk.current().currency
    named = {currency, to} - {own}
    rates = dict(Rate.objects.filter(currency__in=named).values_list("currency", "rate"))
    if named - set(rates):
        return None
    rates[own] = Decimal(1)
    return exact(amount * rates[currency] / rates[to], to)


def in_own(amount: Decimal, currency: str) -> Decimal | None:
    """The amount in the company's currency; None where there is no rate."""
    return converted(amount, currency, Desk.current().currency)
