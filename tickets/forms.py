"""What agents' forms accept. They check and clean; the actions save."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Team, User
from tickets.actions.bulk import MOST_AT_ONCE
from tickets.actions.handing_over import HAND_OVER_NOTE_CHARS
from tickets.actions.macros import NAME_CHARS
from tickets.actions.solving import NOTE_CHARS
from tickets.actions.sorting import MAX_TAGS
from tickets.actions.viewing import NAME_CHARS as VIEW_NAME_CHARS
from tickets.macros import MAX_STEPS, WORDS_CHARS, Step, Steps, read, written
from tickets.models import Channel, Macro, Message, Priority, RootCause, SavedView, Status, Ticket
from tickets.queries.searching import SORTS
from tickets.queries.viewing import COLUMNS, USUAL_COLUMNS
from tickets.search_words import MAX_CHARS as SEARCH_CHARS
from tickets.when import MAX_CHARS as WHEN_CHARS
from tickets.when import read as read_when

NO_CAUSE = "none"
TAG_CHARS = 50
MAX_FILES = 10


def new_client_id() -> str:
    return uuid.uuid4().hex


class Words(forms.CharField):
    """A message's text; browsers send line ends as two characters, which must not count twice."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=settings.MESSAGE_MAX_CHARS,
            widget=forms.Textarea(attrs={"rows": 6}),
            error_messages={
                "required": "Write something first.",
                "max_length": f"That is too long: {settings.MESSAGE_MAX_CHARS:,} characters at most.",
            },
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class StepsForm(forms.Form):
    """What macros do: their steps as they were shown, `kind:value` each, and the macros that they came from."""

    step = forms.MultipleChoiceField(required=False)
    macro = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What can be done, and by whom, is the action's question; which macro it was is only counted.
        self.fields["step"].valid_value = lambda value: True  # type: ignore[attr-defined]
        self.fields["macro"].valid_value = lambda value: _is_key(value)  # type: ignore[attr-defined]

    def clean_step(self) -> list[Step]:
        return [read(text) for text in self.cleaned_data["step"]]

    def clean_macro(self) -> list[int]:
        return [int(key) for key in self.cleaned_data["macro"][:MAX_STEPS]]


class ReplyForm(StepsForm):
    """A reply or a note. `client_id` makes it harmless to send it twice."""

    body = Words(required=False)
    kind = forms.ChoiceField(choices=Message.Kind.choices, required=False)
    client_id = forms.CharField(max_length=64, required=False, initial=new_client_id, widget=forms.HiddenInput)
    attachments = forms.MultipleChoiceField(required=False)
    # What had happened when it was begun; when it leaves, in words or as a time; what is done with it.
    begun_seq = forms.IntegerField(min_value=0, max_value=2**62, required=False, widget=forms.HiddenInput)
    until = forms.CharField(max_length=WHEN_CHARS, required=False)
    written = forms.IntegerField(min_value=0, max_value=2**42, required=False)
    do = forms.ChoiceField(choices=[("solve", "Send and solve")], required=False)
    resolve = forms.CharField(max_length=120, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        files = self.fields["attachments"]
        # Whose files they are is the action's question; here they only have to be ids.
        files.valid_value = lambda value: _is_uuid(value)  # type: ignore[attr-defined]

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or Message.Kind.REPLY

    def clean_resolve(self) -> str | None:
        """The cause, if it is to be solved with this."""
        if self.data.get("do") != "solve":
            return None
        if not self.cleaned_data["resolve"]:
            raise ValidationError("Choose what caused it, or that nothing did.", code="required")
        return str(self.cleaned_data["resolve"])

    def when(self) -> datetime | None:
        """When it leaves, if somebody chose a time. Errors: ValidationError with code `invalid`.

        What a browser has kept until its time had passed, because there was no connection, leaves at once.
        """
        words, now = self.cleaned_data["until"], timezone.now()
        if not words:
            return None
        written = self.cleaned_data.get("written")
        asked_at = min(now, datetime.fromtimestamp(written / 1000, UTC)) if written else now
        wake = read_when(words, now=asked_at, zone=timezone.get_current_timezone())
        if wake is None or wake.at is None:
            raise ValidationError("Say when, as in “tomorrow 9”, “friday 14:30” or “in 2 hours”.", code="invalid")
        return wake.at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "body" in cleaned and not cleaned["body"] and not cleaned.get("attachments"):
            raise ValidationError("Write something first.", code="empty")
        if len(cleaned.get("attachments", [])) > MAX_FILES:
            raise ValidationError(f"{MAX_FILES} files at most go with one message.", code="too_many")
        if "until" in cleaned and "written" in cleaned:
            cleaned["send_at"] = self.when()
        return cleaned


def _is_uuid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


class ApplyForm(StepsForm):
    """Steps of macros that are done at once, without a word."""

    client_id = forms.CharField(max_length=64, required=False)

    def clean_step(self) -> list[Step]:
        if not self.cleaned_data["step"]:
            raise ValidationError("There is nothing to do.", code="empty")
        return super().clean_step()


class AssignForm(forms.Form):
    """Who has it. A field that is not sent stays; an empty one means nobody."""

    user = forms.ModelChoiceField(User.objects.all(), required=False)
    team = forms.ModelChoiceField(Team.objects.all(), required=False)

    def chosen(self) -> dict[str, Any]:
        """The arguments of `assign_ticket`."""
        return {name: self.cleaned_data[name] for name in ("user", "team") if name in self.data}


class TransferForm(forms.Form):
    """To whom a ticket is handed over: `to` is `user:<id>` or `team:<id>`."""

    to = forms.CharField(max_length=40, error_messages={"required": "Choose a person or a team."})
    note = forms.CharField(max_length=HAND_OVER_NOTE_CHARS, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean_to(self) -> dict[str, User | Team]:
        """The person or the team, as an argument of `transfer_ticket`."""
        kind, _, pk = self.cleaned_data["to"].partition(":")
        model = {"user": User, "team": Team}.get(kind)
        found = model.objects.filter(pk=int(pk)).first() if model and _is_key(pk) else None  # type: ignore[attr-defined]
        if found is None:
            raise ValidationError("They are not here any more. Choose somebody else.", code="invalid")
        return {kind: found}


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


class InviteForm(forms.Form):
    """Who is asked into a ticket."""

    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True), error_messages={"required": "Choose whom to ask."}
    )
    note = forms.CharField(max_length=HAND_OVER_NOTE_CHARS, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class MergeForm(forms.Form):
    """Into which ticket one is merged; `into` is its number, with or without #, or its reference."""

    into = forms.CharField(max_length=40, error_messages={"required": "Say which ticket should go on."})

    def __init__(self, *args: Any, tickets: QuerySet[Ticket], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tickets = tickets

    def clean_into(self) -> Ticket:
        """The ticket, if whoever asks may see it."""
        text = self.cleaned_data["into"].removeprefix("#").lower()
        found = self.tickets.filter(pk=int(text)) if _is_key(text) else self.tickets.filter(reference=text)
        ticket = found.first()
        if ticket is None:
            raise ValidationError("There is no such ticket.", code="invalid")
        return ticket


class StatusForm(forms.Form):
    status = forms.ChoiceField(choices=[choice for choice in Status.choices if choice[0] != Status.SOLVED])


class PriorityForm(forms.Form):
    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=int)


class TagsForm(forms.Form):
    """All tags of a ticket, with commas between them."""

    tags = forms.CharField(max_length=MAX_TAGS * (TAG_CHARS + 2), required=False)

    def clean_tags(self) -> list[str]:
        names = [" ".join(name.split()) for name in self.cleaned_data["tags"].split(",")]
        long = [name for name in names if len(name) > TAG_CHARS]
        if long:
            raise ValidationError(f"A tag has {TAG_CHARS} characters at most: {long[0][:20]}…", code="too_long")
        return [name for name in names if name]


class ResolveForm(forms.Form):
    """Which cause it had; that there is none to name is a choice of its own."""

    root_cause = forms.CharField(
        max_length=120, error_messages={"required": "Choose what caused it, or that nothing did."}
    )
    note = forms.CharField(max_length=NOTE_CHARS, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean_root_cause(self) -> RootCause | None:
        slug = self.cleaned_data["root_cause"]
        if slug == NO_CAUSE:
            return None
        cause = RootCause.objects.filter(slug=slug).first()
        if cause is None:
            raise ValidationError("This cause is not there any more. Choose another one.", code="invalid")
        return cause


class FollowUpForm(forms.Form):
    """When to ask whether all is well: at a time, now, or not at all. Times are in the viewer's zone."""

    do = forms.ChoiceField(choices=[("move", "Move"), ("now", "Send now"), ("cancel", "Don't send")])
    due_at = forms.DateTimeField(required=False, error_messages={"invalid": "Use a date and a time."})

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or self.cleaned_data
        if asked.get("do") == "move" and not asked.get("due_at") and "due_at" not in self.errors:
            self.add_error("due_at", "Say when.")
        return asked


class NewTicketForm(forms.Form):
    """A conversation that an agent begins: after a phone call, or by writing to someone."""

    channel = forms.ChoiceField(
        label="How",
        choices=[
            (Channel.PHONE, "They called: what I write stays a note for the team"),
            (Channel.EMAIL, "I write to them: what I write leaves by mail"),
        ],
        widget=forms.RadioSelect,
        initial=Channel.PHONE,
    )
    email = forms.EmailField(label="Their email address", max_length=254, required=False)
    name = forms.CharField(label="Their name", max_length=160, required=False)
    subject = forms.CharField(max_length=200)
    body = Words(label="What it is about")
    team = forms.ModelChoiceField(Team.objects.all(), required=False, empty_label="No team: everybody sees it")
    client_id = forms.CharField(max_length=64, required=False, initial=new_client_id, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "email" in self.errors:
            return cleaned
        if cleaned.get("channel") == Channel.EMAIL and not cleaned.get("email"):
            self.add_error("email", "To write to them we need their address.")
        elif not cleaned.get("email") and not cleaned.get("name"):
            self.add_error("name", "Give a name or an address, so that they can be found again.")
        return cleaned


class CustomerForm(forms.Form):
    """What we know about someone."""

    name = forms.CharField(max_length=160, required=False)
    company = forms.CharField(max_length=160, required=False)
    note = forms.CharField(
        label="Note for the team", max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )


class MacroForm(forms.Form):
    """A macro's words and steps. A step is chosen whole from one list; a few kinds take words beside it."""

    name = forms.CharField(max_length=NAME_CHARS)
    whose = forms.ChoiceField(label="Who can use it")
    kind = forms.ChoiceField(
        label="Its words become",
        choices=[(Message.Kind.REPLY, "a reply to the customer"), (Message.Kind.NOTE, "a note for the team")],
        widget=forms.RadioSelect,
        initial=Message.Kind.REPLY,
    )
    body = Words(label="Words", required=False)

    def __init__(self, *args: Any, user: User, macro: Macro | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = _initial(macro) if macro else {"whose": "mine", "kind": Message.Kind.REPLY}
        super().__init__(*args, **kwargs)
        self.user, self.steps = user, Steps()
        self.fields["whose"].choices = list(_whose_choices(user))  # type: ignore[attr-defined]
        stored = list(macro.steps) if macro else []
        for number in range(MAX_STEPS):
            self._add_row(number, stored[number] if number < len(stored) else None)

    def _add_row(self, number: int, stored: Step | None) -> None:
        choices = self._step_choices()
        takes_words = stored is not None and stored["do"] in self.steps.kinds and not self.steps.options(stored["do"])
        chosen = "" if stored is None else f"{stored['do']}:" if takes_words else written(stored)
        if chosen not in {value for _, group in choices for value, _ in group}:
            choices.append(("Gone", [(chosen, self.steps.say(stored))]) if stored else ("", []))
        self.fields[f"step_{number}"] = forms.ChoiceField(
            label=f"Step {number + 1}", required=False, choices=[("", "Nothing more"), *choices], initial=chosen
        )
        self.fields[f"words_{number}"] = forms.CharField(
            label=f"Words of step {number + 1}",
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
                groups.append((kind.label, [(f"{do}:", f"{kind.label}…")]))
            else:
                says = kind.says[0].upper() + kind.says[1:]
                groups.append((kind.label, [(f"{do}:{value}", says.format(name)) for value, name in options.items()]))
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
        whose, _, team = self.cleaned_data["whose"].partition(":")
        return {name: self.cleaned_data[name] for name in ("name", "body", "kind", "steps")} | {
            "owner": self.user if whose == "mine" else None,
            "team": Team.objects.get(pk=team) if whose == "team" else None,
        }


def _initial(macro: Macro) -> dict[str, str]:
    whose = "mine" if macro.is_private else f"team:{macro.team_id}" if macro.team_id else "everybody"
    return {"name": macro.name, "whose": whose, "kind": macro.kind, "body": macro.body}


def _whose_choices(user: User) -> Iterator[tuple[str, str]]:
    yield "mine", "Only me"
    if user.has_perm("tickets.share"):
        teams = Team.objects.all() if user.has_perm("tickets.view_all") else user.teams.all()
        yield from ((f"team:{team.pk}", f"The team {team.name}") for team in teams)
        yield "everybody", "Everybody"


class BulkForm(forms.Form):
    """Which tickets are meant, and what is to be done with them; the rest of it belongs to the deed."""

    do = forms.CharField(max_length=20)
    number = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].valid_value = _is_key  # type: ignore[attr-defined]

    def clean_number(self) -> list[int]:
        numbers = list(dict.fromkeys(int(text) for text in self.cleaned_data["number"]))
        if not numbers:
            raise ValidationError("Select at least one ticket.", code="empty")
        if len(numbers) > MOST_AT_ONCE:
            raise ValidationError(f"Select {MOST_AT_ONCE} tickets at most.", code="too_many")
        return numbers


class BulkAssignForm(forms.Form):
    """Whose many tickets are from now on: `to` is `user:<id>`, `team:<id>` or `nobody`."""

    to = forms.CharField(max_length=40, error_messages={"required": "Choose a person or a team."})

    def clean_to(self) -> dict[str, User | Team | None]:
        """The argument of `assign_ticket`."""
        kind, _, pk = self.cleaned_data["to"].partition(":")
        if kind == "nobody":
            return {"user": None}
        model = {"user": User, "team": Team}.get(kind)
        found = model.objects.filter(pk=int(pk)).first() if model and _is_key(pk) else None  # type: ignore[attr-defined]
        if found is None:
            raise ValidationError("They are not here any more. Choose somebody else.", code="invalid")
        return {kind: found}


class BulkReplyForm(forms.Form):
    """The same words for many. `client_id` makes it harmless to send it twice."""

    body = Words()
    client_id = forms.CharField(max_length=64, required=False)


class BulkTagsForm(TagsForm):
    """Tags that are added to many tickets, or taken off them."""

    how = forms.ChoiceField(choices=[("add", "Add"), ("remove", "Take off")], required=False)

    def clean_tags(self) -> list[str]:
        tags = super().clean_tags()
        if not tags:
            raise ValidationError("Write a tag.", code="empty")
        return tags


class SavedViewForm(forms.Form):
    """A search that is kept. `whose` is `me`, `all`, or `team:<id>`; only who may share can choose."""

    name = forms.CharField(max_length=VIEW_NAME_CHARS)
    query = forms.CharField(label="What it shows", max_length=SEARCH_CHARS, help_text="As in the search box.")
    sort = forms.ChoiceField(label="Order", choices=list(SORTS.items()), required=False)
    whose = forms.ChoiceField(label="Who has it", required=False)
    columns = forms.MultipleChoiceField(
        choices=list(COLUMNS.items()), required=False, widget=forms.CheckboxSelectMultiple, initial=USUAL_COLUMNS
    )

    def __init__(self, *args: Any, user: User, view: SavedView | None = None, **kwargs: Any) -> None:
        if view is not None:
            kwargs["initial"] = _initial_view(view)
        super().__init__(*args, **kwargs)
        self.teams = _teams_to_share_with(user)
        whose = [("me", "Only me"), *((f"team:{team.pk}", team.name) for team in self.teams), ("all", "Everybody")]
        field = self.fields["whose"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = whose if user.has_perm("tickets.share") else whose[:1]

    @property
    def plain(self) -> list[forms.BoundField]:
        """The fields that are drawn as any other."""
        return [self[name] for name in ("name", "query", "sort", "whose")]

    def clean_query(self) -> str:
        return str(self.cleaned_data["query"]).replace("\x00", "")

    def chosen(self) -> dict[str, Any]:
        """The arguments of `save_view`."""
        asked = dict(self.cleaned_data)
        whose = asked.pop("whose") or "me"
        team = next((team for team in self.teams if whose == f"team:{team.pk}"), None)
        return {**asked, "team": team, "is_shared": whose != "me"}


def _teams_to_share_with(user: User) -> list[Team]:
    return list(Team.objects.all()) if user.has_perm("tickets.view_all") else list(user.teams.all())


def _initial_view(view: SavedView) -> dict[str, Any]:
    whose = "me" if view.is_private else f"team:{view.team_id}" if view.team_id else "all"
    columns = view.columns or USUAL_COLUMNS
    return {"name": view.name, "query": view.query, "sort": view.sort, "whose": whose, "columns": columns}
