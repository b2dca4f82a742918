"""What several forms share: fields, what a number or an id looks like, and who can use what is kept."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team, User
from tickets.models.working import SharedRow

ME, ALL = "me", "all"
_MOST_CHARS = lazy(number_format, str)(settings.MESSAGE_MAX_CHARS, force_grouping=True)


def new_client_id() -> str:
    return uuid.uuid4().hex


def is_key(text: str) -> bool:
    """Whether it could be a row's number."""
    return text.isascii() and text.isdigit() and len(text) < 19


def is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def problems_of(form: forms.Form) -> str:
    """All that is wrong with a form, as one text."""
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def person_or_team(text: str) -> dict[str, User | Team]:
    """Whom `user:<id>` or `team:<id>` means, as an argument of the actions. Errors: ValidationError code `invalid`."""
    kind, _colon, pk = text.partition(":")
    model = {"user": User, "team": Team}.get(kind)
    found = model.objects.filter(pk=int(pk)).first() if model and is_key(pk) else None  # type: ignore[attr-defined]
    if found is None:
        raise ValidationError(_("They are not here any more. Choose somebody else."), code="invalid")
    return {kind: found}


class Words(forms.CharField):
    """A message's text; browsers send line ends as two characters, which must not count twice."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=settings.MESSAGE_MAX_CHARS,
            widget=forms.Textarea(attrs={"rows": 6}),
            error_messages={
                "required": gettext_lazy("Write something first."),
                "max_length": format_lazy(
                    gettext_lazy("That is too long: {count} characters at most."), count=_MOST_CHARS
                ),
            },
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class SharedForm(forms.Form):
    """Something that is one's own, a team's or everybody's: `whose` is `me`, `team:<id>` or `all`."""

    whose = forms.ChoiceField(label=gettext_lazy("Who can use it"), required=False)

    def __init__(self, *args: Any, user: User, kept: SharedRow | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = {"whose": ME} | kwargs.get("initial", {}) | (self.kept_as(kept) if kept else {})
        super().__init__(*args, **kwargs)
        self.user, self.teams = user, _teams_to_share_with(user)
        field = self.fields["whose"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(ME, _("Only me"))]
        if user.has_perm("tickets.share"):
            teams = [(f"team:{team.pk}", _("The team %(name)s") % {"name": team.name}) for team in self.teams]
            field.choices = [(ME, _("Only me")), *teams, (ALL, _("Everybody"))]

    def kept_as(self, kept: Any) -> dict[str, Any]:
        """What the fields say of something that is kept."""
        return {"name": kept.name, "whose": ME if kept.is_private else f"team:{kept.team_id}" if kept.team_id else ALL}

    @property
    def is_mine(self) -> bool:
        return (self.cleaned_data["whose"] or ME) == ME

    @property
    def team(self) -> Team | None:
        """The team that is to have it, if one is."""
        return next((team for team in self.teams if self.cleaned_data["whose"] == f"team:{team.pk}"), None)


def _teams_to_share_with(user: User) -> list[Team]:
    if not user.has_perm("tickets.share"):
        return []
    return list(Team.objects.all()) if user.has_perm("tickets.view_all") else list(user.teams.all())
