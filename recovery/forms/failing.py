"""What went wrong, as our people note it beside a ticket."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import currency_code
from recovery.actions.dismissing import REASON_CHARS
from recovery.actions.failing import MARKED, NOTE_CHARS
from recovery.forms.amounts import AmountField
from recovery.gap import suggested_loss
from recovery.models import Failure, Kind, Part, Severity

FAULT = {"yes": True, "no": False, "unknown": None}
FAULT_CHOICES = [
    ("yes", pgettext_lazy("our fault?", "Yes")),
    ("no", pgettext_lazy("our fault?", "No")),
    ("unknown", pgettext_lazy("our fault?", "Not clear yet")),
]
KEPT_CHOICES = [("kept", _("They kept or used it")), ("rejected", _("They sent it back or went without"))]


class CurrencyField(forms.CharField):
    """Its three letters, in whatever case they were typed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validators=[currency_code], **options)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").upper()


class FailureForm(forms.Form):
    fault = forms.ChoiceField(
        label=_("Was it our fault?"), choices=FAULT_CHOICES, initial="unknown", widget=forms.RadioSelect
    )
    kind = forms.ChoiceField(label=_("What failed"), choices=Kind.choices, widget=forms.RadioSelect)
    severity = forms.TypedChoiceField(
        label=_("How bad it was for them"),
        choices=Severity.choices,
        coerce=int,
        initial=Severity.ANNOYING,
        widget=forms.RadioSelect,
    )
    value = AmountField(label=_("What they paid, or were to pay, for it"))
    currency = CurrencyField(label=_("Currency"))
    loss = AmountField(label=_("What of that they did not get"), required=False)
    kept = forms.ChoiceField(
        label=_("What became of it"), choices=KEPT_CHOICES, initial="kept", widget=forms.RadioSelect
    )
    note = forms.CharField(label=_("In a sentence"), max_length=NOTE_CHARS, required=False)

    def __init__(self, *args: Any, failure: Failure | None = None, own_currency: str, **kwargs: Any) -> None:
        kwargs["initial"] = _initial(failure) if failure else {"currency": own_currency}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Where nobody said what they lost, it goes by how bad it was."""
        said = super().clean() or self.cleaned_data
        if said.get("loss") is None and not self.errors:
            said["loss"] = suggested_loss(said["value"], said["severity"], said["currency"])
        return said

    def said(self) -> dict[str, Any]:
        """As `note_failure` takes it."""
        said = self.cleaned_data
        names = ("kind", "severity", "value", "currency", "loss", "note")
        return {name: said[name] for name in names} | {
            "is_our_fault": FAULT[said["fault"]],
            "was_kept": said["kept"] == "kept",
        }


class FaultForm(forms.Form):
    """The one question that comes before anything is offered."""

    fault = forms.ChoiceField(choices=FAULT_CHOICES)

    def answer(self) -> bool | None:
        return FAULT[self.cleaned_data["fault"]]


class MarkForm(forms.Form):
    message = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    part = forms.ChoiceField(choices=[(part.value, part.label) for part in MARKED])
    is_off = forms.BooleanField(required=False)


class DismissalForm(forms.Form):
    """What is counted at an event, and why it does not count; `is_off` lets it count again."""

    event = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    part = forms.ChoiceField(choices=Part.choices)
    reason = forms.CharField(max_length=REASON_CHARS, required=False)
    is_off = forms.BooleanField(required=False)


def said_of(failure: Failure) -> dict[str, Any]:
    """A failure as `note_failure` takes it."""
    names = ("kind", "severity", "value", "currency", "loss", "note", "is_our_fault", "was_kept")
    return {name: getattr(failure, name) for name in names}


def _initial(failure: Failure) -> dict[str, Any]:
    names = ("kind", "severity", "value", "currency", "loss", "note")
    fault = next(word for word, meant in FAULT.items() if meant is failure.is_our_fault)
    kept = "kept" if failure.was_kept else "rejected"
    return {name: getattr(failure, name) for name in names} | {"fault": fault, "kept": kept}
