"""What opens a case by itself is switched on and off, and set."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from recovery.models import Trigger, TriggerRule
from tickets.actions._rules import require

MAX_DAYS = 365


@transaction.atomic
def change_trigger(
    trigger: str, *, by: User, is_on: bool, threshold: int | None = None, cooldown_days: int = 30
) -> TriggerRule:
    """How a trigger is set from now on; an empty threshold is the usual one.

    Errors: PermissionDenied; ValidationError code `invalid`.
    """
    require(by, "recovery.manage")
    if trigger not in Trigger.values or trigger == Trigger.AGENT:
        raise ValidationError(_("There is no such trigger."), code="invalid")
    rule = TriggerRule(trigger=trigger, is_on=is_on, threshold=threshold, cooldown_days=cooldown_days)
    rule.full_clean(validate_unique=False, validate_constraints=False)
    if trigger == Trigger.RATING and threshold is not None and threshold > 5:
        raise ValidationError({"threshold": _("A rating is at most 5.")}, code="invalid")
    if cooldown_days > MAX_DAYS:
        raise ValidationError({"cooldown_days": _("At most a year.")}, code="invalid")
    values = {"is_on": is_on, "threshold": threshold, "cooldown_days": cooldown_days}
    return TriggerRule.objects.update_or_create(trigger=trigger, defaults=values)[0]
