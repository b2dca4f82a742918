"""A promise to customers, as the company writes it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Calendar, Team
from tickets.actions.promises import MOST_MINUTES, WORDS_CHARS, Terms
from tickets.models import Channel, Priority, Promise

OF_SITE, ALWAYS = "", "always"
UNITS = {"1": gettext_lazy("minutes"), "60": gettext_lazy("hours")}


class PromiseForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("In words"),
        max_length=WORDS_CHARS,
        help_text=gettext_lazy("As customers read it: “A first answer within 10 minutes”."),
    )
    measure = forms.ChoiceField(label=gettext_lazy("What is measured"), choices=Promise.Measure.choices)
    length = forms.IntegerField(
        label=gettext_lazy("Within"),
        required=False,
        min_value=1,
        max_value=MOST_MINUTES,
        help_text=gettext_lazy("Not for hand-over notes, which are no matter of time."),
    )
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=list(UNITS.items()), required=False)
    hours = forms.ChoiceField(
        label=gettext_lazy("Time counts"),
        required=False,
        help_text=gettext_lazy("Tickets that came from no site have no opening hours: there it counts day and night."),
    )
    is_paused_while_pending = forms.BooleanField(
        label=gettext_lazy("Pending stops the time"),
        required=False,
        help_text=gettext_lazy(
            "For “Solved within”: while we wait for the customer. Nothing stops the time until an answer."
        ),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"), choices=[("", gettext_lazy("Every channel")), *Channel.choices], required=False
    )
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label=gettext_lazy("Every team"), label=gettext_lazy("Team")
    )
    priority = forms.TypedChoiceField(
        label=gettext_lazy("From this priority on"),
        choices=[("", gettext_lazy("Every priority")), *Priority.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    is_public = forms.BooleanField(
        label=gettext_lazy("Tell customers"),
        required=False,
        help_text=gettext_lazy("The chat shows it, with how often it was kept."),
    )

    def __init__(self, *args: Any, promise: Promise | None = None, **kwargs: Any) -> None:
        if promise is not None:
            kwargs["initial"] = _shown(promise)
        super().__init__(*args, **kwargs)
        named = [(str(calendar.pk), calendar.name) for calendar in Calendar.objects.order_by("name")]
        own = [(OF_SITE, _("In the opening hours of the customer’s site")), (ALWAYS, _("Day and night"))]
        choices = [*own, (_("In the hours of"), named)] if named else own
        self.fields["hours"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if asked.get("measure") == Promise.Measure.HANDED_OVER or "length" in self.errors:
            return asked
        minutes = (asked.get("length") or 0) * int(asked.get("unit") or 1)
        if not 1 <= minutes <= MOST_MINUTES:
            wrong = _("Say within how much time: from a minute to thirty days.")
            self.add_error("length", ValidationError(wrong, code="invalid"))
        asked["minutes"] = minutes
        return asked

    @property
    def terms(self) -> Terms:
        """What a valid form promises."""
        asked = self.cleaned_data
        hours = asked["hours"]
        calendar = Calendar.objects.filter(pk=hours).first() if hours not in (OF_SITE, ALWAYS) else None
        names = ("measure", "is_paused_while_pending", "channel", "team", "priority")
        same = {name: asked[name] for name in names}
        return Terms(
            **same, minutes=asked.get("minutes"), calendar=calendar, is_round_the_clock=hours == ALWAYS
        ).cleaned()


def _shown(promise: Promise) -> dict[str, Any]:
    """The fields' values for a promise that is there."""
    names = ("words", "measure", "is_paused_while_pending", "channel", "priority", "is_public")
    values = {name: getattr(promise, name) for name in names} | {"team": promise.team_id}
    unit = 60 if promise.minutes and promise.minutes % 60 == 0 else 1
    hours = ALWAYS if promise.is_round_the_clock else str(promise.calendar_id or OF_SITE)
    return values | {"length": promise.minutes and promise.minutes // unit, "unit": str(unit), "hours": hours}
