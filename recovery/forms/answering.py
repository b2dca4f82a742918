"""What customers answer, by the links in our mails."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from recovery.models import Offer, Option

NOTE_CHARS = 500
COMMENT_CHARS = 2000


class AnswerForm(forms.Form):
    """Which option, or which of the answers beside them: `choice` is an option's key or an answer's name."""

    choice = forms.ChoiceField(
        error_messages={"required": _("Choose one of them."), "invalid_choice": _("Choose one of them.")}
    )
    note = forms.CharField(required=False, max_length=NOTE_CHARS)

    def __init__(self, *args: Any, offer: Offer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = {str(option.pk): option for option in offer.options.all()}
        choice = self.fields["choice"]
        assert isinstance(choice, forms.ChoiceField)  # for the types
        choice.choices = [(key, key) for key in [*self.options, *Offer.Answer.values]]

    @property
    def option(self) -> Option | None:
        """What was chosen, if it is one of the options."""
        return self.options.get(self.cleaned_data["choice"])


class SurveyForm(forms.Form):
    """Whether it is right now, and the four things that make an answer to a complaint a good one."""

    is_right = forms.TypedChoiceField(
        label=_("Is it right now?"),
        choices=[("yes", _("Yes, it is right now")), ("no", _("No, something is still wrong"))],
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose yes or no.")},
    )
    satisfaction = forms.TypedChoiceField(label=_("All in all, how content are you?"))
    fairness = forms.TypedChoiceField(label=_("Was it fair?"))
    ease = forms.TypedChoiceField(label=_("Was it quick and simple?"))
    treatment = forms.TypedChoiceField(label=_("Were we kind and honest?"))
    effort = forms.TypedChoiceField(label=_("How much effort did it take you?"))
    comment = forms.CharField(
        label=_("What should we know?"),
        required=False,
        max_length=COMMENT_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    # (field, what 1 means, what 5 means)
    SCALES = (
        ("satisfaction", _("Not at all"), _("Very much")),
        ("fairness", _("Not at all"), _("Very much")),
        ("ease", _("Not at all"), _("Very much")),
        ("treatment", _("Not at all"), _("Very much")),
        ("effort", _("None"), pgettext_lazy("effort", "Very much")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, _low, _high in self.SCALES:
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)  # for the types
            field.required, field.coerce, field.empty_value = False, int, None
            field.choices = [(number, str(number)) for number in range(1, 6)]
            field.widget = forms.RadioSelect(choices=field.choices)

    @property
    def scales(self) -> list[tuple[forms.BoundField, Any, Any]]:
        """Each scale with the words at its ends."""
        return [(self[name], low, high) for name, low, high in self.SCALES]
