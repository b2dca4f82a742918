"""What went wrong, in words, and amounts as the reader writes them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.utils.formats import number_format

from recovery import money
from recovery.forms.amounts import coined
from recovery.models import Kind, Part, Severity

register = template.Library()


@register.filter
def in_money(amount: Any, currency: str) -> str:
    """€40.00, 40,00 €; nothing for what is no amount."""
    if amount is None or amount == "":
        return ""
    try:
        return money.shown(Decimal(str(amount)), currency)
    except (InvalidOperation, ValueError):
        return ""


@register.filter
def coins(amount: Decimal) -> str:
    """As it is typed into a field: 40, 59.90, 59,90."""
    return number_format(coined(amount), use_l10n=True, force_grouping=False)


@register.filter
def kind_in_words(kind: str) -> str:
    return str(Kind(kind).label) if kind in Kind.values else kind


@register.filter
def kind_in_a_word(kind: str) -> str:
    """What stands before the colon."""
    return kind_in_words(kind).partition(":")[0]


@register.filter
def severity_in_words(severity: int) -> str:
    return str(Severity(severity).label) if severity in Severity.values else ""


@register.filter
def part_in_words(part: str) -> str:
    return str(Part(part).label) if part in Part.values else part


@register.filter
def times_ratio(ratio: Decimal | None) -> str:
    """1.4×: how far beyond the gap."""
    return "" if ratio is None else f"{number_format(ratio.normalize(), use_l10n=True)}×"


@register.filter
def times(ratio: float | None) -> str:
    """The same of a measured number: 1.33×, to two decimals."""
    return "–" if ratio is None else times_ratio(Decimal(str(round(ratio, 2))))
