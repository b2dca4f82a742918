"""A mail is seen through to an end, with a reason that a person can read. Its row is the queue.

Whoever works on a row has it until its lease runs out; what comes of the mail commits together with the row's end, and
only while the lease is still the same. So a worker that is killed, wherever it is, loses nothing and doubles nothing.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import Desk
from mailroom.actions.case import judged
from mailroom.actions.ends import End
from mailroom.actions.landing import land
from mailroom.models import RawMail, RawText, State
from mailroom.reading import UnreadableError, read_bounded

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=2)  # longer than reading, asking a name server and storing files take together
MOST_CRASHES = 3
MOST_TRIES = 12  # while what we need is away: about two days
PAUSES = (1, 5, 15, 60, 4 * 60, 12 * 60)  # minutes until the next try
ENDING = [
    "state", "reason", "detail", "mailbox", "ticket", "entry", "lease_until", "handled_at", "message_id", "from_name",
    "from_email", "subject", "sent_at", "authentication",
]  # fmt: skip

CRASHED = gettext_noop("Handling it failed three times. An administrator can look at it and run it again.")
NO_TEXT = gettext_noop("What was received is not kept any more.")
UNREADABLE = gettext_noop("It cannot be read.")


class LeaseLostError(Exception):
    """It took longer than its lease: somebody else has the mail now, or has ended it."""


def handle(mail: RawMail) -> RawMail:
    """See a mail through, if it is due and nobody else has it; the row as it is afterwards. Never fails on a mail."""
    ours = claim(mail)
    if ours is None:
        return RawMail.objects.get(pk=mail.pk)
    if ours.state != State.NEW:
        return ours
    try:
        with Desk.read_once():
            _see_through(ours)
    except LeaseLostError:
        log.warning("mail %s took longer than its lease and was left alone", mail.pk)
    except Exception as error:
        log.exception("mail %s could not be handled", mail.pk)
        _put_back(ours, is_away=_is_away(error))
    else:
        return ours
    return RawMail.objects.get(pk=mail.pk)


@transaction.atomic
def claim(mail: RawMail) -> RawMail | None:
    """Take the mail; None if it is not due, or somebody has it. One whose lease ran out too often ends here."""
    now = timezone.now()
    ours = (
        RawMail.objects.due(now)
        .filter(pk=mail.pk)
        .select_related("mailbox__team")
        .select_for_update(skip_locked=True, of=("self",))
        .first()
    )
    if ours is None:
        return None
    if ours.lease_until is not None and ours.attempts >= MOST_CRASHES:
        _end(ours, End(State.QUARANTINE, CRASHED), now)
        return ours
    ours.attempts += 1
    ours.lease_until = now + LEASE
    ours.save(update_fields=["attempts", "lease_until"])
    return ours


def _see_through(mail: RawMail) -> None:
    text = RawText.objects.filter(mail=mail).first()
    if text is None:
        finish(mail, End(State.QUARANTINE, NO_TEXT))
        return
    raw = text.data
    try:
        parsed = read_bounded(raw)
    except UnreadableError as error:
        finish(mail, End(State.QUARANTINE, str(error) or UNREADABLE))
        return
    case = judged(mail, raw, parsed)
    files = case.keep_files()
    with transaction.atomic():
        _lock_ours(mail)
        end = land(case, files)
        _end(mail, end, timezone.now())


@transaction.atomic
def finish(mail: RawMail, end: End) -> None:
    """End a claimed mail. Errors: LeaseLostError."""
    _lock_ours(mail)
    _end(mail, end, timezone.now())


def _lock_ours(mail: RawMail) -> None:
    """Hold the row until the transaction ends, if it is still ours. Errors: LeaseLostError."""
    held = RawMail.objects.select_for_update(of=("self",)).filter(pk=mail.pk, state=State.NEW, attempts=mail.attempts)
    if not held.exists():
        raise LeaseLostError


def _end(mail: RawMail, end: End, now: datetime) -> None:
    mail.state, mail.reason, mail.detail = end.state, end.reason[:300], end.detail[:500]
    mail.entry = end.entry
    mail.ticket = end.ticket if end.entry is None else end.entry.ticket
    mail.lease_until, mail.handled_at = None, now
    mail.save(update_fields=ENDING)


def _put_back(mail: RawMail, *, is_away: bool) -> None:
    """It failed in our hands: try again later, or give up. If even this cannot be written, its lease runs out."""
    now = timezone.now()
    most = MOST_TRIES if is_away else MOST_CRASHES
    try:
        with transaction.atomic():
            _lock_ours(mail)
            if mail.attempts >= most:
                _end(mail, End(State.QUARANTINE, CRASHED), now)
                return
            pause = timedelta(minutes=PAUSES[min(mail.attempts, len(PAUSES)) - 1])
            RawMail.objects.filter(pk=mail.pk).update(lease_until=None, next_at=now + pause)
    except LeaseLostError:
        return
    except (OperationalError, InterfaceError) as error:
        log.warning("mail %s stays claimed until its lease ends: %s", mail.pk, error)


def _is_away(error: Exception) -> bool:
    """Whether what failed is something that we need, rather than this mail."""
    if isinstance(error, ValidationError):
        return getattr(error, "code", "") == "unavailable"  # no room for its files
    return isinstance(error, OperationalError | InterfaceError | OSError)
