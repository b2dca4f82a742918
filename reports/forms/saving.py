"""A page of figures that is kept under a name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from reports.actions.saving import NAME_CHARS
from tickets.forms.fields import SharedForm


class SavedReportForm(SharedForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_CHARS)

    field_order = ["name", "whose"]

    def chosen(self) -> dict[str, Any]:
        """Arguments of `save_report`."""
        return {"name": self.cleaned_data["name"], "team": self.team, "is_shared": not self.is_mine}
