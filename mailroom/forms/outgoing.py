"""What somebody says who looks after the mails that leave."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class StopForm(forms.Form):
    why = forms.CharField(label=_("Why"), max_length=200, required=False)


class LimitsForm(forms.Form):
    per_recipient = forms.IntegerField(label=_("Mails to one address in ten minutes"), min_value=1, max_value=10_000)
    per_domain = forms.IntegerField(label=_("Mails to one domain in ten minutes"), min_value=1, max_value=1_000_000)
    bounces_stop_at = forms.IntegerField(
        label=_("Percent that come back"),
        min_value=1,
        max_value=100,
        help_text=_("Of the mails of the last hour; from then on what is automatic waits for a person."),
    )
