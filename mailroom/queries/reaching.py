"""How mails reach a mailbox that they are handed to: the lines to paste, with its own addresses in them."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from mailroom.models import Access, Mailbox


@dataclass(frozen=True)
class Way:
    """Something to paste, and where."""

    title: str
    words: str
    line: str


def ways_to_reach(mailbox: Mailbox) -> list[Way]:
    """None for a mailbox that we look into ourselves."""
    if mailbox.access == Access.HOOK:
        return [
            Way(
                _("The address that the provider calls"),
                _("Paste it where your provider asks for the webhook of incoming mail."),
                settings.SITE_URL.rstrip("/") + reverse("mailroom:hook", args=[mailbox.hook_key]),
            )
        ]
    if mailbox.access == Access.HANDED:
        return [*_by_pipe(mailbox), *_by_smtp(mailbox)]
    return []


def back_address() -> str:
    """Where a provider sends the browser to once an account is connected; it is registered there."""
    return settings.SITE_URL.rstrip("/") + reverse("mailroom:connected")


def _by_pipe(mailbox: Mailbox) -> list[Way]:
    name = mailbox.email.partition("@")[0]
    command = f"{settings.BASE_DIR}/bin/manage receive_mail --mailbox {mailbox.pk}"
    return [
        Way(
            _("By a pipe, in /etc/aliases of your mail server"),
            _("It hands each mail to this command, and keeps the mail to try again if the command cannot take it."),
            f'{name}: "|{command}"',
        )
    ]


def _by_smtp(mailbox: Mailbox) -> list[Way]:
    """The doors that are open (MAIL_LISTEN), or how to open one."""
    if not settings.MAIL_LISTEN:
        return [
            Way(
                _("By SMTP or LMTP"),
                _("Set this in the environment and start again; then your mail server hands its mails to that port."),
                "MAIL_LISTEN=lmtp://127.0.0.1:2424",
            )
        ]
    return [
        Way(
            _("By SMTP or LMTP, in /etc/postfix/transport"),
            _("Your mail server hands all mail for this address to us. Run postmap on the file afterwards."),
            f"{mailbox.email} {_transport(listen)}",
        )
        for listen in settings.MAIL_LISTEN
    ]


def _transport(listen: str) -> str:
    """As Postfix writes it: lmtp:inet:127.0.0.1:2424, or smtp:[127.0.0.1]:2525."""
    scheme, _colons, place = listen.partition("://")
    host, _colon, port = place.rpartition(":")
    return f"lmtp:inet:{host}:{port}" if scheme == "lmtp" else f"smtp:[{host}]:{port}"
