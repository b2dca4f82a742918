"""What is done with cases, and what of them one wants to see."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recovery.actions.cases import NOTE_CHARS
from recovery.models import Case, Decision, Trigger
from recovery.queries.queue import ALL, MINE, TEAMS, Asked
from recovery.queries.triggers import Rule

DEEDS = ["take", "give", "call", "contact", "verify", "close", "reopen"]


class OpenCaseForm(forms.Form):
    note = forms.CharField(
        label=_("Why"), max_length=NOTE_CHARS, required=False, help_text=_("In a few words, for whoever takes it up.")
    )


class CaseForm(forms.Form):
    """One deed, with a word on it where that is wanted."""

    do = forms.ChoiceField(choices=[(deed, deed) for deed in DEEDS])
    note = forms.CharField(max_length=NOTE_CHARS, required=False)
    user = forms.ModelChoiceField(User.objects.none(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = self.fields["user"]
        assert isinstance(user, forms.ModelChoiceField)  # for the types
        user.queryset = User.objects.filter(is_active=True)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("do") == "give" and not cleaned.get("user"):
            self.add_error("user", _("Choose one person."))
        if cleaned.get("do") == "reopen" and not cleaned.get("note"):
            self.add_error("note", _("Say in a few words why."))
        return cleaned


class QueueForm(forms.Form):
    """The filters of the queue. What is not understood is left out: a link of long ago still shows a list."""

    whose = forms.ChoiceField(choices=[(ALL, _("All")), (MINE, _("Mine")), (TEAMS, _("My teams’"))], required=False)
    state = forms.ChoiceField(label=_("State"), choices=[("", _("All open ones")), *Case.State.choices], required=False)
    trigger = forms.ChoiceField(label=_("Why"), choices=[("", _("For any reason")), *Trigger.choices], required=False)
    second = forms.BooleanField(label=_("Second failures only"), required=False)

    def asked(self) -> Asked:
        self.is_valid()
        said = self.cleaned_data
        return Asked(said.get("whose") or ALL, said.get("state", ""), said.get("trigger", ""), bool(said.get("second")))


class DecisionForm(forms.Form):
    """The filters of the log of decisions."""

    trigger = forms.ChoiceField(label=_("Trigger"), choices=[("", _("Any trigger")), *Trigger.choices], required=False)
    outcome = forms.ChoiceField(
        label=_("What became of it"),
        choices=[("", _("Whatever became of it")), *(one for one in Decision.Outcome.choices if one[0] != "asked")],
        required=False,
    )

    def asked(self) -> dict[str, str]:
        self.is_valid()
        return {name: str(self.cleaned_data.get(name, "")) for name in ("trigger", "outcome")}


class TriggerForm(forms.Form):
    """How one trigger is set."""

    is_on = forms.BooleanField(label=_("Opens cases"), required=False)
    threshold = forms.IntegerField(required=False, min_value=1, max_value=1000)
    cooldown_days = forms.IntegerField(
        label=_("Days until the same person again"), min_value=0, max_value=365, initial=30
    )

    def __init__(self, *args: Any, rule: Rule, **kwargs: Any) -> None:
        days = rule.cooldown.days
        kwargs["initial"] = {"is_on": rule.is_on, "threshold": int(rule.threshold), "cooldown_days": days}
        super().__init__(*args, **kwargs | {"auto_id": f"{rule.trigger}-%s"})
        if rule.trigger in THRESHOLD_LABELS:
            self.fields["threshold"].label = THRESHOLD_LABELS[rule.trigger]
            self.fields["threshold"].required = True
        else:
            del self.fields["threshold"]
        if rule.trigger == Trigger.SECOND:  # whoever is failed again is never told to come back later
            del self.fields["cooldown_days"]


THRESHOLD_LABELS: dict[str, Any] = {
    Trigger.RATING: _("At most so many of 5"),
    Trigger.PROMISE: _("Broken promises on a ticket"),
    Trigger.REOPENED: _("Times reopened"),
    Trigger.TRANSFERS: _("Times passed on"),
    Trigger.UNANSWERED: _("Messages without an answer"),
    Trigger.ABANDONED: _("Minutes waited at least"),
}
