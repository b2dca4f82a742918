"""What people type on the pages of this app, checked; the actions save it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import dates, timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.actions.company import EDITABLE
from accounts.languages import DESK_LANGUAGES, LANGUAGES, direction_of
from accounts.models import Calendar, Desk, Site, Team, User, currency_code
from accounts.origins import clean_origins
from accounts.pictures import MAX_BYTES
from accounts.roles import ROLE_CHOICES, Role

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")  # names of fields
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*(([01]\d|2[0-3]):([0-5]\d)|24:00)\Z")


def refuse(form: forms.BaseForm, error: ValidationError) -> None:
    """Show what an action refused, beside its field where the form has one."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    for name, words in by_field.items():
        form.add_error(name if name in form.fields else None, words)


def zone_choices(empty: StrOrPromise = "") -> list[tuple[str, StrOrPromise]]:
    """Every time zone by name; first `empty`, if given, for none of them."""
    names = sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/", "right/"))
    )
    zones = [(name, name.replace("_", " ")) for name in ["UTC", *names]]
    return [("", empty), *zones] if empty else [*zones]


def _password(label: StrOrPromise) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=200,
        help_text=_("Ten characters or more. A sentence that only you would say works well."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def _address_of_a_page(label: StrOrPromise, help_text: StrOrPromise) -> forms.URLField:
    """Takes `shop.example` too; a browser's own URL field would refuse it before we can add the scheme."""
    widget = forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"})
    return forms.URLField(label=label, assume_scheme="https", help_text=help_text, widget=widget)


class FirstRunForm(forms.Form):
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("Your email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = _password(_("Your password"))
    company = forms.CharField(label=_("Company"), max_length=120, help_text=_("As customers know it."))
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices, initial="UTC")
    currency = forms.CharField(
        label=_("Currency"), max_length=3, initial="EUR", help_text=_("Three letters, such as EUR.")
    )
    site_url = _address_of_a_page(_("Your website"), _("Where the chat will be, such as https://shop.example."))

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        currency_code(currency)
        return currency


class TeamsForm(forms.Form):
    """Which teams somebody is in; where there are no teams yet, nothing is asked."""

    teams = forms.ModelMultipleChoiceField(
        Team.objects.all(), label=_("Teams"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not Team.objects.exists():
            del self.fields["teams"]


class DeactivateForm(forms.Form):
    """Who goes on with what somebody had: `user:<id>`, `team:<id>`, or nobody."""

    to = forms.ChoiceField(label=_("Their open tickets go to"), required=False)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = User.objects.filter(is_active=True).exclude(pk=person.pk).order_by("name")
        teams = [(f"team:{team.pk}", team.name) for team in Team.objects.order_by("name")]
        people = [(f"user:{user.pk}", user.name) for user in self.people]
        field = cast(forms.ChoiceField, self.fields["to"])
        field.choices = [("", _("Nobody: whoever takes them")), (_("Teams"), teams), (_("People"), people)]

    def clean_to(self) -> User | Team | None:
        kind, _colon, pk = self.cleaned_data["to"].partition(":")
        if not kind:
            return None
        return self.people.get(pk=pk) if kind == "user" else Team.objects.get(pk=pk)


class InvitationForm(TeamsForm):
    email = forms.EmailField(label=_("Email"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES, initial=Role.AGENT.value)
    field_order = ("email", "role", "teams")


class WelcomeForm(forms.Form):
    """What an invited person chooses."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = _password(_("Password"))


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES)


class TeamForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)


class ProfileForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("As the browser")), *DESK_LANGUAGES.items()],
        help_text=_("This desk speaks it, and writes its mails to you in it."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: zone_choices(_("As the company")),
        help_text=_("Times are shown in it."),
    )

    class Meta:
        model = User
        fields = ("name", "public_name", "language", "time_zone", "availability", "capacity", "signature")
        labels: ClassVar = {
            "name": _("Name"),
            "availability": _("Availability"),
            "capacity": _("Capacity"),
            "signature": _("Signature"),
        }
        widgets: ClassVar = {"signature": forms.Textarea(attrs={"rows": 4})}


class PictureForm(forms.Form):
    """A picture of somebody; the action makes it anew."""

    picture = forms.FileField(
        label=_("A picture of you"),
        help_text=_("Its middle is cut to a square. Where it was taken and the like does not go along."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )

    def clean_picture(self) -> UploadedFile:
        picture: UploadedFile = self.cleaned_data["picture"]
        if (picture.size or 0) > MAX_BYTES:
            raise ValidationError(_("%(limit)s MB at most.") % {"limit": MAX_BYTES // 1024**2}, code="too_long")
        return picture


class TokenForm(forms.Form):
    LASTING = (("", _("Never")), ("30", _("In 30 days")), ("90", _("In 90 days")), ("365", _("In a year")))
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What uses it."))
    days = forms.TypedChoiceField(label=_("Expires"), choices=LASTING, coerce=int, empty_value=None, required=False)


class CompanyForm(forms.ModelForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)

    class Meta:
        model = Desk
        fields = EDITABLE
        labels: ClassVar = {
            "name": _("Name"),
            "language": _("Language"),
            "currency": _("Currency"),
            "follow_up_days": _("Follow up days"),
            "reopen_days": _("Reopen days"),
            "promise_minutes": _("Minutes until an answer is late"),
            "signature": _("Signature"),
        }
        widgets: ClassVar = {"signature": forms.Textarea(attrs={"rows": 4})}

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()


class OriginsField(forms.CharField):
    """One origin a line."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return clean_origins((super().to_python(value) or "").splitlines())

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))


class SiteForm(forms.ModelForm):
    """What a website is, apart from its chat."""

    url = _address_of_a_page(
        pgettext_lazy("of a website", "Address"), _("The page where customers find the chat; mails link to it.")
    )
    allowed_origins = OriginsField(
        label=_("Allowed origins"),
        required=False,
        help_text=_("One a line, such as https://shop.example. Only pages from here may show the chat."),
    )
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label=_("Everybody"), label=_("Who answers")
    )

    class Meta:
        model = Site
        fields = ("name", "url", "allowed_origins", "team")
        labels: ClassVar = {"name": _("Name")}


class LookForm(forms.ModelForm):
    color = forms.CharField(
        label=_("Colour"),
        widget=forms.TextInput(attrs={"type": "color", "data-preview": "color"}),
        help_text=_("Where it would be hard to read, the chat darkens or lightens it."),
    )
    position = forms.ChoiceField(
        label=_("Where the button is"),
        choices=[("end", _("Right; left in Arabic")), ("left", _("Always left")), ("right", _("Always right"))],
        widget=forms.RadioSelect(attrs={"data-preview": "position"}),
    )

    class Meta:
        model = Site
        fields = ("color", "position")

    def clean_color(self) -> str:
        return str(self.cleaned_data["color"]).lower()


class WordsForm(forms.Form):
    """The languages of a site's chat, and how it greets in each of them."""

    language = forms.ChoiceField(
        label=_("When none of them fits"),
        choices=list(LANGUAGES.items()),
        help_text=_("For visitors who read none of those offered."),
    )

    def __init__(self, data: Any = None, *, site: Site) -> None:
        initial: dict[str, Any] = {"language": site.language}
        for code in LANGUAGES:
            greeting = site.greeting if code == site.language else site.greetings.get(code, "")
            initial |= {f"offers_{code}": code in (site.languages or LANGUAGES), f"greeting_{code}": greeting}
        super().__init__(data, initial=initial)
        for code, name in LANGUAGES.items():
            self.fields[f"offers_{code}"] = forms.BooleanField(label=name, required=False)
            look = {"dir": direction_of(code), "lang": code, "data-preview": "greeting", "data-locale": code}
            self.fields[f"greeting_{code}"] = forms.CharField(
                label=_("Greeting in %(language)s") % {"language": name},
                required=False,
                max_length=200,
                widget=forms.TextInput(attrs=look),
            )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A row for each language."""
        return [
            {"code": code, "offers": self[f"offers_{code}"], "greeting": self[f"greeting_{code}"]} for code in LANGUAGES
        ]

    def settings(self) -> dict[str, Any]:
        """What was typed, as `update_site` takes it; the greeting of the last resort is everybody's."""
        data, default = self.cleaned_data, self.cleaned_data["language"]
        greetings = {code: data[f"greeting_{code}"] for code in LANGUAGES}
        return {
            "language": default,
            "languages": [code for code in LANGUAGES if data[f"offers_{code}"] or code == default],
            "greeting": greetings.pop(default),
            "greetings": greetings,
        }


class DatesField(forms.Field):
    """ISO dates, each once and in order."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[str]:
        field = forms.DateField(input_formats=["%Y-%m-%d"])
        return sorted({field.clean(text).isoformat() for text in value or []})


def _date_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _date_field(label: StrOrPromise) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"})
    return forms.DateField(label=label, required=False, input_formats=["%Y-%m-%d"], widget=widget)


class HoursForm(forms.Form):
    """Opening hours: a line a weekday, as in `09:00-12:30, 13:30-18:00`; and the days when nobody is there at all."""

    MAX_DAYS = 92  # that can be added at once
    MAX_HOLIDAYS = 1000

    is_always_open = forms.BooleanField(label=_("Always open"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
    holidays = DatesField(label=_("Days off"), required=False)
    closed_from = _date_field(_("Closed on"))
    closed_until = _date_field(_("until"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, day in enumerate(WEEKDAYS):
            self.fields[day] = forms.CharField(label=dates.WEEKDAYS[number], required=False, max_length=120)

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[day] for day in WEEKDAYS]

    @property
    def days_off(self) -> dict[str, list[dict[str, Any]]]:
        """The days that are known, those to come apart from those that are over; what is no date is to come."""
        today = timezone.localdate()
        known = [{"text": text, "date": _date_of(text)} for text in self["holidays"].value() or []]
        is_over = [day["date"] is not None and day["date"] < today for day in known]
        return {
            "coming": [day for day, over in zip(known, is_over, strict=True) if not over],
            "over": [day for day, over in zip(known, is_over, strict=True) if over],
        }

    @classmethod
    def initial_of(cls, calendar: Calendar | None, time_zone: str) -> dict[str, Any]:
        """How a calendar looks in this form; none is always open."""
        hours = calendar.hours if calendar else {}
        spans = {
            day: ", ".join(f"{start}-{end}" for start, end in hours.get(str(number), []))
            for number, day in enumerate(WEEKDAYS)
        }
        zone = calendar.time_zone if calendar else time_zone
        holidays = list(calendar.holidays) if calendar else []
        return {"is_always_open": not hours, "time_zone": zone, "holidays": holidays, **spans}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["hours"] = self._hours(data)
        if not data["hours"] and not data.get("is_always_open") and not self.errors:
            raise ValidationError(_("Say when you are open, or tick “Always open”."), code="required")
        data["holidays"] = sorted({*data.get("holidays", []), *self._added(data)})
        if len(data["holidays"]) > self.MAX_HOLIDAYS:
            self.add_error("holidays", _("%(limit)s days off at most.") % {"limit": self.MAX_HOLIDAYS})
        return data

    def _hours(self, data: dict[str, Any]) -> dict[str, list[list[str]]]:
        hours = {}
        for number, day in enumerate(WEEKDAYS):
            try:
                spans = parse_spans(data.get(day, ""))
            except ValidationError as error:
                self.add_error(day, error)
                continue
            if spans and not data.get("is_always_open"):
                hours[str(number)] = spans
        return hours

    def _added(self, data: dict[str, Any]) -> list[str]:
        """The days from the first to the last date that were typed; one alone is that day."""
        first, last = data.get("closed_from"), data.get("closed_until")
        if first is None:
            if last is not None:
                self.add_error("closed_from", _("Say the first day too."))
            return []
        days = ((last or first) - first).days
        if not 0 <= days < self.MAX_DAYS:
            wrong = _("The last day comes after the first, and %(limit)s days at most.")
            self.add_error("closed_until", wrong % {"limit": self.MAX_DAYS})
            return []
        return [(first + timedelta(days=number)).isoformat() for number in range(days + 1)]


def parse_spans(text: str) -> list[list[str]]:
    """`09:00-12:30, 13:30-18:00` as `[["09:00", "12:30"], ["13:30", "18:00"]]`, in order and without overlap."""
    spans = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _SPAN.match(part)
        if match is None:
            raise ValidationError(_("Write hours such as 09:00-17:30."), code="invalid")
        spans.append([f"{match[1]}:{match[2]}", match[3]])
    spans.sort()
    ends = ["00:00", *(end for _, end in spans)]
    if any(start >= end or start < before for (start, end), before in zip(spans, ends, strict=False)):
        raise ValidationError(_("These hours overlap, or end before they begin."), code="invalid")
    return spans
