"""Columns that several tables have."""

from __future__ import annotations

from typing import Any

from django.db import models

from recovery.money import DECIMAL_PLACES, MAX_DIGITS


def money(**options: Any) -> models.DecimalField[Any, Any]:
    """An amount; its currency stands beside it."""
    return models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, **options)
