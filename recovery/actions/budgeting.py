"""How much may be given without asking, and what foreign money is worth: a manager's settings."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Desk, Team, User, currency_code
from accounts.roles import Role
from recovery.actions._locking import lock_policy
from recovery.models import Allowance, Rate, TeamBudget
from recovery.money import places
from tickets.actions._rules import require

MOST = Decimal(10) ** 9


@transaction.atomic
def set_allowance(role: str, *, by: User, single: Decimal, weekly: Decimal) -> Allowance:
    """What somebody of this role may give without asking. Errors: PermissionDenied; ValidationError."""
    require(by, "recovery.manage")
    if role not in list(Role):
        raise ValidationError(_("There is no such role."), code="invalid")
    lock_policy()
    values = {"single": _amount(single), "weekly": _amount(weekly)}
    return Allowance.objects.update_or_create(role=role, defaults=values)[0]


@transaction.atomic
def set_team_budget(team: Team, *, by: User, monthly: Decimal | None, deputy: User | None = None) -> TeamBudget | None:
    """What a team may give in a month; None: it has no budget. Errors: PermissionDenied; ValidationError."""
    require(by, "recovery.manage")
    if deputy is not None and not (deputy.is_active and deputy.has_perm("recovery.approve")):
        raise ValidationError({"deputy": ValidationError(_("A deputy must be able to approve."), code="invalid")})
    lock_policy()
    if monthly is None:
        TeamBudget.objects.filter(team=team).delete()
        return None
    values = {"monthly": _amount(monthly), "deputy": deputy}
    return TeamBudget.objects.update_or_create(team=team, defaults=values)[0]


@transaction.atomic
def set_rate(currency: str, *, by: User, rate: Decimal | None, at: datetime | None = None) -> Rate | None:
    """What one unit of it is worth in the company's currency; None: nobody says so any more.

    Errors: PermissionDenied; ValidationError.
    """
    require(by, "recovery.manage")
    currency_code(currency)
    if currency == Desk.current().currency:
        raise ValidationError({"currency": ValidationError(_("That is your own currency."), code="invalid")})
    lock_policy()
    if rate is None:
        Rate.objects.filter(currency=currency).delete()
        return None
    if not rate.is_finite() or not 0 < rate < MOST:
        raise ValidationError({"rate": ValidationError(_("Say what one unit is worth: more than 0."), code="amount")})
    values = {"rate": rate, "changed_by": by, "changed_at": at or timezone.now()}
    return Rate.objects.update_or_create(currency=currency, defaults=values)[0]


def _amount(value: Decimal) -> Decimal:
    own = Desk.current().currency
    if not value.is_finite() or not 0 <= value < MOST or value != round(value, places(own)):
        raise ValidationError(_("Say an amount: 0 or more."), code="amount")
    return value
