"""An offer as it is written beside a ticket: words, and up to three things to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recovery.actions.offering import MOST_OPTIONS, NOTE_CHARS, OPTION_CHARS, WORDS_CHARS, OptionDraft
from recovery.forms.amounts import AmountField
from recovery.models import Offer, Remedy, RemedyKind

ROWS = range(MOST_OPTIONS)


@dataclass(frozen=True)
class Suggestion:
    """A remedy that can be chosen, with what stands in its row then."""

    key: str
    name: str
    words: str
    value: Decimal | None


class OfferForm(forms.Form):
    """Rows that name no remedy are empty. `suggestions` are what can be chosen, the most fitting first."""

    words = forms.CharField(
        label=_("To the customer"),
        max_length=WORDS_CHARS,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("The first line is the heading: what failed. Then, in your own words, that you are sorry."),
    )
    is_commercial = forms.BooleanField(
        label=_("It carries promotion: not to those who have unsubscribed"), required=False
    )

    def __init__(self, *args: Any, suggestions: Sequence[Suggestion], remedies: Sequence[Remedy], **kwargs: Any):
        super().__init__(*args, **({"auto_id": "offer_%s"} | kwargs))  # other forms of the page have words, too
        self.remedies = {remedy.pk: remedy for remedy in remedies}
        self.suggestions = list(suggestions)
        choices = [("", _("Nothing")), *((one.key, one.name) for one in suggestions)]
        for row in ROWS:
            self.fields[f"what-{row}"] = forms.ChoiceField(label=_("Remedy"), choices=choices, required=False)
            self.fields[f"words-{row}"] = forms.CharField(
                label=_("What the customer reads"), max_length=OPTION_CHARS, required=False
            )
            self.fields[f"value-{row}"] = AmountField(label=_("What it is worth"), required=False)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields of each option, for the template."""
        return [
            {"number": row + 1, **{name: self[f"{name}-{row}"] for name in ("what", "words", "value")}} for row in ROWS
        ]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        for row in ROWS:
            if said.get(f"what-{row}"):
                for name, problem in (
                    ("words", _("Say what the customer gets.")),
                    ("value", _("Say what it is worth.")),
                ):
                    if said.get(f"{name}-{row}") in (None, "") and f"{name}-{row}" not in self.errors:
                        self.add_error(f"{name}-{row}", problem)
        if not self.errors and not any(said.get(f"what-{row}") for row in ROWS):
            self.add_error(None, _("Offer one, two or three things to choose from."))
        return said

    def drafts(self) -> list[OptionDraft]:
        """The rows that say something, as far as they can be read; call `is_valid` before."""
        found = (self._draft(row) for row in ROWS)
        return [draft for draft in found if draft is not None]

    def _draft(self, row: int) -> OptionDraft | None:
        what, value = self.cleaned_data.get(f"what-{row}"), self.cleaned_data.get(f"value-{row}")
        if not what or value is None:
            return None
        source, _colon, key = what.partition(":")
        words = self.cleaned_data.get(f"words-{row}", "")
        if source == "kind":
            return OptionDraft(key, words, value)
        remedy = self.remedies[int(key)]
        return OptionDraft(remedy.kind, words, value, remedy)


def typed_of(offer: Offer) -> dict[str, Any]:
    """An offer as it was typed."""
    typed: dict[str, Any] = {"words": offer.words, "is_commercial": offer.is_commercial}
    for option in offer.options.all():
        what = f"remedy:{option.remedy_id}" if option.remedy_id else f"kind:{option.kind}"
        typed |= {f"what-{option.position}": what, f"words-{option.position}": option.words}
        typed[f"value-{option.position}"] = option.value
    return typed


def suggest(remedies: Sequence[Remedy], values: dict[int, Decimal | None], *, matching: str) -> list[Suggestion]:
    """What can be chosen: the company's own list (with the value of each, by key), then every kind but codes, which
    need a stock; the matching kind first."""
    own = [Suggestion(f"remedy:{one.pk}", one.name, one.words, values[one.pk]) for one in remedies]
    kinds = sorted((kind for kind in RemedyKind if kind != RemedyKind.VOUCHER), key=lambda kind: kind != matching)
    return [*own, *(Suggestion(f"kind:{kind.value}", str(kind.label), "", None) for kind in kinds)]


class NoteForm(forms.Form):
    """A word on why."""

    note = forms.CharField(max_length=NOTE_CHARS, required=False)


class DecisionForm(NoteForm):
    do = forms.ChoiceField(choices=[("approve", "approve"), ("refuse", "refuse")])


class ByPhoneForm(forms.Form):
    """What they said when they were called: an option's key, or an answer's name."""

    choice = forms.CharField(max_length=20)
    note = forms.CharField(max_length=NOTE_CHARS, required=False)
