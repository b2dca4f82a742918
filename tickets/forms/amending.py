"""What is asked when something that was said is changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tickets.forms.fields import Words


class NoteForm(forms.Form):
    """A note's new words; `version` says which ones its author has seen."""

    body = Words(label=_("Your note"), required=False)
    version = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)


class RedactForm(forms.Form):
    """The passages that are to be blacked out, each as it stands in the message."""

    passage = forms.CharField(label=_("Passage"), max_length=20_000, strip=False, required=False)

    def clean_passage(self) -> list[str]:
        sent: Any = self.data
        every = sent.getlist("passage") if isinstance(sent, QueryDict) else [sent.get("passage", "")]
        return [passage for passage in every if passage.strip()]
