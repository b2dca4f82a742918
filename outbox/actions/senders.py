"""The addresses that our mails come from."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import SIGNATURE_CHARS, Team, User
from accounts.secrets import UnreadableSecretError
from outbox.headers import clean_address, clean_text
from outbox.models import Mail, MailState, Sender
from outbox.transport import seal_server, server_of

NAME_CHARS = 120
SECURITIES = ("tls", "starttls", "plain")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.:-]{0,251}[a-z0-9])?\Z", re.IGNORECASE)
_HERE = ("localhost", "127.0.0.1", "::1")


@transaction.atomic
def save_sender(
    sender: Sender | None,
    *,
    by: User,
    email: str,
    name: str = "",
    team: Team | None = None,
    is_usual: bool = False,
    reply_to: str = "",
    has_plus: bool = True,
    signature: str = "",
    server: dict[str, Any] | None = None,
) -> Sender:
    """Add an address that mails come from, or say all of it anew. One that is usual takes that from its team's others.

    `server` is its own way out: host, port, security (tls, starttls, plain), user, password (empty: the one that is
    kept). None changes nothing about it; an empty one lets its mails leave as all others do.
    Errors: PermissionDenied; ValidationError by field, codes `invalid`, `too_long` or `taken`.
    """
    _require(by)
    row = Sender.objects.select_for_update().get(pk=sender.pk) if sender and sender.pk else Sender()
    row.email = _address("email", email)
    row.reply_to = _address("reply_to", reply_to) if reply_to.strip() else ""
    row.name = clean_text(name, limit=NAME_CHARS)
    row.signature = signature.replace("\r\n", "\n").replace("\0", "").strip()
    if len(row.signature) > SIGNATURE_CHARS:
        words = _("A signature has %(count)s characters at most.") % {"count": SIGNATURE_CHARS}
        raise ValidationError({"signature": ValidationError(words, code="too_long")})
    row.team, row.has_plus = team, has_plus
    if server is not None:
        row.transport = seal_server(_checked(server, row))
    others = Sender.objects.select_for_update().filter(team=team).exclude(pk=row.pk)
    if any(other.email.lower() == row.email.lower() for other in others):
        raise ValidationError({"email": ValidationError(_("This address is there already."), code="taken")})
    if is_usual:
        others.update(is_usual=False)
    row.is_usual = is_usual
    row.save()
    return row


@transaction.atomic
def remove_sender(sender: Sender, *, by: User) -> None:
    """Send from this address no more. Errors: PermissionDenied; ValidationError code `waiting` while mails of it that
    would leave its own way are still here."""
    _require(by)
    row = Sender.objects.select_for_update().get(pk=sender.pk)
    under_way = Mail.objects.filter(sender=row, state__in=[MailState.PENDING, MailState.SENDING])
    if row.transport and under_way.exists():
        raise ValidationError(_("Mails of this address are still waiting to be sent."), code="waiting")
    row.delete()


def _require(by: User) -> None:
    if not by.has_perm("outbox.manage"):
        raise PermissionDenied


def _address(field: str, value: str) -> str:
    try:
        return clean_address(value)
    except ValidationError as error:
        raise ValidationError({field: error}) from error


def _checked(server: dict[str, Any], sender: Sender) -> dict[str, Any]:
    """Where to and how; without a password, the one that is kept for the same server and user."""
    if not server:
        return {}
    host, user = str(server.get("host", "")).strip().lower(), str(server.get("user", "")).strip()
    port, security = str(server.get("port", "")), server.get("security")
    if not _HOST.match(host):
        raise _wrong("host", _("This is no server’s name."))
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise _wrong("port", _("This is no port."))
    if security not in SECURITIES or (security == "plain" and host not in _HERE):
        raise _wrong("security", _("Without TLS only a server on this machine is asked."))
    password = str(server.get("password") or "")
    if not password and user:
        password = _kept_password(sender, host, user)
    return {"host": host, "port": int(port), "security": security, "user": user, "password": password}


def _kept_password(sender: Sender, host: str, user: str) -> str:
    try:
        kept = server_of(sender)
    except UnreadableSecretError:
        return ""
    # To no other server: whoever may change its name would read the password there.
    return str(kept.get("password", "")) if (kept.get("host"), kept.get("user")) == (host, user) else ""


def _wrong(field: str, words: str) -> ValidationError:
    return ValidationError({field: ValidationError(words, code="invalid")})
