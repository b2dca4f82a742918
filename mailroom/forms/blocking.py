"""An address or a domain whose mails nobody wants."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class BlockForm(forms.Form):
    pattern = forms.CharField(
        label=_("Address, or @ and a domain"),
        max_length=254,
        widget=forms.TextInput(
            attrs={
                "autocapitalize": "none",
                "spellcheck": "false",
                "placeholder": "@spam.example",
                "inputmode": "email",
            }
        ),
    )
    note = forms.CharField(label=_("Why"), max_length=200, required=False)
