"""What is written on a ticket, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Team, User
from tickets.actions.attaching import MAX_FILES
from tickets.actions.handing_over import HAND_OVER_NOTE_CHARS
from tickets.actions.solving import NOTE_CHARS
from tickets.actions.sorting import MAX_TAGS
from tickets.forms.fields import Words, is_key, is_uuid, new_client_id, person_or_team
from tickets.macros import MAX_STEPS, Step, read
from tickets.models import Message, NamedStatus, Priority, RootCause, Status, Ticket
from tickets.when import MAX_CHARS as WHEN_CHARS
from tickets.when import read as read_when

NO_CAUSE = "none"
TAG_CHARS = 50


class StepsForm(forms.Form):
    """What macros do: their steps as they were shown, `kind:value` each, and the macros that they came from."""

    step = forms.MultipleChoiceField(required=False)
    macro = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What can be done, and by whom, is the action's question; which macro it was is only counted.
        self.fields["step"].valid_value = lambda value: True  # type: ignore[attr-defined]
        self.fields["macro"].valid_value = lambda value: is_key(value)  # type: ignore[attr-defined]

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
    do = forms.ChoiceField(choices=[("solve", gettext_lazy("Send and solve"))], required=False)
    resolve = forms.CharField(max_length=120, required=False)
    uncopied = forms.BooleanField(required=False)  # those who are copied do not get it

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        files = self.fields["attachments"]
        # Whose files they are is the action's question; here they only have to be ids.
        files.valid_value = lambda value: is_uuid(value)  # type: ignore[attr-defined]

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or Message.Kind.REPLY

    def clean_resolve(self) -> str | None:
        """The cause, if it is to be solved with this."""
        if self.data.get("do") != "solve":
            return None
        if not self.cleaned_data["resolve"]:
            raise ValidationError(_("Choose what caused it, or that nothing did."), code="required")
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
            raise ValidationError(_("Say when, as in “tomorrow 9”, “friday 14:30” or “in 2 hours”."), code="invalid")
        return wake.at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "body" in cleaned and not cleaned["body"] and not cleaned.get("attachments"):
            raise ValidationError(_("Write something first."), code="empty")
        if len(cleaned.get("attachments", [])) > MAX_FILES:
            raise ValidationError(
                _("%(count)s files at most go with one message.") % {"count": MAX_FILES}, code="too_many"
            )
        if "until" in cleaned and "written" in cleaned:
            cleaned["send_at"] = self.when()
        return cleaned


class ApplyForm(StepsForm):
    """Steps of macros that are done at once, without a word."""

    client_id = forms.CharField(max_length=64, required=False)

    def clean_step(self) -> list[Step]:
        if not self.cleaned_data["step"]:
            raise ValidationError(_("There is nothing to do."), code="empty")
        return super().clean_step()


class AssignForm(forms.Form):
    """Who has it. A field that is not sent stays; an empty one means nobody."""

    user = forms.ModelChoiceField(User.objects.all(), required=False)
    team = forms.ModelChoiceField(Team.objects.all(), required=False)

    def chosen(self) -> dict[str, Any]:
        """The arguments of `assign_ticket`."""
        return {name: self.cleaned_data[name] for name in ("user", "team") if name in self.data}


def _note(most: int) -> forms.CharField:
    """A few words for colleagues."""
    widget = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(label=gettext_lazy("Note"), max_length=most, required=False, widget=widget)


class TransferForm(forms.Form):
    """To whom a ticket is handed over: `to` is `user:<id>` or `team:<id>`."""

    to = forms.CharField(
        label=pgettext_lazy("recipient", "To"),
        max_length=40,
        error_messages={"required": gettext_lazy("Choose a person or a team.")},
    )
    note = _note(HAND_OVER_NOTE_CHARS)

    def clean_to(self) -> dict[str, User | Team]:
        """The person or the team, as an argument of `transfer_ticket`."""
        return person_or_team(self.cleaned_data["to"])


class InviteForm(forms.Form):
    """Who is asked into a ticket."""

    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True),
        label=gettext_lazy("User"),
        error_messages={"required": gettext_lazy("Choose whom to ask.")},
    )
    note = _note(HAND_OVER_NOTE_CHARS)


class MergeForm(forms.Form):
    """Into which ticket one is merged; `into` is its number, with or without #, or its reference."""

    into = forms.CharField(max_length=40, error_messages={"required": gettext_lazy("Say which ticket should go on.")})

    def __init__(self, *args: Any, tickets: QuerySet[Ticket], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tickets = tickets

    def clean_into(self) -> Ticket:
        """The ticket, if whoever asks may see it."""
        text = self.cleaned_data["into"].removeprefix("#").lower()
        found = self.tickets.filter(pk=int(text)) if is_key(text) else self.tickets.filter(reference=text)
        ticket = found.first()
        if ticket is None:
            raise ValidationError(_("There is no such ticket."), code="invalid")
        return ticket


class StatusForm(forms.Form):
    """One of the statuses, or `named:<id>`: a word of the company's own, which says which of them it is."""

    status = forms.CharField(max_length=40, error_messages={"required": gettext_lazy("Choose a status.")})

    def clean(self) -> dict[str, Any]:
        """The arguments of `set_status`; which statuses can be set is the action's question."""
        kind, _colon, pk = super().clean().get("status", "").partition(":")  # type: ignore[union-attr]
        if kind != "named":
            if kind and kind not in Status.values:
                raise ValidationError(_("There is no such status."), code="invalid")
            return {"status": kind, "named": None}
        named = named_status(pk)
        return {"status": named.status, "named": named}


def named_status(pk: str) -> NamedStatus:
    """The company's own status with this key. Errors: ValidationError code `invalid`."""
    found = NamedStatus.objects.filter(pk=int(pk)).first() if is_key(pk) else None
    if found is None:
        raise ValidationError(_("This status is not there any more. Choose another one."), code="invalid")
    return found


FIELD_PREFIX = "field_"


class FieldsForm(forms.Form):
    """What is typed into fields of the company's own: `field_<slug>`, several times where several can be chosen.

    What may be in them is the action's question: it depends on the ticket.
    """

    @property
    def values(self) -> dict[str, str | list[str]]:
        """As typed, by slug."""
        data: Any = self.data
        lists = data.lists() if hasattr(data, "lists") else ((name, [value]) for name, value in data.items())
        found = {name.removeprefix(FIELD_PREFIX): values for name, values in lists if name.startswith(FIELD_PREFIX)}
        return {slug: values if len(values) > 1 else "".join(values) for slug, values in found.items()}


class PriorityForm(forms.Form):
    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=int)


class TagsForm(forms.Form):
    """All tags of a ticket, with commas between them."""

    tags = forms.CharField(max_length=MAX_TAGS * (TAG_CHARS + 2), required=False)

    def clean_tags(self) -> list[str]:
        names = [" ".join(name.split()) for name in self.cleaned_data["tags"].split(",")]
        long = [name for name in names if len(name) > TAG_CHARS]
        if long:
            words = {"count": TAG_CHARS, "tag": long[0][:20]}
            raise ValidationError(_("A tag has %(count)s characters at most: %(tag)s…") % words, code="too_long")
        return [name for name in names if name]


class ResolveForm(FieldsForm):
    """Which cause it had; that there is none to name is a choice of its own."""

    root_cause = forms.CharField(
        label=gettext_lazy("Root cause"),
        max_length=120,
        error_messages={"required": gettext_lazy("Choose what caused it, or that nothing did.")},
    )
    note = _note(NOTE_CHARS)
    named = forms.CharField(label=gettext_lazy("Status"), max_length=20, required=False)

    def clean_named(self) -> NamedStatus | None:
        pk = self.cleaned_data["named"]
        return named_status(pk) if pk else None

    def clean_root_cause(self) -> RootCause | None:
        slug = self.cleaned_data["root_cause"]
        if slug == NO_CAUSE:
            return None
        cause = RootCause.objects.known_as(slug)
        if cause is None or cause.archived_at is not None:
            raise ValidationError(_("This cause is not there any more. Choose another one."), code="invalid")
        return cause


class FollowUpForm(forms.Form):
    """When to ask whether all is well: at a time, now, or not at all. Times are in the viewer's zone."""

    do = forms.ChoiceField(
        choices=[
            ("move", gettext_lazy("Move")),
            ("now", gettext_lazy("Send now")),
            ("cancel", gettext_lazy("Don't send")),
        ]
    )
    due_at = forms.DateTimeField(required=False, error_messages={"invalid": gettext_lazy("Use a date and a time.")})

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or self.cleaned_data
        if asked.get("do") == "move" and not asked.get("due_at") and "due_at" not in self.errors:
            self.add_error("due_at", _("Say when."))
        return asked


class CustomerForm(forms.Form):
    """What we know about someone."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=160, required=False)
    company = forms.CharField(label=pgettext_lazy("of a customer", "Company"), max_length=160, required=False)
    note = forms.CharField(
        label=gettext_lazy("Note for the team"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
