"""A panel beside tickets, fed by the company's own system."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from tickets.actions.panels import HIGHEST, LOWEST, NAME_CHARS
from tickets.models import Panel


class PanelForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=NAME_CHARS)
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=forms.URLInput,
        help_text=_("Of your own system. It may be inside your network: for data, this server asks it."),
    )
    kind = forms.ChoiceField(
        label=_("What it answers"), choices=Panel.Kind.choices, widget=forms.RadioSelect, initial=Panel.Kind.DATA
    )
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label=_("Every ticket"), label=_("On which tickets"), blank=True
    )
    height = forms.IntegerField(
        label=_("Height"),
        min_value=LOWEST,
        max_value=HIGHEST,
        initial=240,
        help_text=_("Of the frame, in pixels; data needs none."),
    )
    is_shown = forms.BooleanField(label=_("Shown to agents"), required=False, initial=True)

    def __init__(self, *args: Any, panel: Panel | None = None, **kwargs: Any) -> None:
        if panel is not None:
            names = ("name", "url", "kind", "height", "is_shown")
            kwargs["initial"] = {name: getattr(panel, name) for name in names} | {"team": panel.team_id}
        super().__init__(*args, **kwargs)
