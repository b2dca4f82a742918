"""What managers say of root causes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.models import User
from tickets.actions.causes import CHANGE_CHARS, NAME_CHARS
from tickets.models import RootCause
from tickets.queries.causes import CauseLine


class CauseChoice(forms.ModelChoiceField):
    """One of the causes that are offered, said with what it is below."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(RootCause.objects.offered(), **kwargs)

    def read(self, lines: list[CauseLine], *, but: set[int]) -> None:
        """Offer these in the order of the tree, `but` some."""
        offered = [line for line in lines if line.cause.archived_at is None and line.cause.pk not in but]
        empty = [("", self.empty_label)] if self.empty_label is not None else []
        self.choices = [
            *empty,
            *((line.cause.pk, line.whole) for line in offered),
        ]


class CauseForm(forms.Form):
    """What a cause is called, and where it is."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_CHARS)
    parent = CauseChoice(label=gettext_lazy("Below"), required=False, empty_label=gettext_lazy("Nothing: at the top"))

    def __init__(self, *args: Any, lines: list[CauseLine], but: set[int] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parent = self.fields["parent"]
        assert isinstance(parent, CauseChoice)
        parent.read(lines, but=but or set())


class CauseStateForm(forms.Form):
    """Whether it is mended, by whom, and what customers read of it."""

    state = forms.ChoiceField(label=gettext_lazy("State"), choices=RootCause.State.choices)
    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True),
        label=gettext_lazy("Who sees to it"),
        required=False,
        empty_label=gettext_lazy("Nobody yet"),
    )
    change = forms.CharField(
        label=gettext_lazy("What we changed"),
        max_length=CHANGE_CHARS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("In a sentence that customers read. Needed once it is fixed."),
    )


class MergeCauseForm(forms.Form):
    into = CauseChoice(label=gettext_lazy("The cause that goes on"), empty_label=gettext_lazy("Choose a cause"))

    def __init__(self, *args: Any, lines: list[CauseLine], but: set[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        into = self.fields["into"]
        assert isinstance(into, CauseChoice)
        into.read(lines, but=but)
