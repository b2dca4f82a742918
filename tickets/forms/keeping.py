"""What agents keep for themselves or share: macros and views."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import User
from tickets.actions.macros import NAME_CHARS
from tickets.actions.viewing import NAME_CHARS as VIEW_NAME_CHARS
from tickets.forms.fields import SharedForm, Words
from tickets.macros import MAX_STEPS, WORDS_CHARS, Step, Steps, read, written
from tickets.models import Macro, Message, SavedView
from tickets.queries.searching import SORTS
from tickets.queries.viewing import USUAL_COLUMNS, column_choices
from tickets.search_words import MAX_CHARS as SEARCH_CHARS


class MacroForm(SharedForm):
    """A macro's words and steps. A step is chosen whole from one list; a few kinds take words beside it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_CHARS)
    kind = forms.ChoiceField(
        label=gettext_lazy("Its words become"),
        choices=[
            (Message.Kind.REPLY, gettext_lazy("a reply to the customer")),
            (Message.Kind.NOTE, gettext_lazy("a note for the team")),
        ],
        widget=forms.RadioSelect,
        initial=Message.Kind.REPLY,
    )
    body = Words(label=gettext_lazy("Words"), required=False)

    def __init__(self, *args: Any, user: User, macro: Macro | None = None, **kwargs: Any) -> None:
        super().__init__(*args, user=user, kept=macro, **kwargs)
        self.steps = Steps()
        stored = list(macro.steps) if macro else []
        for number in range(MAX_STEPS):
            self._add_row(number, stored[number] if number < len(stored) else None)

    def kept_as(self, kept: Any) -> dict[str, Any]:
        return super().kept_as(kept) | {"kind": kept.kind, "body": kept.body}

    def _add_row(self, number: int, stored: Step | None) -> None:
        choices = self._step_choices()
        takes_words = stored is not None and stored["do"] in self.steps.kinds and not self.steps.options(stored["do"])
        chosen = "" if stored is None else f"{stored['do']}:" if takes_words else written(stored)
        if chosen not in {value for _kind, group in choices for value, _words in group}:
            choices.append((_("Gone"), [(chosen, self.steps.say(stored))]) if stored else ("", []))
        self.fields[f"step_{number}"] = forms.ChoiceField(
            label=_("Step %(number)s") % {"number": number + 1},
            required=False,
            choices=[("", _("Nothing more")), *choices],
            initial=chosen,
        )
        self.fields[f"words_{number}"] = forms.CharField(
            label=_("Words of step %(number)s") % {"number": number + 1},
            required=False,
            max_length=WORDS_CHARS,
            initial=stored["value"] if stored and takes_words else "",
            widget=forms.Textarea(attrs={"rows": 1}),
        )

    def _step_choices(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Everything that a step can be, by kind."""
        groups = []
        for do, kind in self.steps.kinds.items():
            options = self.steps.options(do)
            if options is None:
                groups.append((str(kind.label), [(f"{do}:", f"{kind.label}…")]))
            else:
                says = str(kind.says)
                says = says[0].upper() + says[1:]
                groups.append(
                    (str(kind.label), [(f"{do}:{value}", says.format(name)) for value, name in options.items()])
                )
        return groups

    @property
    def plain(self) -> list[forms.BoundField]:
        """The fields that are no step."""
        return [self["name"], self["whose"], self["kind"]]

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"step_{number}"], self[f"words_{number}"]) for number in range(MAX_STEPS)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["steps"] = []
        for number in range(MAX_STEPS):
            step = read(cleaned.get(f"step_{number}") or "")
            if not step["do"] or f"words_{number}" in self.errors:
                continue
            if self.steps.options(step["do"]) is None:
                step["value"] = cleaned[f"words_{number}"]
            try:
                cleaned["steps"].append(self.steps.check_one(step))
            except ValidationError as error:
                self.add_error(f"step_{number}", error)
        return cleaned

    def chosen(self) -> dict[str, Any]:
        """The arguments of `create_macro` and `change_macro`."""
        words = {name: self.cleaned_data[name] for name in ("name", "body", "kind", "steps")}
        return words | {"owner": self.user if self.is_mine else None, "team": self.team}


class SavedViewForm(SharedForm):
    """A search that is kept."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=VIEW_NAME_CHARS)
    query = forms.CharField(
        label=gettext_lazy("What it shows"), max_length=SEARCH_CHARS, help_text=gettext_lazy("As in the search box.")
    )
    sort = forms.ChoiceField(label=pgettext_lazy("sorting", "Order"), choices=list(SORTS.items()), required=False)
    columns = forms.MultipleChoiceField(
        label=gettext_lazy("Columns"), required=False, widget=forms.CheckboxSelectMultiple, initial=USUAL_COLUMNS
    )

    def __init__(self, *args: Any, user: User, view: SavedView | None = None, **kwargs: Any) -> None:
        super().__init__(*args, user=user, kept=view, **kwargs)
        self.fields["columns"].choices = list(column_choices().items())  # type: ignore[attr-defined]

    def kept_as(self, kept: Any) -> dict[str, Any]:
        return super().kept_as(kept) | {
            "query": kept.query,
            "sort": kept.sort,
            "columns": kept.columns or USUAL_COLUMNS,
        }

    @property
    def plain(self) -> list[forms.BoundField]:
        """The fields that are drawn as any other."""
        return [self[name] for name in ("name", "query", "sort", "whose")]

    def clean_query(self) -> str:
        return str(self.cleaned_data["query"]).replace("\x00", "")

    def chosen(self) -> dict[str, Any]:
        """The arguments of `save_view`."""
        asked = {name: self.cleaned_data[name] for name in ("name", "query", "sort", "columns")}
        return asked | {"team": self.team, "is_shared": not self.is_mine}
