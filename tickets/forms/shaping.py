"""What managers set: fields, statuses and tags of the company's own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team
from tickets.actions.shaping import FIELD_CHARS, HELP_CHARS, STATUS_CHARS, TAG_CHARS
from tickets.models import Field, Status, Tag

MAX_OPTION_CHARS = 5000
OPTION = "option_"


class FieldForm(forms.Form):
    """A field of the company's own. The names of its choices are fields of the form, `option_<key>`."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=FIELD_CHARS)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Field.Kind.choices)
    help = forms.CharField(
        label=gettext_lazy("Help"),
        max_length=HELP_CHARS,
        required=False,
        help_text=gettext_lazy("Shown where it is filled in, when somebody points at it."),
    )
    team = forms.ModelChoiceField(
        Team.objects.all(),
        required=False,
        empty_label=gettext_lazy("Every ticket"),
        label=gettext_lazy("On which tickets"),
        blank=True,
    )
    is_needed = forms.BooleanField(label=gettext_lazy("Needed for solving"), required=False)
    added = forms.CharField(
        label=gettext_lazy("Choices"),
        required=False,
        max_length=MAX_OPTION_CHARS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One on each line, for “One of several” and “Some of several”."),
    )

    def __init__(self, *args: Any, field: Field | None = None, is_filled: bool = False, **kwargs: Any) -> None:
        if field is not None:
            names = ("name", "kind", "help", "team", "is_needed")
            kwargs["initial"] = {name: getattr(field, name) for name in names} | {"team": field.team_id}
        super().__init__(*args, **kwargs)
        self.options = list(field.options) if field is not None else []
        if field is not None and is_filled:
            del self.fields["kind"]
        if field is not None and field.kind not in (Field.Kind.CHOICE, Field.Kind.CHOICES) and is_filled:
            del self.fields["added"]
        if self.options:
            self.fields["added"].label = _("More choices")
            self.fields["added"].help_text = _("One on each line.")
        for option in self.options:
            self.fields[OPTION + option["key"]] = forms.CharField(
                label=option["name"],
                required=False,
                max_length=FIELD_CHARS,
                initial="" if option.get("is_gone") else option["name"],
            )

    @property
    def plain(self) -> list[forms.BoundField]:
        """The fields that are no choice."""
        return [bound for bound in self if not bound.name.startswith(OPTION)]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The choices: each with its field."""
        return [option | {"field": self[OPTION + option["key"]]} for option in self.options]

    def chosen(self) -> dict[str, Any]:
        """The arguments of `create_field` and, but for `options`, of `change_field`."""
        asked = {name: self.cleaned_data[name] for name in ("name", "help", "team", "is_needed")}
        if "kind" in self.cleaned_data:
            asked["kind"] = self.cleaned_data["kind"]
        return asked

    @property
    def lines(self) -> list[str]:
        """The names of new choices."""
        return str(self.cleaned_data.get("added", "")).splitlines()

    def names(self) -> dict[str, str]:
        """The names of the choices that there are, by their keys."""
        return {option["key"]: self.cleaned_data[OPTION + option["key"]] for option in self.options}


class NamedStatusForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=STATUS_CHARS)
    status = forms.ChoiceField(
        label=gettext_lazy("It is one that is"),
        choices=Status.choices,
        help_text=gettext_lazy("Everything is counted by these four."),
    )

    def chosen(self) -> dict[str, str]:
        return {"name": self.cleaned_data["name"], "status": self.cleaned_data["status"]}


class RenameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=max(STATUS_CHARS, TAG_CHARS))


class MergeTagForm(forms.Form):
    """Into which tag one is merged, by its name."""

    into = forms.CharField(
        label=gettext_lazy("Into"),
        max_length=TAG_CHARS,
        error_messages={"required": gettext_lazy("Say which tag goes on.")},
    )

    def clean_into(self) -> Tag:
        name = " ".join(self.cleaned_data["into"].replace("\x00", "").split())
        found = Tag.objects.filter(name__iexact=name).first()
        if found is None:
            raise forms.ValidationError(_("There is no such tag."), code="invalid")
        return found
