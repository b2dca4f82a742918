"""How a mailbox is doing, in words that somebody can act on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailroom.models import Access, Mailbox, RawMail, SignIn
from mailroom.models.mailboxes import STALLED_AFTER


@dataclass(frozen=True)
class Health:
    """`state` is good, waiting, wrong or off. `at`: when it was last well, or when the last mail came."""

    state: str
    words: str
    at: datetime | None = None
    trouble: str = ""
    missing: str = ""


def mailboxes_with_health(now: datetime) -> list[tuple[Mailbox, Health]]:
    """All mailboxes, those in trouble first."""
    last = dict(
        RawMail.objects.order_by().values_list("mailbox").annotate(Max("received_at"))
        if Mailbox.objects.exclude(access=Access.IMAP).exists()
        else ()
    )
    rows = [(box, health_of(box, now, last.get(box.pk))) for box in Mailbox.objects.select_related("team")]
    return sorted(rows, key=lambda row: row[1].state != "wrong")


def health_of(mailbox: Mailbox, now: datetime, last_mail: datetime | None = None) -> Health:
    """`last_mail`: when one came through it last, for those whose mails are handed to us."""
    if not mailbox.is_active:
        return Health("off", _("Not in use"))
    if mailbox.access != Access.IMAP:
        if last_mail is None:
            return Health("waiting", _("Nothing has come through it yet"))
        return Health("good", _("The last mail came"), last_mail)
    if mailbox.sign_in != SignIn.PASSWORD and not mailbox.secret:
        return Health("wrong", _("Not connected yet"), trouble=_("Connect it: until then nothing can be fetched."))
    missing = _missing(mailbox)
    if mailbox.failing_since is not None:
        trouble = mailbox.trouble or _("The server could not be reached.")
        return Health("wrong", _("Nothing can be fetched since"), mailbox.failing_since, trouble, missing)
    since = mailbox.looked_at or mailbox.created_at
    if now - max(since, mailbox.next_at) > STALLED_AFTER:  # it has been due for so long, too
        trouble = _("Nobody looks into it. Is the process “fetch_mail” running?")
        words = _("Last looked into") if mailbox.looked_at else _("Waiting to be looked into since")
        return Health("wrong", words, since, trouble, missing)
    if mailbox.looked_at is None:
        return Health("waiting", _("Not looked into yet"))
    return Health("wrong" if missing else "good", _("Last looked into"), mailbox.looked_at, missing=missing)


def _missing(mailbox: Mailbox) -> str:
    count = mailbox.missing
    if not count:
        return ""
    said = ngettext(
        "%(count)s mail in the folder is not here. Count again to fetch it.",
        "%(count)s mails in the folder are not here. Count again to fetch them.",
        count,
    )
    return said % {"count": count}
