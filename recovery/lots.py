"""Draw lots: who is held out, and with whom what is tried. Pure: the same customer always draws the same.

A draw is a number from 0 to 1 made of the customer, the trigger and a secret of the installation, so that nobody can
tell or choose what they draw, and two triggers draw apart. The hold-out is the lowest part of the line; the variants
share what is above it, so that to change their shares moves nobody into the hold-out or out of it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

FREE, HOLDOUT = "free", "holdout"
VARIANTS = ("apology", "money", "choice")  # in this order on the line
_BITS = 64


def drawn(secret: bytes, customer: int, trigger: str) -> float:
    """At least 0 and less than 1, evenly."""
    digest = hmac.new(secret, f"{trigger}:{customer}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[: _BITS // 8], "big") / 2**_BITS


def arm_of(number: float, *, holdout_percent: int, variants: Mapping[str, int]) -> str:
    """What this number stands for. `variants`: per cent of those who are not held out; what is left is free."""
    holdout = holdout_percent / 100
    if number < holdout:
        return HOLDOUT
    rest = (number - holdout) / (1 - holdout) * 100
    reached = 0
    for variant in VARIANTS:
        reached += max(0, int(variants.get(variant, 0)))
        if rest < reached:
            return variant
    return FREE


def draw(secret: bytes, customer: int, trigger: str, *, holdout_percent: int, variants: Mapping[str, int]) -> str:
    """Which arm this customer is in for this trigger."""
    return arm_of(drawn(secret, customer, trigger), holdout_percent=holdout_percent, variants=variants)
