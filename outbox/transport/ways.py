"""The ways by which mails leave: the installation's, and those of senders who have one of their own."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.secrets import UnreadableSecretError, seal, unseal
from outbox.models import Mail, MailQuerySet, Sender
from outbox.transport.provider import Provider
from outbox.transport.smtp import Session
from outbox.transport.verdicts import Carrier, NoServerError

PURPOSE = "outbox.sender"


def seal_server(server: dict[str, Any]) -> str:
    """A mail server's place and keys, as a sender keeps them: host, port, security (tls, starttls, plain), user,
    password."""
    return seal(json.dumps(server), purpose=PURPOSE) if server else ""


def server_of(sender: Sender) -> dict[str, Any]:
    """What `seal_server` made a secret of; empty if there is none. UnreadableSecretError where the key has changed."""
    written = unseal(sender.transport, purpose=PURPOSE)
    return dict(json.loads(written)) if written else {}


def as_options(server: dict[str, Any]) -> dict[str, Any]:
    """A sender's mail server as `Session` takes it."""
    return {
        "host": server["host"],
        "port": int(server["port"]),
        "user": server.get("user", ""),
        "password": server.get("password", ""),
        "use_tls": server.get("security") == "starttls",
        "use_ssl": server.get("security") == "tls",
        "timeout": settings.OUTBOX_SMTP["timeout"],
    }


class Ways:
    """Each way is opened at its first mail and kept for the next ones; those that nobody answers on are left alone."""

    def __init__(self) -> None:
        self._carriers: dict[int | None, Carrier] = {}
        self._silent: set[int | None] = set()
        self._senders: dict[int, Sender | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for carrier in self._carriers.values():
            carrier.close()

    def carrier_of(self, mail: Mail) -> Carrier:
        """NoServerError if its sender's own way cannot be read."""
        self._introduce(mail)
        way = way_of(mail)
        if way not in self._carriers:
            self._carriers[way] = _own(mail.sender) if way and mail.sender else usual()
        return self._carriers[way]

    def _introduce(self, mail: Mail) -> None:
        """Let the mail know its sender, who is asked for once."""
        key = mail.sender_id
        if key is not None and key not in self._senders:
            self._senders[key] = Sender.objects.filter(pk=key).first()
        mail.sender = self._senders[key] if key is not None else None

    def give_up(self, mail: Mail) -> None:
        """Nobody answered: other mails that would leave this way keep their first try."""
        self._silent.add(way_of(mail))

    def open_ones(self) -> MailQuerySet:
        """The mails whose way is not known to be silent."""
        if not self._silent:
            return Mail.objects.all()
        mails = Mail.objects.exclude(sender__in=[way for way in self._silent if way is not None])
        return mails.filter(sender__in=Sender.objects.exclude(transport="")) if None in self._silent else mails


def usual() -> Carrier:
    """The installation's own way: its provider, or its mail server."""
    if settings.EMAIL_PROVIDER:
        return Provider(settings.EMAIL_PROVIDER, settings.EMAIL_PROVIDER_SETTINGS)
    return Session(settings.OUTBOX_SMTP)


def way_of(mail: Mail) -> int | None:
    """The key of the sender that it leaves by; None: as all others."""
    return mail.sender_id if mail.sender and mail.sender.transport else None


def _own(sender: Sender) -> Carrier:
    try:
        return Session(as_options(server_of(sender)))
    except (UnreadableSecretError, ValueError, KeyError) as error:
        said = _("The mail server of %(email)s cannot be used: its settings cannot be read.")
        raise NoServerError(said % {"email": sender.email}) from error
