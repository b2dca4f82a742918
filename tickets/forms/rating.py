"""What a customer says of how it went."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.actions.rating import COMMENT_CHARS

SCORES = [(5, _("Very good")), (4, _("Good")), (3, _("All right")), (2, _("Bad")), (1, _("Very bad"))]


class RatingForm(forms.Form):
    score = forms.TypedChoiceField(
        label=_("How did we do?"), choices=SCORES, coerce=int, widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the five.")},
    )  # fmt: skip
    comment = forms.CharField(
        label=_("What should we know?"),
        required=False,
        max_length=COMMENT_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
