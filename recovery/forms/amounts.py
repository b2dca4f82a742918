"""An amount of money as people type it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from recovery.money import DECIMAL_PLACES, MAX_DIGITS


class AmountField(forms.DecimalField):
    """0 or more, written as the reader of the page writes numbers: 59.90 or 59,90."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("min_value", Decimal(0))
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, localize=True, **options)

    def prepare_value(self, value: Any) -> Any:
        """Without the zeros that the column has behind the coins."""
        return coined(value) if isinstance(value, Decimal) else value


def coined(value: Decimal) -> Decimal:
    """With two decimals, or with none where there are none, or with as many as it needs."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= 0:
        return plain.quantize(Decimal(1))
    return plain.quantize(Decimal("0.01")) if exponent == -1 else plain
