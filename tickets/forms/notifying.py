"""How somebody wants to be told."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.models import Notification, NotificationSettings
from tickets.queries.notifications import WAYS, ways_of

CLOCK = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
_LABELS = {"app": _("Here"), "push": _("Browser"), "mail": _("Mail")}


class NotificationSettingsForm(forms.Form):
    """A row for each kind of news with its ways; quiet hours; when mail is collected."""

    quiet_from = forms.TimeField(label=_("Quiet from"), required=False, widget=CLOCK)
    quiet_until = forms.TimeField(label=_("until"), required=False, widget=CLOCK)
    is_quiet_at_weekends = forms.BooleanField(label=_("All day on Saturdays and Sundays"), required=False)
    digest = forms.ChoiceField(
        label=_("Collected"), choices=NotificationSettings.Digest.choices, widget=forms.RadioSelect
    )
    digest_at = forms.TimeField(label=_("At, if it is once a day"), widget=CLOCK)

    def __init__(self, data: Any = None, *, wishes: NotificationSettings) -> None:
        names = ["quiet_from", "quiet_until", "is_quiet_at_weekends", "digest", "digest_at"]
        super().__init__(data, initial={name: getattr(wishes, name) for name in names})
        for kind, label in Notification.Kind.choices:
            self.fields[f"ways_{kind}"] = forms.MultipleChoiceField(
                label=label,
                choices=list(_LABELS.items()),
                required=False,
                initial=ways_of(wishes, kind),
                widget=forms.CheckboxSelectMultiple,
            )

    def rows(self) -> list[forms.BoundField]:
        """The kinds of news, each with a box for each way."""
        return [self[f"ways_{kind}"] for kind in Notification.Kind.values]

    def chosen(self) -> dict[str, Any]:
        """What `change_notification_settings` takes."""
        asked = self.cleaned_data
        ways = {kind: [way for way in WAYS if way in asked[f"ways_{kind}"]] for kind in Notification.Kind.values}
        return {"ways": ways} | {name: value for name, value in asked.items() if not name.startswith("ways_")}


class BrowserForm(forms.Form):
    """What a browser says of how it can be reached (RFC 8030)."""

    endpoint = forms.CharField(max_length=1000)
    p256dh = forms.CharField(max_length=120)
    auth = forms.CharField(max_length=60)
    browser = forms.CharField(max_length=80, required=False)
