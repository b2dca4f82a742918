"""What we begin ourselves: conversations, forwards, copies."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team
from tickets.actions.addressing import MOST_CHARS, MOST_PEOPLE, Person, clean_person, read_people
from tickets.actions.attaching import MAX_FILES
from tickets.actions.filling import read_fields
from tickets.actions.forwarding import MOST_MESSAGES, MOST_TO
from tickets.forms.fields import Words, is_key, is_uuid, new_client_id
from tickets.forms.ticket import FieldsForm
from tickets.models import Channel

NAMED = 3  # parts of a list that are no addresses


class People(forms.CharField):
    """Addresses as they are typed or pasted, from one field or several of the same name."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        self.most = most
        super().__init__(max_length=MOST_CHARS, required=False, **kwargs)

    def clean(self, value: Any) -> Any:
        people, wrong = read_people(super().clean(value))
        if wrong:
            raise ValidationError(_no_addresses(wrong), code="invalid")
        if len(people) > self.most:
            raise ValidationError(_("%(count)s people at most.") % {"count": self.most}, code="too_many")
        return people


def _no_addresses(wrong: list[str]) -> str:
    shown, more = ", ".join(wrong[:NAMED]), len(wrong) - NAMED
    if more > 0:
        return _("No email address: %(shown)s and %(count)s more") % {"shown": shown, "count": more}
    return _("No email address: %(shown)s") % {"shown": shown}


class Several(forms.TextInput):
    """All values of a name, one a line."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        values = data.getlist(name) if hasattr(data, "getlist") else [data.get(name, "")]
        return "\n".join(value for value in values if value)


class NewTicketForm(FieldsForm):
    """A conversation that one of us begins: by mail with one or several people, or after a phone call."""

    channel = forms.ChoiceField(
        choices=[(Channel.EMAIL, gettext_lazy("Email")), (Channel.PHONE, gettext_lazy("Phone call"))],
        initial=Channel.EMAIL,
    )
    to = People(most=MOST_PEOPLE, widget=Several)
    email = forms.EmailField(label=gettext_lazy("Their email address"), max_length=254, required=False)
    name = forms.CharField(label=gettext_lazy("Their name"), max_length=160, required=False)
    subject = forms.CharField(max_length=200)
    body = Words(label=gettext_lazy("What it is about"), required=False)
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label=gettext_lazy("No team: everybody sees it")
    )
    is_mine = forms.BooleanField(label=gettext_lazy("I take it"), required=False)
    attachments = forms.MultipleChoiceField(required=False)
    client_id = forms.CharField(max_length=64, required=False, initial=new_client_id, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["attachments"].valid_value = is_uuid  # type: ignore[attr-defined]  # whose they are: the action

    @property
    def is_call(self) -> bool:
        return str(self["channel"].value()) == Channel.PHONE

    @property
    def people(self) -> list[Person]:
        return list(self.cleaned_data["to"])

    def clean_attachments(self) -> tuple[str, ...]:
        chosen = self.cleaned_data["attachments"]
        if len(chosen) > MAX_FILES:
            raise ValidationError(
                _("%(count)s files at most go with one message.") % {"count": MAX_FILES}, code="too_many"
            )
        return tuple(chosen)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "body" in cleaned and not cleaned["body"] and not cleaned.get("attachments"):
            self.add_error("body", _("Write something first."))
        if "team" in cleaned:
            cleaned["fields"] = self._read_fields(cleaned["team"])
        if "email" in self.errors or "to" in self.errors:
            return cleaned
        if cleaned.get("channel") == Channel.EMAIL:
            self._clean_people(cleaned)
        elif not cleaned.get("email") and not cleaned.get("name"):
            self.add_error("name", _("Give a name or an address, so that they can be found again."))
        return cleaned

    def _read_fields(self, team: Team | None) -> dict[str, Any]:
        try:
            return read_fields(self.values, team=team)
        except ValidationError as error:
            self.add_error(None, error)
            return {}

    def _clean_people(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("email"):  # one address in a field of its own
            cleaned["to"] = [*cleaned["to"], clean_person(cleaned.get("name", ""), cleaned["email"])]
        if not cleaned["to"]:
            self.add_error("to", _("To write to them we need an address."))


class CopyForm(forms.Form):
    """Who gets copies from now on: one address, with or without a name."""

    to = People(most=1)

    def clean_to(self) -> Person:
        people: list[Person] = self.cleaned_data["to"]
        if not people:
            raise ValidationError(_("Type an address."), code="empty")
        return people[0]


class ForwardForm(forms.Form):
    """To whom, in which words, and which part of the conversation."""

    to = People(most=MOST_TO, widget=Several)
    words = Words(label=gettext_lazy("Your words"), required=False)
    message = forms.MultipleChoiceField(required=False)
    file = forms.MultipleChoiceField(required=False)
    client_id = forms.CharField(max_length=64, required=False, initial=new_client_id, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["message"].valid_value = is_key  # type: ignore[attr-defined]
        self.fields["file"].valid_value = is_uuid  # type: ignore[attr-defined]

    def clean_to(self) -> list[Person]:
        people: list[Person] = self.cleaned_data["to"]
        if not people:
            raise ValidationError(_("Say to whom."), code="empty")
        return people

    def clean_message(self) -> set[int]:
        chosen = {int(key) for key in self.cleaned_data["message"]}
        if len(chosen) > MOST_MESSAGES:
            raise ValidationError(_("%(count)s messages at most.") % {"count": MOST_MESSAGES}, code="too_many")
        return chosen
