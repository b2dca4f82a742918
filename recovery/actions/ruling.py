"""The company's rules of making good are changed, and everything is stopped or goes on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Desk, User
from recovery.actions._locking import lock_policy
from recovery.models import Arm, Part, Policy
from recovery.money import MAX_DIGITS, is_exact
from tickets.actions._rules import Actor, require

EDITABLE = (
    "target_give",
    "target_gap",
    "cap_percent",
    "hassle_threshold",
    "first_touch_hours",
    "resolution_hours",
    "second_failure_days",
    "watch_days",
    "offer_days",
    "survey_days",
    "approval_hours",
    "daily_cap",
    "customer_days",
    "apology_days",
    "quiet_from",
    "quiet_until",
    "customer_cap",
    "holdout_percent",
    "variants",
)
TRIED = (Arm.APOLOGY, Arm.MONEY, Arm.CHOICE)
AT_LEAST_ONE = ("first_touch_hours", "resolution_hours", "offer_days", "approval_hours")


@transaction.atomic
def change_policy(*, by: Actor, **fields: Any) -> Policy:
    """Change rules; `fields` are those of `EDITABLE`. Amounts are in the company's currency.

    Errors: PermissionDenied; ValidationError by field, with code `invalid`.
    """
    policy = lock_policy()
    require(by, "recovery.manage")
    unknown = fields.keys() - set(EDITABLE)
    if unknown:
        raise TypeError(f"not a rule of making good: {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        setattr(policy, name, value)
    _check(policy)
    policy.full_clean(validate_unique=False, validate_constraints=False)
    policy.save()
    return policy


@transaction.atomic
def set_prices(*, by: Actor, prices: Mapping[str, Decimal]) -> Policy:
    """Say what parts of the hassle are worth, in the company's currency; those that are not named stay as they are.

    Errors: PermissionDenied; ValidationError by part, with code `invalid`.
    """
    policy = lock_policy()
    require(by, "recovery.manage")
    wrong = {part: _wrong_amount() for part, price in prices.items() if part not in Part.values or not _can_be(price)}
    if wrong:
        raise ValidationError(wrong)
    policy.prices = policy.prices | {part: str(price) for part, price in prices.items()}
    policy.save(update_fields=["prices"])
    return policy


@transaction.atomic
def stop_everything(*, by: User, at: datetime | None = None) -> Policy:
    """From this commit on nothing of making good leaves: no offer, no survey, no notice. What is stopped stays so.

    Errors: PermissionDenied.
    """
    policy = lock_policy()
    require(by, "recovery.stop")
    if not policy.is_stopped:
        policy.is_stopped, policy.stopped_by, policy.stopped_at = True, by, at or timezone.now()
        policy.save(update_fields=["is_stopped", "stopped_by", "stopped_at"])
    return policy


@transaction.atomic
def go_on(*, by: User) -> Policy:
    """Let things leave again; what waited is asked anew whether it still may. Errors: PermissionDenied."""
    policy = lock_policy()
    require(by, "recovery.manage")
    if policy.is_stopped:
        policy.is_stopped, policy.stopped_by, policy.stopped_at = False, None, None
        policy.save(update_fields=["is_stopped", "stopped_by", "stopped_at"])
    return policy


def _check(policy: Policy) -> None:
    """What the columns alone would let pass. Errors: ValidationError by field."""
    wrong: dict[str, Any] = {}
    for name in AT_LEAST_ONE:
        if getattr(policy, name) < 1:
            wrong[name] = ValidationError(_("1 or more."), code="invalid")
    for name in ("hassle_threshold", "customer_cap"):
        if not _can_be(getattr(policy, name)):
            wrong[name] = _wrong_amount()
    if not 1 <= policy.cap_percent <= 1000:
        wrong["cap_percent"] = ValidationError(_("From 1 to 1000 per cent."), code="invalid")
    if not policy.target_give >= policy.target_gap >= 1:
        wrong["target_give"] = ValidationError(_("Less than what was missing puts nothing right."), code="invalid")
    if policy.resolution_hours < policy.first_touch_hours:
        wrong["resolution_hours"] = ValidationError(_("Not before the first word."), code="invalid")
    if not _are_shares(policy.variants):
        wrong["variants"] = ValidationError(_("Shares in per cent, 100 together at most."), code="invalid")
    if wrong:
        raise ValidationError(wrong)


def _can_be(amount: Decimal) -> bool:
    """Whether it is an amount of the company's currency that a column holds."""
    if not amount.is_finite() or amount < 0 or amount.adjusted() >= MAX_DIGITS - 4:
        return False
    return is_exact(amount, Desk.current().currency)


def _wrong_amount() -> ValidationError:
    words = _("Write an amount of %(currency)s, 0 or more.")
    return ValidationError(words % {"currency": Desk.current().currency}, code="invalid")


def _are_shares(variants: Any) -> bool:
    if not isinstance(variants, dict) or variants.keys() - set(TRIED):
        return False
    shares = list(variants.values())
    return all(isinstance(share, int) and 0 <= share <= 100 for share in shares) and sum(shares) <= 100
