"""The addresses that our mails come from, and what the mails say."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import SIGNATURE_CHARS, Team
from accounts.secrets import UnreadableSecretError
from outbox.filling import WordingKind
from outbox.models import Sender
from outbox.transport import server_of

SECURITIES = (
    ("starttls", _("STARTTLS")),
    ("tls", _("TLS from the beginning")),
    ("plain", _("None: only on this machine")),
)
SERVER = ("host", "port", "security", "user", "password")
_PLAIN = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}


class SenderForm(forms.Form):
    email = forms.EmailField(label=_("Email address"), max_length=254)
    name = forms.CharField(
        label=_("Name beside it"), max_length=120, required=False, help_text=_("Empty: the company’s name.")
    )
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label=_("All teams without an address of their own"), label=_("Team")
    )
    is_usual = forms.BooleanField(
        label=_("The usual one"), required=False, initial=True, help_text=_("The one that its team takes, of several.")
    )
    reply_to = forms.EmailField(
        label=_("Where answers come in"), max_length=254, required=False, help_text=_("Empty: the same address.")
    )
    has_plus = forms.BooleanField(
        label=_("Its mailbox takes name+anything@…"),
        required=False,
        initial=True,
        help_text=_("Most do. Then each answer finds its conversation by the address that it goes to."),
    )
    signature = forms.CharField(
        label=_("Signature"),
        max_length=SIGNATURE_CHARS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Of whoever has none of their own. Empty: the company’s."),
    )
    has_server = forms.BooleanField(
        label=_("Its mails leave by a server of their own"),
        required=False,
        help_text=_("Otherwise they leave as all others do."),
    )
    host = forms.CharField(label=_("Server"), max_length=253, required=False, widget=forms.TextInput(attrs=_PLAIN))
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, required=False, initial=587)
    security = forms.ChoiceField(label=_("Encryption"), choices=SECURITIES, required=False, initial="starttls")
    user = forms.CharField(label=_("User name"), max_length=254, required=False, widget=forms.TextInput(attrs=_PLAIN))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted. Empty: the one that we have for this server and name."),
    )

    def __init__(self, *args: Any, sender: Sender | None = None, **kwargs: Any) -> None:
        if sender is not None:
            names = ("email", "name", "is_usual", "reply_to", "has_plus", "signature")
            kwargs["initial"] = {name: getattr(sender, name) for name in names} | {"team": sender.team_id}
            kwargs["initial"] |= _server(sender)
        super().__init__(*args, **kwargs)

    @property
    def values(self) -> dict[str, Any]:
        """What `save_sender` takes; call it on a valid form."""
        said = dict(self.cleaned_data)
        server = {name: said.pop(name) for name in SERVER}
        said["server"] = {**server, "port": server["port"] or ""} if said.pop("has_server") else {}
        return said

    @property
    def usual(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in (*SERVER, "has_server")]

    @property
    def server(self) -> list[forms.BoundField]:
        return [field for field in self if field.name in (*SERVER, "has_server")]


def _server(sender: Sender) -> dict[str, Any]:
    try:
        kept = server_of(sender)
    except UnreadableSecretError:
        kept = {}
    shown = {name: kept[name] for name in SERVER if name != "password" and name in kept}
    return shown | {"has_server": bool(sender.transport)}


class WordingForm(forms.Form):
    subject = forms.CharField(
        label=_("Subject"), max_length=300, required=False, help_text=_("Empty: the one of the conversation.")
    )
    body = forms.CharField(
        label=_("Words"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=_("Markdown, as in answers."),
    )

    def __init__(self, *args: Any, kind: WordingKind, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not kind.has_subject:
            del self.fields["subject"]
        for field in self.fields.values():
            field.widget.attrs["lang"] = language  # to be read aloud and spelled as such
