"""The company's remedies, its codes, and the shop's address, under Settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import currency_code
from recovery.actions.shopping import SHOPS_KINDS
from recovery.actions.stocking import NAME_CHARS, WORDS_CHARS
from recovery.forms.amounts import AmountField
from recovery.models import Hook, Kind, Pool, Remedy, RemedyKind, Severity

MAX_FILE_BYTES = 5 * 1024 * 1024


class RemedyForm(forms.Form):
    """A remedy: what it is, how it is called, what the customer reads, and what it is fit for."""

    kind = forms.ChoiceField(label=_("What it is"), choices=RemedyKind.choices)
    name = forms.CharField(label=_("Name"), max_length=NAME_CHARS, help_text=_("As our people find it."))
    words = forms.CharField(
        label=_("Words"),
        max_length=WORDS_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("As the customer reads it: what they get in the first line, details below."),
    )
    value = AmountField(label=_("Value"), required=False, help_text=_("Empty: what fills the gap, within the limits."))
    pool = forms.ModelChoiceField(
        label=_("Stock of codes"), queryset=Pool.objects.none(), required=False, help_text=_("For vouchers.")
    )
    failures = forms.MultipleChoiceField(
        label=_("Fit for"),
        choices=Kind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: for every kind of failure. A remedy should be of the same kind as the loss."),
    )
    severity_from = forms.TypedChoiceField(
        label=_("From this severity"), choices=Severity.choices, coerce=int, initial=1
    )
    severity_to = forms.TypedChoiceField(
        label=_("Up to this severity"), choices=Severity.choices, coerce=int, initial=5
    )
    is_owed = forms.BooleanField(
        label=_("Owed anyway"), required=False, help_text=_("Law or contract grants it anyway: never held out.")
    )

    def __init__(self, *args: Any, remedy: Remedy | None = None, **kwargs: Any) -> None:
        if remedy is not None:
            kwargs["initial"] = {name: getattr(remedy, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        pools = self.fields["pool"]
        assert isinstance(pools, forms.ModelChoiceField)  # for the types
        pools.queryset = Pool.objects.filter(archived_at=None) | Pool.objects.filter(remedies=remedy)


class PoolForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=NAME_CHARS)
    value = AmountField(label=_("What one code is worth"))
    currency = forms.CharField(label=_("Currency"), max_length=3, validators=[currency_code])
    expires_at = forms.DateField(
        label=_("Good until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("From that day on none of its codes is given any more."),
    )
    warn_below = forms.IntegerField(
        label=_("Warn below"), min_value=0, max_value=100_000, initial=10,
        help_text=_("Say so when fewer codes are left."),
    )  # fmt: skip


class CodesForm(forms.Form):
    """Codes to be taken into stock: typed, or from a file."""

    codes = forms.CharField(
        label=_("Codes"), required=False, widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"})
    )
    file = forms.FileField(label=_("Or a file"), required=False, help_text=_("CSV or text, a code in each line."))

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        file = said.get("file")
        if file is not None:
            if file.size > MAX_FILE_BYTES:
                raise forms.ValidationError({"file": _("This file is too large.")})
            said["codes"] = "\n".join(filter(None, [said.get("codes"), file.read().decode("utf-8", "replace")]))
        if not said.get("codes", "").strip() and not self.errors:
            raise forms.ValidationError({"codes": _("Type codes, or choose a file.")})
        return said


class HookForm(forms.Form):
    url = forms.CharField(
        label=_("Address"), max_length=500, widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=_("Orders are posted there, signed; whoever takes one answers with 200."),
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label=_("What the shop pays out"),
        choices=[(kind.value, kind.label) for kind in SHOPS_KINDS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    is_on = forms.BooleanField(label=pgettext_lazy("shop", "Switched on"), required=False)

    def __init__(self, *args: Any, hook: Hook | None = None, **kwargs: Any) -> None:
        if hook is not None:
            kwargs["initial"] = {"url": hook.url, "kinds": hook.kinds, "is_on": hook.is_on}
        super().__init__(*args, **kwargs)
