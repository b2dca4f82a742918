"""Whom we tell that a cause is fixed, in which words, and when."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.languages import DESK_LANGUAGES
from recovery.actions.telling import WORDS_CHARS

IN = "words_"


class TellingForm(forms.Form):
    """The words are a field for each language that our mails speak; those of the company's must be said."""

    since = forms.DateField(
        label=_("Whoever suffered it since"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Until the day on which it was fixed."),
    )
    send_at = forms.DateTimeField(
        label=_("Tell them from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_(
            "In your time zone; empty: now. A promise helps best 15–30 days later, when it has proved to hold."
        ),
    )
    expected = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, language: str, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language, self.zone = language, zone
        others = [code for code in DESK_LANGUAGES if code != language]
        for code in [language, *others]:
            self.fields[IN + code] = forms.CharField(
                label=_("What we changed (%(language)s)") % {"language": DESK_LANGUAGES[code]},
                required=code == language,
                max_length=WORDS_CHARS,
                widget=forms.Textarea(attrs={"rows": 4, "lang": code}),
                help_text="" if code == language else _("Empty: the words above, also to those who read this."),
            )

    @property
    def chosen(self) -> dict[str, Any]:
        """The arguments of `plan_telling`."""
        words = {name.removeprefix(IN): text for name, text in self.cleaned_data.items() if name.startswith(IN)}
        return {
            "words": words.pop(self.language),
            "translations": words,
            "since": midnight(self.cleaned_data["since"], self.zone),
            "send_at": self.cleaned_data["send_at"],
            "expected": self.cleaned_data["expected"] or 0,
        }


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When this day begins there."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
