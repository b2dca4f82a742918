"""Follow-ups that somebody plans, and the templates of those that are planned often."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Team, User
from tickets import when
from tickets.actions.follow_up_templates import NAME_CHARS
from tickets.actions.planning import due_at_of
from tickets.forms.fields import is_key, new_client_id
from tickets.models import FollowUp, FollowUpTemplate, Ticket, Unless
from tickets.models.follow_up import BODY_CHARS
from tickets.queries.follow_ups import zone_of

KINDS = [(kind.value, kind.label) for kind in (FollowUp.Kind.MESSAGE, FollowUp.Kind.TASK)]
USUAL = {"kind": FollowUp.Kind.MESSAGE.value, "unless": [Unless.CUSTOMER_WRITES.value]}
_VARIABLE = "{{ customer.first_name | there }}"


class _Plan(forms.Form):
    """What is planned: its kind, its words, and what makes it pointless."""

    kind = forms.ChoiceField(label=gettext_lazy("What is to happen"), choices=KINDS, widget=forms.RadioSelect)
    body = forms.CharField(
        label=gettext_lazy("What it says"), max_length=BODY_CHARS, widget=forms.Textarea(attrs={"rows": 4})
    )
    unless = forms.MultipleChoiceField(
        label=gettext_lazy("Called off by itself if, before,"),
        choices=Unless.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_body(self) -> str:
        return str(self.cleaned_data["body"]).replace("\r\n", "\n")


class PlanForm(_Plan):
    """A follow-up on one ticket; `words` say when, on its customer's clock."""

    words = forms.CharField(
        label=gettext_lazy("When, on the customer’s clock"),
        max_length=when.MAX_CHARS,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    assignee = forms.CharField(label=gettext_lazy("Whose task it is"), max_length=20, required=False)
    template = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)
    client_id = forms.CharField(max_length=64, required=False, initial=new_client_id, widget=forms.HiddenInput)

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        kwargs["initial"] = USUAL | kwargs.get("initial", {})
        kwargs["auto_id"] = "plan-%s"  # the panel stands beside others
        super().__init__(*args, **kwargs)
        self.ticket = ticket

    @classmethod
    def said_by(cls, told: FollowUp | FollowUpTemplate, ticket: Ticket) -> dict[str, Any]:
        """What the fields say of a follow-up that is planned, or of a template."""
        initial: dict[str, Any] = {"kind": told.kind, "body": told.body, "unless": told.unless}
        if isinstance(told, FollowUpTemplate):
            return initial | {"words": told.when, "template": str(told.pk)}
        if not told.is_open:  # to be planned anew: when, somebody says
            return initial
        local = told.due_at.astimezone(zone_of(ticket))
        return initial | {"words": f"{local:%Y-%m-%d %H:%M}", "assignee": str(told.assignee_id or "")}

    def clean_words(self) -> datetime:
        return due_at_of(self.cleaned_data["words"], self.ticket)

    def clean_assignee(self) -> User | None:
        return _person(self.cleaned_data["assignee"])

    def clean_template(self) -> FollowUpTemplate | None:
        pk = self.cleaned_data["template"]
        return FollowUpTemplate.objects.filter(pk=int(pk)).first() if is_key(pk) else None

    def planned(self) -> dict[str, Any]:
        """The arguments of `plan_follow_up`."""
        asked = dict(self.cleaned_data)
        asked["due_at"] = asked.pop("words")
        if asked["kind"] != FollowUp.Kind.TASK:
            asked["assignee"] = None
        return asked

    def changed(self, row: FollowUp) -> dict[str, Any]:
        """The arguments of `change_follow_up`: its kind stays, and a time that reads as before is the same moment."""
        asked = self.cleaned_data
        told = {"body": asked["body"], "unless": asked["unless"]}
        if "words" in self.changed_data:
            told["due_at"] = asked["words"]
        return told | ({"assignee": asked["assignee"]} if row.is_task else {})


class ChangePlanForm(PlanForm):
    """The same for one that is planned. A time that has passed may stay, for a task that is due."""

    kind = None  # type: ignore[assignment]

    def clean_words(self) -> datetime:
        if "words" not in self.changed_data:
            return timezone.now()
        return super().clean_words()


class FollowUpDeedForm(forms.Form):
    """What is done with one that is planned."""

    do = forms.ChoiceField(choices=[(do, do) for do in ("now", "call_off", "done", "restore")])


class BulkPlanForm(_Plan):
    """The same follow-up on many tickets, each on its own customer's clock."""

    words = forms.CharField(label=gettext_lazy("When, on each customer’s clock"), max_length=when.MAX_CHARS)
    client_id = forms.CharField(max_length=64, required=False, initial=new_client_id, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "bulk-plan-%s"
        super().__init__(*args, **kwargs)
        self.planned: dict[int, dict[str, int]] = {}  # by ticket, once it is: what undoing needs

    def clean_words(self) -> str:
        words = str(self.cleaned_data["words"])
        wake = when.read(words, now=timezone.now(), zone=ZoneInfo("UTC"))
        if wake is None or wake.at is None:
            raise ValidationError(
                _("Say when, as in “tomorrow 9”, “friday 14:30” or “in 2 hours”, within the next two years."),
                code="invalid",
            )
        return words


class TemplateForm(_Plan):
    """A follow-up that is planned often."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_CHARS)
    when = forms.CharField(
        label=pgettext_lazy("follow-up", "When"),
        max_length=when.MAX_CHARS,
        initial="in 3 days",
        help_text=gettext_lazy("As one types it on a ticket: “in 3 days”, “friday 9”, “tomorrow 14:30”."),
    )
    team = forms.ModelChoiceField(
        label=gettext_lazy("Who can use it"),
        queryset=Team.objects.all(),
        required=False,
        empty_label=gettext_lazy("Everybody"),
    )
    field_order = ("name", "kind", "body", "when", "unless", "team")

    def __init__(self, *args: Any, template: FollowUpTemplate | None = None, **kwargs: Any) -> None:
        names = ("name", "kind", "body", "when", "unless", "team")
        kept = {name: getattr(template, name) for name in names} if template else USUAL
        kwargs["initial"] = kept
        super().__init__(*args, **kwargs)
        self.fields["body"].help_text = _help()


def _words_help() -> str:
    said = _("In a message, %(variable)s and the other variables of macros stand for each one’s own.")
    return said % {"variable": _VARIABLE}


_help = lazy(_words_help, str)


def _person(pk: str) -> User | None:
    if not pk:
        return None
    user = User.objects.filter(pk=int(pk), is_active=True).first() if is_key(pk) else None
    if user is None:
        raise ValidationError(_("They are not here any more. Choose somebody else."), code="invalid")
    return user
