"""A mailbox is tried out, step by step: does its name lead somewhere, does the server let us in, does a mail come back?

Each step says in plain words what was found; where it does not work, how to mend it.
"""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from mailroom.actions.fetching import account_of
from mailroom.actions.mailboxes import require
from mailroom.collecting import SECONDS, CollectError, Collector, RefusedError, resolve
from mailroom.models import Access, Afterwards, Mailbox, RawMail, Security
from outbox.actions import queue_mail
from outbox.models import Mail, MailState
from outbox.queries import sender_for
from outbox.tasks import deliver

ROUND_TRIP_SECONDS = 45.0
_PAUSE = 1.0

TITLES = {
    "dns": gettext_lazy("The server’s name"),
    "port": gettext_lazy("The connection"),
    "tls": gettext_lazy("The encryption"),
    "sign_in": gettext_lazy("Signing in"),
    "folder": gettext_lazy("The folder"),
    "listen": gettext_lazy("The way in"),
    "hook": gettext_lazy("The address that is called"),
    "send": gettext_lazy("Sending a mail"),
    "round_trip": gettext_lazy("The way back"),
}


@dataclass(frozen=True)
class Finding:
    """What came of a step. `mend` is empty where it went well."""

    step: str
    ok: bool
    words: str
    mend: str = ""

    @property
    def title(self) -> str:
        return str(TITLES[self.step])


def check_mailbox(mailbox: Mailbox, *, by: User | None, seconds: float = ROUND_TRIP_SECONDS) -> list[Finding]:
    """All steps; `seconds` is how long a mail may take to come back. Errors: PermissionDenied."""
    return list(findings(mailbox, by=by, seconds=seconds))


def findings(mailbox: Mailbox, *, by: User | None, seconds: float = ROUND_TRIP_SECONDS) -> Iterator[Finding]:
    """The same, each as soon as it is known; after one that failed come only those that do not need it."""
    require(by)
    return _findings(mailbox, seconds)


def _findings(mailbox: Mailbox, seconds: float) -> Iterator[Finding]:
    if mailbox.access == Access.IMAP:
        yield from _with_imap(mailbox, seconds)
        return
    way_in = _try_listening(mailbox) if mailbox.access == Access.HANDED else _try_hook()
    yield way_in
    sent = _send(mailbox)
    yield sent.finding
    if sent.finding.ok:
        yield _come_back(mailbox, sent, None, seconds)


def _with_imap(mailbox: Mailbox, seconds: float) -> Iterator[Finding]:
    collector: Collector | None = None
    before = 0
    try:
        addresses = resolve(mailbox.host, mailbox.port or 993)
        told: dict[str, object] = {"host": mailbox.host, "port": mailbox.port, "addresses": ", ".join(addresses[:4])}
        yield Finding("dns", True, _("%(host)s is found at %(addresses)s.") % told)
        collector = Collector(account_of(mailbox))
        yield from _connect(collector, addresses, told)
        collector.sign_in()
        yield Finding("sign_in", True, _("%(login)s is let in.") % {"login": mailbox.login})
        folder = collector.open_folder()
        yield _folder_finding(mailbox, collector, folder.count)
        before = max(collector.all_uids(), default=0)
    except CollectError as error:
        yield Finding(error.step if error.step in TITLES else "folder", False, error.words, error.mend)
        if collector is not None:
            collector.close()
            collector = None
    sent = _send(mailbox)
    yield sent.finding
    if collector is None:
        return
    try:
        if sent.finding.ok:
            yield _come_back(mailbox, sent, (collector, before), seconds)
    finally:
        collector.close(politely=True)


def _connect(collector: Collector, addresses: list[str], told: dict[str, object]) -> Iterator[Finding]:
    reached = Finding("port", True, _("%(host)s answers on port %(port)s.") % told)
    try:
        collector.connect(addresses)
    except CollectError as error:
        if error.step == "tls":
            yield reached
        raise
    yield reached
    if collector.account.security == Security.PLAIN:
        yield Finding("tls", True, _("None, as the server lies in our own network."))
    else:
        yield Finding("tls", True, _("The connection is encrypted, and the certificate is that of %(host)s.") % told)


def _folder_finding(mailbox: Mailbox, collector: Collector, count: int) -> Finding:
    told = {"folder": mailbox.folder, "count": count, "target": mailbox.move_to}
    if mailbox.afterwards == Afterwards.MOVE and not collector.has_folder(mailbox.move_to):
        return Finding(
            "folder",
            False,
            _("The folder %(folder)s is there, but not %(target)s, which mails are to be moved to.") % told,
            _("Make that folder, or choose another."),
        )
    return Finding("folder", True, _("The folder %(folder)s is there; mails in it: %(count)s.") % told)


# --- Those that are handed to us --------------------------------------------------------------
def _try_listening(mailbox: Mailbox) -> Finding:
    """Whether we listen, and take mails for this address."""
    if not settings.MAIL_LISTEN:
        return Finding(
            "listen",
            True,
            _("We listen nowhere (MAIL_LISTEN): mails come through the pipe to “receive_mail”, if at all."),
        )
    address = settings.MAIL_LISTEN[0].strip()
    told = {"address": address, "email": mailbox.email}
    parts = urlsplit(address)
    kind = smtplib.LMTP if parts.scheme == "lmtp" else smtplib.SMTP
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(parts.hostname or "", parts.hostname or "")  # noqa: S104
    try:
        with kind(host, parts.port or 25, timeout=SECONDS) as smtp:
            smtp.ehlo_or_helo_if_needed()
            smtp.mail("")
            code, said = smtp.rcpt(mailbox.email)
    except (OSError, smtplib.SMTPException, ValueError):
        return Finding(
            "listen",
            False,
            _("Nobody takes mails at %(address)s.") % told,
            _("Start the process “fetch_mail”, and see in its log whether that port is taken."),
        )
    if code != 250:
        return Finding(
            "listen",
            False,
            _("%(email)s is refused there: %(said)s.") % {**told, "said": f"{code} {said.decode(errors='replace')}"},
            _("Switch the mailbox on."),
        )
    return Finding("listen", True, _("Mails for %(email)s are taken at %(address)s.") % told)


def _try_hook() -> Finding:
    told = {"url": settings.SITE_URL}
    if not settings.IS_HTTPS:
        return Finding(
            "hook",
            False,
            _("The desk’s address is %(url)s: a provider outside can call only https.") % told,
            _("Set SITE_URL to the address that people open."),
        )
    return Finding("hook", True, _("A provider can call %(url)s.") % told)


# --- Out and back -----------------------------------------------------------------------------
@dataclass(frozen=True)
class _Sent:
    finding: Finding
    message_id: str


def _send(mailbox: Mailbox) -> _Sent:
    """Send a mail to the mailbox the way that all mails leave. It is known as our own when it comes back."""
    told = {"email": mailbox.email}
    try:
        mail = queue_mail(
            kind="test",
            to=mailbox.email,
            subject=_("Test of the mailbox"),
            text=_("This mail only shows that mails leave and come in. Nobody has to do anything about it."),
            sender=sender_for(mailbox.team),
            dedupe_key=f"mailbox-test:{mailbox.pk}:{uuid4()}",
            is_automatic=True,
        )
        deliver(str(mail.pk))
    except (ValidationError, OSError) as error:
        return _Sent(Finding("send", False, _short(error), _("Check the address.")), "")
    end = time.monotonic() + SECONDS  # a worker may have been quicker, and be at it
    while mail.state == MailState.SENDING and time.monotonic() < end:
        time.sleep(_PAUSE)
        mail.refresh_from_db()
    mail.refresh_from_db()
    if mail.state == MailState.SENT:
        words = _("The mail server took a mail to %(email)s.") % told
        return _Sent(Finding("send", True, words), mail.message_id)
    said = _said(mail)
    Mail.objects.filter(pk=mail.pk, state=MailState.PENDING).update(give_up_at=timezone.now() + timedelta(minutes=10))
    return _Sent(
        Finding(
            "send",
            False,
            _("A mail to %(email)s did not leave: %(said)s") % {**told, "said": said},
            _("Check EMAIL_URL, and the operations page for outgoing mail."),
        ),
        mail.message_id,
    )


def _said(mail: Mail) -> str:
    replies = [person.smtp_reply for person in mail.recipients.all() if person.smtp_reply]
    return next(iter(replies), "") or mail.smtp_reply or mail.reason or str(mail.get_state_display())


def _come_back(mailbox: Mailbox, sent: _Sent, there: tuple[Collector, int] | None, seconds: float) -> Finding:
    """Wait for the mail: in the folder, or here already."""
    begun = timezone.now() - timedelta(minutes=1)
    start = time.monotonic()
    seen: set[int] = set()
    while True:
        if _is_here(sent.message_id, begun) or (there and _is_there(*there, sent.message_id, seen)):
            took = {"seconds": max(1, round(time.monotonic() - start))}
            return Finding("round_trip", True, _("It came back after %(seconds)s s.") % took)
        if time.monotonic() - start > seconds:
            break
        time.sleep(_PAUSE)
    if there:
        mend = _("See whether it lies in the spam folder, and whether %(email)s leads to this mailbox.")
    else:
        mend = _("See in your mail server’s log what became of it, and whether it hands mails for %(email)s to us.")
    return Finding(
        "round_trip",
        False,
        _("The mail left, but has not come in after %(seconds)s s.") % {"seconds": round(seconds)},
        mend % {"email": mailbox.email},
    )


def _is_here(message_id: str, begun: object) -> bool:
    rows = RawMail.objects.filter(received_at__gte=begun).select_related("text").order_by("-received_at")[:50]
    return any(message_id.encode() in row.text.data[:65536] for row in rows if hasattr(row, "text"))


def _is_there(collector: Collector, before: int, message_id: str, seen: set[int]) -> bool:
    try:
        new = [uid for uid in collector.uids_after(before) if uid not in seen]
        for uid, size in collector.sizes(new[:50]).items():
            seen.add(uid)
            raw = collector.fetch(uid, size) if size < 2**20 else None
            if raw and message_id.encode() in raw[:65536]:
                return True
    except (CollectError, RefusedError):
        pass
    return False


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
