"""Amounts of money: how exact they are in each currency, how they are read and how they are shown."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision
from django.utils import translation

MAX_DIGITS, DECIMAL_PLACES = 16, 4  # of every column that holds money; no currency of ISO 4217 has more places


def places(currency: str) -> int:
    """Decimals of a currency by ISO 4217: two for EUR, none for JPY, three for KWD."""
    return int(get_currency_precision(currency))


def exact(amount: Decimal, currency: str) -> Decimal:
    """The amount in the currency's own decimals, half to even."""
    return amount.quantize(Decimal(1).scaleb(-places(currency)), rounding=ROUND_HALF_EVEN)


def is_exact(amount: Decimal, currency: str) -> bool:
    """Whether the currency has coins for it."""
    return amount == exact(amount, currency)


def shown(amount: Decimal, currency: str) -> str:
    """As the reader writes it: €40.00, 40,00 €."""
    return str(format_currency(exact(amount, currency), currency, locale=_locale()))


def _locale() -> Locale:
    try:
        return Locale.parse(translation.get_language() or "en", sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
