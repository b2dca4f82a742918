"""A mailbox, as somebody sets it up: what is asked depends on how its mails get here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from mailroom.models import Access, Afterwards, Mailbox, Security, SignIn, Taking

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_COMMON = ("name", "email", "aliases", "team", "sends_receipts")
_FETCHED = ("folder", "taking", "afterwards", "move_to")
KEPT = "••••••••"  # stands for a password that we have


@dataclass(frozen=True)
class Kind:
    """A way to set a mailbox up: its words, what it fixes, and what it asks beside what all are asked."""

    title: StrOrPromise
    words: StrOrPromise
    icon: str
    fixed: dict[str, str]
    asks: tuple[str, ...]


KINDS = {
    "google": Kind(
        _("Google Workspace or Gmail"),
        _("Sign in with Google; no password is kept here."),
        "log-in",
        {"access": Access.IMAP, "sign_in": SignIn.GOOGLE, "security": Security.TLS},
        _FETCHED,
    ),
    "microsoft": Kind(
        _("Microsoft 365 or Outlook"),
        _("Sign in with Microsoft; no password is kept here."),
        "log-in",
        {"access": Access.IMAP, "sign_in": SignIn.MICROSOFT, "security": Security.TLS},
        _FETCHED,
    ),
    "imap": Kind(
        _("Any other mailbox"),
        _("We fetch its mails by IMAP, with its server, name and password."),
        "mails",
        {"access": Access.IMAP, "sign_in": SignIn.PASSWORD},
        ("host", "security", "port", "login", "password", *_FETCHED, "authserv_id"),
    ),
    "handed": Kind(
        _("Your own mail server"),
        _("It hands each mail to us at once: by a pipe, SMTP or LMTP."),
        "server",
        {"access": Access.HANDED},
        ("authserv_id",),
    ),
    "hook": Kind(
        _("A mail provider"),
        _("Mailgun, Postmark and the like call us with each mail."),
        "webhook",
        {"access": Access.HOOK},
        ("provider", "provider_secret", "authserv_id"),
    ),
}


def kind_of(mailbox: Mailbox) -> str:
    """Which of these ways it was set up."""
    if mailbox.access != Access.IMAP:
        return str(mailbox.access)
    return "imap" if mailbox.sign_in == SignIn.PASSWORD else str(mailbox.sign_in)


class AddressesField(forms.CharField):
    """One address a line."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]


class MailboxForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("As your people know it, such as Support."))
    email = forms.EmailField(label=_("Email address"), max_length=254, help_text=_("Where customers write to."))
    team = forms.ModelChoiceField(
        Team.objects.all(),
        required=False,
        empty_label=_("No team: everybody sees them"),
        label=_("Whose conversations they become"),
    )
    host = forms.CharField(
        label=_("Server"),
        max_length=253,
        help_text=_("Such as imap.example.com. Your mail provider’s help names it."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    security = forms.ChoiceField(label=_("Encryption"), choices=Security.choices, initial=Security.TLS)
    port = forms.IntegerField(
        label=_("Port"), required=False, min_value=1, max_value=65535, help_text=_("Empty: the usual one.")
    )
    login = forms.CharField(
        label=_("User name"),
        required=False,
        max_length=254,
        help_text=_("Empty: the address above."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        help_text=_("Kept encrypted, and shown to nobody. Many providers want an app password here."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    provider = forms.ChoiceField(label=_("Provider"), choices=())
    provider_secret = forms.CharField(
        label=_("What proves that the provider calls"),
        strip=False,
        max_length=2000,
        help_text=_("Its signing key, or a name and a password as name:password. Kept encrypted, shown to nobody."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    folder = forms.CharField(label=_("Folder"), required=False, max_length=200, initial="INBOX")
    taking = forms.ChoiceField(
        label=_("Mails that are there already"),
        choices=Taking.choices,
        widget=forms.RadioSelect,
        initial=Taking.NEW,
    )
    afterwards = forms.ChoiceField(
        label=_("What becomes of a mail there, once it is kept here"), choices=Afterwards.choices
    )
    move_to = forms.CharField(
        label=_("The folder it is moved to"), required=False, max_length=200, help_text=_("Only if they are moved.")
    )
    aliases = AddressesField(
        label=_("Further addresses that lead here"), required=False, max_length=10_000, help_text=_("One a line.")
    )
    authserv_id = forms.CharField(
        label=_("The server whose checks are believed"),
        required=False,
        max_length=253,
        help_text=_(
            "Its name at the beginning of “Authentication-Results” in your mails. Empty: we check DKIM and SPF "
            "ourselves."
        ),
    )
    sends_receipts = forms.BooleanField(
        label=_("Confirm at once"),
        required=False,
        initial=True,
        help_text=_("Whoever begins a conversation is told at once that we have it."),
    )
    is_active = forms.BooleanField(
        label=_("In use"), required=False, initial=True, help_text=_("Otherwise nothing is fetched or taken.")
    )

    def __init__(
        self, *args: Any, kind: str, providers: list[tuple[str, str]] | None = None, mailbox: Mailbox | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self.kind = KINDS[kind]
        if mailbox is not None:
            names = (*_COMMON, *self.kind.asks, "is_active")
            kwargs["initial"] = {name: _value(mailbox, name) for name in names if hasattr(mailbox, name)}
        super().__init__(*args, **kwargs)
        asked = {*_COMMON, *self.kind.asks} | ({"is_active"} if mailbox else set())
        for name in [name for name in self.fields if name not in asked]:
            del self.fields[name]
        if "provider" in self.fields:
            self.fields["provider"].choices = providers or []  # type: ignore[attr-defined]
        for name, kept in (("password", "secret"), ("provider_secret", "provider_secret")):
            if name in self.fields and mailbox is not None and getattr(mailbox, kept):
                self.fields[name].required = False
                self.fields[name].widget.attrs["placeholder"] = KEPT
                self.fields[name].help_text = _("Leave it empty to keep the one we have.")

    @property
    def values(self) -> dict[str, Any]:
        """What `save_mailbox` takes; call it on a valid form."""
        return {**self.cleaned_data, **self.kind.fixed}

    @property
    def usual(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in _RARE]

    @property
    def rare(self) -> list[forms.BoundField]:
        """What most people leave as it is."""
        return [field for field in self if field.name in _RARE]

    @property
    def has_rare_errors(self) -> bool:
        return any(field.errors for field in self.rare)


_RARE = {"folder", "afterwards", "move_to", "aliases", "authserv_id", "port"}


def _value(mailbox: Mailbox, name: str) -> Any:
    if name == "provider_secret":
        return ""
    return mailbox.team_id if name == "team" else getattr(mailbox, name)
