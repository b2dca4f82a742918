"""What links tickets, splits one, and stands on its checklist."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Team
from tickets.actions.checking_off import ITEM_CHARS, MOST_ITEMS
from tickets.actions.opening import SUBJECT_CHARS
from tickets.forms.fields import is_key
from tickets.models import Ticket
from tickets.models.relating import CHILD

KINDS = [
    ("related", gettext_lazy("They have something to do with each other")),
    ("parent", gettext_lazy("This one is part of it")),
    (CHILD, gettext_lazy("It is part of this one")),
    ("duplicate", gettext_lazy("They are about the same thing")),
]


class LinkForm(forms.Form):
    """Which other ticket it has to do with: `other` is its number, with or without #, or its reference."""

    other = forms.CharField(
        label=gettext_lazy("Other"),
        max_length=40,
        error_messages={"required": gettext_lazy("Say which ticket it is.")},
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=KINDS,
        error_messages={"required": gettext_lazy("Say how they belong together.")},
    )

    def __init__(self, *args: Any, tickets: QuerySet[Ticket], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tickets = tickets

    def clean_other(self) -> Ticket:
        """The ticket, if whoever asks may see it."""
        text = self.cleaned_data["other"].removeprefix("#").lower()
        found = self.tickets.filter(pk=int(text)) if is_key(text) else self.tickets.filter(reference=text)
        ticket = found.first()
        if ticket is None:
            raise ValidationError(
                _("There is no such ticket. Choose one that is found while you type."), code="invalid"
            )
        return ticket


class UnlinkForm(forms.Form):
    link = forms.IntegerField(min_value=1, max_value=2**63 - 1)


class SplitForm(forms.Form):
    """What the new ticket is about, and whose it is."""

    subject = forms.CharField(label=gettext_lazy("What it is about"), max_length=SUBJECT_CHARS)
    team = forms.ModelChoiceField(Team.objects.all(), required=False, empty_label=gettext_lazy("The same as here"))


class ChecklistForm(forms.Form):
    """One or more lines to be put on a checklist."""

    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=MOST_ITEMS * (ITEM_CHARS + 20),
        strip=False,
        error_messages={
            "required": gettext_lazy("Write what is to be done."),
            "max_length": gettext_lazy("That is too long for a checklist."),
        },
    )


class ChecklistItemForm(forms.Form):
    """What is done with one line; `text` is what it says from now on, for `change`."""

    do = forms.ChoiceField(choices=[(do, do) for do in ("tick", "untick", "up", "down", "change", "remove")])
    text = forms.CharField(max_length=1000, required=False)
