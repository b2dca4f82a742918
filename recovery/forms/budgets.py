"""Settings of money: what each role may give, what each team has in a month, what foreign money is worth."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from recovery.forms.amounts import AmountField
from recovery.forms.failing import CurrencyField
from recovery.queries.approvals import DECIDERS


class AllowanceForm(forms.Form):
    single = AmountField(label=_("At once"))
    weekly = AmountField(label=pgettext_lazy("budget", "In a week"))


def deputies() -> QuerySet[User]:
    """Who can be a team's deputy."""
    return User.objects.filter(is_active=True, role__in=DECIDERS).order_by("name")


class TeamBudgetForm(forms.Form):
    """Empty: no budget, so that nobody is asked because of it."""

    monthly = AmountField(label=_("In a month"), required=False)
    deputy = forms.ModelChoiceField(
        label=_("Deputy"), queryset=User.objects.none(), required=False, empty_label=_("The managers")
    )

    def __init__(self, *args: Any, people: Sequence[User] | None = None, **kwargs: Any) -> None:
        """`people`: `deputies()`, read once for many of these forms."""
        super().__init__(*args, **kwargs)
        field = self.fields["deputy"]
        assert isinstance(field, forms.ModelChoiceField)  # for the types
        field.queryset = deputies()
        if people is not None:
            field.choices = [("", field.empty_label), *((user.pk, user.name) for user in people)]


class RateForm(forms.Form):
    currency = CurrencyField(label=_("Currency"), max_length=3)
    rate = forms.DecimalField(
        label=_("What one unit is worth"),
        min_value=Decimal("0.00000001"),
        max_digits=18,
        decimal_places=8,
        localize=True,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class RateRemovalForm(forms.Form):
    currency = CurrencyField(max_length=3)
