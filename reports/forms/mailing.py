"""When a report comes by mail, and to whom."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.roles import Role, may
from reports.models import Mailing


def readers_of_figures() -> list[str]:
    """The roles that may see figures."""
    return [role.value for role in Role if may(role, "reports.view")]


class MailingForm(forms.Form):
    every = forms.ChoiceField(label=gettext_lazy("How often"), choices=Mailing.Every.choices)
    hour = forms.TypedChoiceField(label=gettext_lazy("At"), coerce=int)
    people = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Who gets it"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Each sees in it what they may see themselves, in their own language."),
    )

    def __init__(self, *args: Any, user: User, mailing: Mailing | None = None, **kwargs: Any) -> None:
        kept = {"every": Mailing.Every.WEEK.value, "hour": 7, "people": [user.pk]}
        if mailing:
            kept = {"every": mailing.every, "hour": mailing.hour, "people": [one.pk for one in mailing.people.all()]}
        super().__init__(*args, **{"initial": kept} | kwargs)
        maker = mailing.made_by if mailing else user
        hour, people = self.fields["hour"], self.fields["people"]
        assert isinstance(hour, forms.ChoiceField)
        assert isinstance(people, forms.ModelMultipleChoiceField)
        hour.choices = [(number, f"{number}:00") for number in range(24)]
        hour.help_text = _("On the clock of %(name)s: %(zone)s.") % {"name": maker.name, "zone": maker.zone.key}
        people.queryset = User.objects.filter(is_active=True, role__in=readers_of_figures()).order_by("name", "pk")
