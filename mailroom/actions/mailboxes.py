"""Mailboxes are set up, changed and taken away. Their secrets come in as they are and are kept encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Team, User
from mailroom import secrets
from mailroom.collecting import PORTS, is_near
from mailroom.hooking import PROVIDERS
from mailroom.models import Access, Afterwards, Mailbox, RawMail, Security, SignIn, Taking

# What `save_mailbox` takes, beside the two secrets `password` and `provider_secret`, which come in as they are.
FIELDS = (
    "name", "email", "aliases", "team", "access", "is_active", "sends_receipts",
    "host", "port", "security", "login", "sign_in", "folder", "taking", "afterwards", "move_to",
    "provider", "authserv_id",
)  # fmt: skip
MOST_ALIASES = 50
_LENGTHS = {"name": 80, "host": 253, "login": 254, "folder": 200, "move_to": 200, "authserv_id": 253}
_CHOICES = {
    "access": Access, "security": Security, "sign_in": SignIn, "taking": Taking, "afterwards": Afterwards,
}  # fmt: skip
# Where the two who sign in by OAuth 2 have their IMAP servers.
OAUTH_HOSTS: dict[str, str] = {SignIn.GOOGLE: "imap.gmail.com", SignIn.MICROSOFT: "outlook.office365.com"}
_FOLDER_FIELDS = ("host", "login", "folder")  # another of these is another folder


def require(by: User | None) -> None:
    """PermissionDenied unless they run the mailboxes; the system may everything."""
    if by is not None and not by.has_perm("mailroom.manage"):
        raise PermissionDenied


@transaction.atomic
def save_mailbox(mailbox: Mailbox | None, *, by: User | None, values: Mapping[str, Any]) -> Mailbox:
    """Set up a mailbox (None: a new one) or change it. What `values` does not name stays; so does an empty secret.

    Errors: PermissionDenied; ValidationError by field.
    """
    require(by)
    mailbox = Mailbox() if mailbox is None else Mailbox.objects.select_for_update().get(pk=mailbox.pk)
    was = {field: getattr(mailbox, field) for field in _FOLDER_FIELDS}
    unknown = set(values) - {*FIELDS, "password", "provider_secret"}
    if unknown:
        raise ValidationError(_("There is no such field: %(name)s.") % {"name": min(unknown)}, code="invalid")
    for field in FIELDS:
        if field in values:
            setattr(mailbox, field, _clean(field, values[field]))
    if values.get("password"):
        mailbox.secret = secrets.seal(str(values["password"]))
    if values.get("provider_secret"):
        mailbox.provider_secret = secrets.seal(str(values["provider_secret"]))
    _complete(mailbox)
    _check(mailbox)
    if mailbox.pk and any(getattr(mailbox, field) != was[field] for field in _FOLDER_FIELDS):
        _begin_anew(mailbox)
    mailbox.next_at, mailbox.lease_until = timezone.now(), None  # whoever fetches begins again, with what is so now
    mailbox.save()
    return mailbox


def change_mailbox(mailbox: Mailbox, *, by: User | None, **values: Any) -> Mailbox:
    """Change some of a mailbox. Errors as in `save_mailbox`."""
    return save_mailbox(mailbox, by=by, values=values)


@transaction.atomic
def remove_mailbox(mailbox: Mailbox, *, by: User | None) -> None:
    """For good, with its secrets; the mails that came through it stay. Errors: PermissionDenied."""
    require(by)
    Mailbox.objects.filter(pk=mailbox.pk).delete()


def _clean(field: str, value: Any) -> Any:
    if field in _LENGTHS or field in ("email", "provider"):
        return str(value or "").strip()
    if field == "aliases":
        return list(dict.fromkeys(str(alias).strip().lower() for alias in value or () if str(alias).strip()))
    if field == "port":
        return int(value) if str(value or "").isdecimal() else None if not value else -1
    if field in ("is_active", "sends_receipts"):
        return bool(value)
    return value


def _complete(mailbox: Mailbox) -> None:
    """What follows from what was said."""
    if mailbox.access != Access.IMAP:
        return
    if mailbox.sign_in in OAUTH_HOSTS:
        mailbox.host = mailbox.host or OAUTH_HOSTS[mailbox.sign_in]
        mailbox.security = Security.TLS
    mailbox.host = mailbox.host.lower().rstrip(".")
    mailbox.port = mailbox.port or PORTS.get(mailbox.security, 993)
    mailbox.login = mailbox.login or mailbox.email
    mailbox.folder = mailbox.folder or "INBOX"


def _begin_anew(mailbox: Mailbox) -> None:
    """It is another folder now: its numbers have nothing to do with those of the one before."""
    mailbox.uid_validity, mailbox.last_uid, mailbox.imported_until, mailbox.missing = None, 0, 0, 0
    mailbox.looked_at = mailbox.failing_since = mailbox.told_at = mailbox.reconciled_at = None
    mailbox.failures, mailbox.trouble = 0, ""
    # Two folders may count alike; a mail of the new one must not pass for one that was fetched from the old one.
    RawMail.objects.filter(mailbox=mailbox, uid__isnull=False).update(uid=None)


# --- Can it be? --------------------------------------------------------------------------
def _check(mailbox: Mailbox) -> None:
    wrong: dict[str, str] = {}
    for field, chars in _LENGTHS.items():
        value = getattr(mailbox, field)
        if len(value) > chars:
            wrong[field] = _("It may have %(count)s characters at most.") % {"count": chars}
        elif any(ord(char) < 32 or ord(char) == 127 for char in value):
            wrong[field] = _("It may not hold line breaks and the like.")
    for field, choices in _CHOICES.items():
        if getattr(mailbox, field) not in choices.values:
            wrong[field] = _("Choose one of those there are.")
    if mailbox.team is not None and not isinstance(mailbox.team, Team):
        wrong["team"] = _("Choose one of those there are.")
    if not mailbox.name:
        wrong["name"] = _("Give it a name.")
    wrong |= _check_addresses(mailbox)
    if mailbox.access == Access.IMAP:
        wrong |= _check_imap(mailbox)
    elif mailbox.access == Access.HOOK:
        wrong |= _check_hook(mailbox)
    if wrong:
        raise ValidationError({field: ValidationError(words, code="invalid") for field, words in wrong.items()})


def _check_addresses(mailbox: Mailbox) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not _is_address(mailbox.email):
        wrong["email"] = _("That is no email address.")
    if len(mailbox.aliases) > MOST_ALIASES:
        wrong["aliases"] = _("At most %(count)s further addresses.") % {"count": MOST_ALIASES}
    elif bad := [alias for alias in mailbox.aliases if not _is_address(alias)]:
        wrong["aliases"] = _("That is no email address: %(address)s.") % {"address": bad[0][:100]}
    others = Mailbox.objects.exclude(pk=mailbox.pk)
    taken = {address: other for other in others for address in other.addresses}
    if mailbox.email.lower() in taken:
        wrong.setdefault("email", _taken(mailbox.email.lower(), taken))
    if doubled := [alias for alias in mailbox.aliases if alias in taken]:
        wrong.setdefault("aliases", _taken(doubled[0], taken))
    return wrong


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


def _taken(address: str, taken: dict[str, Mailbox]) -> str:
    return _("%(address)s belongs to the mailbox “%(name)s” already.") % {
        "address": address,
        "name": taken[address].name,
    }


def _check_imap(mailbox: Mailbox) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not mailbox.host or any(char in mailbox.host for char in "/@ ,;"):
        wrong["host"] = _("Name the server, such as imap.example.com.")
    elif mailbox.security == Security.PLAIN and not is_near(mailbox.host):
        wrong["security"] = _(
            "Without encryption, everybody on the way could read the password: choose TLS or STARTTLS. "
            "Only a server on this machine or in its own network can do without."
        )
    if mailbox.port is not None and not 1 <= mailbox.port <= 65535:
        wrong["port"] = _("A port is a number from 1 to 65535.")
    if mailbox.sign_in == SignIn.PASSWORD and not mailbox.secret:
        wrong["password"] = _("Give the password.")
    if mailbox.afterwards == Afterwards.MOVE and not mailbox.move_to:
        wrong["move_to"] = _("Name the folder that they are moved to.")
    elif mailbox.afterwards == Afterwards.MOVE and mailbox.move_to.lower() == mailbox.folder.lower():
        wrong["move_to"] = _("That is the folder they come from.")
    return wrong


def _check_hook(mailbox: Mailbox) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if mailbox.provider not in PROVIDERS:
        wrong["provider"] = _("Choose one of those there are.")
    if not mailbox.provider_secret:
        wrong["provider_secret"] = _("Give what proves that the provider calls.")
    elif mailbox.provider in PROVIDERS:
        try:
            PROVIDERS[mailbox.provider].check_secret(secrets.unseal(mailbox.provider_secret))
        except ValueError as error:
            wrong["provider_secret"] = str(error)
    return wrong
