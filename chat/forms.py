"""What administrators type about the chat of a site, checked; the actions save it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Site
from chat.actions.blocking import REASON_CHARS
from chat.actions.setting_up import MAX_CONDITIONS, MAX_HOURS, MAX_SECONDS
from chat.models import ProactiveMessage, WidgetSettings


class OffersForm(forms.ModelForm):
    class Meta:
        model = WidgetSettings
        fields = ("takes_files", "asks_rating", "offers_copy", "shows_queue", "shows_wait", "previews_typing")
        help_texts = {  # noqa: RUF012
            "takes_files": _("Photos and documents; pictures are made anew, so that nothing hides in them."),
            "asks_rating": _("One to five, with words if they like. Nobody is made to."),
            "offers_copy": _("Only to an address that the customer has proved to be theirs."),
            "shows_queue": _("While nobody has taken the chat yet."),
            "shows_wait": _("The median of the last four hours; nothing where there were too few answers to say."),
            "previews_typing": _("Dimmed, and marked as not sent yet. Customers are not told."),
        }


class PrivacyForm(forms.ModelForm):
    class Meta:
        model = WidgetSettings
        fields = ("keeps_trail", "needs_consent")
        help_texts = {  # noqa: RUF012
            "keeps_trail": _("Agents see where somebody is and was, without what stands behind the question mark."),
            "needs_consent": _(
                "Your page passes it on: Makegood.set({consent: true}). Until then a reload begins anew."
            ),
        }


class RotateForm(forms.Form):
    """A new secret ends what the old one signed, so it takes more than a click."""

    website = forms.CharField(label=_("Type the name of the website to go on"), max_length=80)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        self.fields["website"].widget.attrs["autocomplete"] = "off"

    def clean_website(self) -> str:
        name = str(self.cleaned_data["website"])
        if name.casefold() != self.site.name.strip().casefold():
            raise ValidationError(_("That is not its name. It is %(name)s.") % {"name": self.site.name}, code="invalid")
        return name


class BlockForm(forms.Form):
    """A network address to turn away."""

    address = forms.GenericIPAddressField(label=_("Network address"), unpack_ipv4=True)
    reason = forms.CharField(label=_("Reason"), max_length=REASON_CHARS, required=False)


class ProactiveForm(forms.Form):
    """A proactive message; conditions are pairs of a name and a value."""

    PARTS = (
        ("name", _("Condition %(number)s, name"), 40, "plan"),
        ("value", _("Condition %(number)s, value"), 100, "pro"),
    )

    text = forms.CharField(
        label=_("What it says"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "data-preview": "bubble"}),
        help_text=_("One or two sentences, as a person would say them."),
    )
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("For us; visitors do not see it."))
    page = forms.CharField(
        label=_("On which pages"),
        required=False,
        max_length=200,
        help_text=_("The path, such as /cart, or /shop/* for all below. Empty: every page."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    seconds = forms.IntegerField(
        label=_("After so many seconds on the page"), min_value=0, max_value=MAX_SECONDS, initial=20
    )
    hours_between = forms.IntegerField(
        label=_("Hours until the same browser may hear it again"),
        min_value=0,
        max_value=MAX_HOURS,
        initial=24,
        help_text=_("0: only once."),
    )
    is_active = forms.BooleanField(label=pgettext_lazy("switch", "On"), required=False, initial=True)

    def __init__(self, data: Any = None, *, message: ProactiveMessage | None = None) -> None:
        super().__init__(data, initial=_initial_of(message) if message else None)
        for number in range(MAX_CONDITIONS):
            for part, label, longest, example in self.PARTS:
                look = {"placeholder": example, "autocapitalize": "none", "spellcheck": "false"}
                self.fields[f"condition_{number}_{part}"] = forms.CharField(
                    label=label % {"number": number + 1},
                    required=False,
                    max_length=longest,
                    widget=forms.TextInput(attrs=look),
                )

    @property
    def plain(self) -> list[forms.BoundField]:
        return [self[name] for name in ("text", "name", "page", "seconds", "hours_between")]

    @property
    def conditions(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"condition_{n}_name"], self[f"condition_{n}_value"]) for n in range(MAX_CONDITIONS)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        conditions: dict[str, str] = {}
        for number in range(MAX_CONDITIONS):
            name = data.pop(f"condition_{number}_name", "")
            value = data.pop(f"condition_{number}_value", "")
            if name in conditions:
                self.add_error(f"condition_{number}_name", _("Each name once: all of them must be so."))
            elif value and not name:
                self.add_error(f"condition_{number}_name", _("Say of what."))
            elif name:
                conditions[name] = value
        return data | {"conditions": conditions}


def _initial_of(message: ProactiveMessage) -> dict[str, Any]:
    names = ("name", "text", "page", "seconds", "hours_between", "is_active")
    initial = {name: getattr(message, name) for name in names}
    for number, (name, value) in enumerate(message.conditions.items()):
        initial |= {f"condition_{number}_name": name, f"condition_{number}_value": value}
    return initial
