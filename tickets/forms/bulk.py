"""What is done to many tickets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team, User
from tickets.actions.bulk import MOST_AT_ONCE
from tickets.actions.filling import read_field
from tickets.forms.fields import Words, is_key, person_or_team
from tickets.forms.ticket import FieldsForm, TagsForm


class BulkForm(forms.Form):
    """Which tickets are meant, and what is to be done with them; the rest of it belongs to the deed."""

    do = forms.CharField(max_length=20)
    number = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].valid_value = is_key  # type: ignore[attr-defined]

    def clean_number(self) -> list[int]:
        numbers = list(dict.fromkeys(int(text) for text in self.cleaned_data["number"]))
        if not numbers:
            raise ValidationError(_("Select at least one ticket."), code="empty")
        if len(numbers) > MOST_AT_ONCE:
            raise ValidationError(_("Select %(count)s tickets at most.") % {"count": MOST_AT_ONCE}, code="too_many")
        return numbers


class BulkAssignForm(forms.Form):
    """Whose many tickets are from now on: `to` is `user:<id>`, `team:<id>` or `nobody`."""

    to = forms.CharField(max_length=40, error_messages={"required": gettext_lazy("Choose a person or a team.")})

    def clean_to(self) -> dict[str, User] | dict[str, User | Team] | dict[str, None]:
        """The argument of `assign_ticket`."""
        to = self.cleaned_data["to"]
        return {"user": None} if to == "nobody" else person_or_team(to)


class BulkReplyForm(forms.Form):
    """The same words for many. `client_id` makes it harmless to send it twice."""

    body = Words()
    client_id = forms.CharField(max_length=64, required=False)


class BulkTagsForm(TagsForm):
    """Tags that are added to many tickets, or taken off them."""

    how = forms.ChoiceField(
        choices=[("add", gettext_lazy("Add")), ("remove", gettext_lazy("Take off"))], required=False
    )

    def clean_tags(self) -> list[str]:
        tags = super().clean_tags()
        if not tags:
            raise ValidationError(_("Write a tag."), code="empty")
        return tags


class BulkFieldForm(FieldsForm):
    """One field of the company's own, by its slug, and what is put into it on many tickets; nothing empties it."""

    field = forms.CharField(max_length=60, error_messages={"required": gettext_lazy("Choose a field.")})

    def clean(self) -> dict[str, Any]:
        """The `values` of `set_fields`."""
        slug = self.cleaned_data.get("field")
        if slug is None:
            return {}
        if slug not in self.values:
            raise ValidationError(_("Choose a field."), code="required")
        return {"values": read_field(slug, self.values[slug])}
