"""New mails of an IMAP folder are fetched: kept here and committed first, marked or moved there afterwards.

A process that dies in between finds the mail's row under its number (mailbox, UIDVALIDITY, UID) and only marks it. What
is fetched is decided by numbers, never by what is marked as read: anybody may read a mailbox. A mail that cannot be
had is passed over, counted in `missing`, and tried again by `reconcile`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.secrets import UnreadableSecretError
from mailroom import secrets
from mailroom.actions.connecting import access_token
from mailroom.actions.mailboxes import require
from mailroom.actions.taking_in import take_in
from mailroom.collecting import MOST_BYTES, Account, CollectError, Collector, ConnectionLostError, Folder, RefusedError
from mailroom.models import Access, Mailbox, RawMail, SignIn, Source, Taking

LEASE = timedelta(minutes=4)  # longer than any single step of collecting
POLL = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=5)
SIGN_IN_PAUSE = timedelta(minutes=1)  # at least: some servers shut out who tries a wrong password too often
MOST_BREAKS = 2  # so often a connection may break at one mail before it is passed over
PAGE_SECONDS = 20.0  # for a comparison that somebody waits for
CLOCKS_DIFFER = timedelta(minutes=1)
_AT_ONCE = 100
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

log = structlog.get_logger(__name__)


class LeaseLostError(Exception):
    """Another process has the mailbox now, or it was changed or taken away."""


@dataclass
class Looking:
    """What a process remembers of a mailbox between two looks."""

    breaks: Counter[int] = field(default_factory=Counter)  # by UID


@dataclass(frozen=True)
class Reconciled:
    """What a comparison found: numbers of mails there and here, and the UIDs that were missing and that still are."""

    there: int
    here: int
    missing: tuple[int, ...]
    still_missing: tuple[int, ...]
    before: int = 0  # of those there: they came before the first look, and were to stay


# --- Whose turn it is --------------------------------------------------------------------
def claim_mailbox(mailbox_id: int) -> Mailbox | None:
    """The mailbox, if it is due and nobody else has it; until its lease ends it is ours."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    due = Mailbox.objects.filter(free, pk=mailbox_id, is_active=True, access=Access.IMAP, next_at__lte=now)
    if not due.update(lease_until=now + LEASE):
        return None
    return Mailbox.objects.filter(pk=mailbox_id, lease_until=now + LEASE).first()


def renew_lease(mailbox: Mailbox) -> None:
    """Keep a claimed mailbox. Errors: LeaseLostError."""
    until = timezone.now() + LEASE
    ours = Mailbox.objects.filter(pk=mailbox.pk, lease_until=mailbox.lease_until, is_active=True)
    if not ours.update(lease_until=until):
        raise LeaseLostError
    mailbox.lease_until = until


def let_go(mailbox: Mailbox) -> None:
    Mailbox.objects.filter(pk=mailbox.pk, lease_until=mailbox.lease_until).update(lease_until=None)


def _same(mailbox: Mailbox) -> QuerySet[Mailbox]:
    """Its row, unless it means another folder by now: what was found out of this one must not be written there."""
    return Mailbox.objects.filter(pk=mailbox.pk, host=mailbox.host, login=mailbox.login, folder=mailbox.folder)


def account_of(mailbox: Mailbox) -> Account:
    """Where its mails are and how to sign in there. Errors: CollectError."""
    try:
        secret = secrets.unseal(mailbox.secret) if mailbox.sign_in == SignIn.PASSWORD else access_token(mailbox)
    except UnreadableSecretError as error:
        raise CollectError(
            "sign_in",
            _("The stored password cannot be read: SECRET_KEY has changed since it was given."),
            _("Give the password again, or connect the account again."),
        ) from error
    return Account(
        host=mailbox.host,
        port=mailbox.port or 993,
        security=mailbox.security,
        login=mailbox.login,
        secret=secret,
        sign_in=mailbox.sign_in,
        folder=mailbox.folder,
    )


# --- A look ------------------------------------------------------------------------------
def fetch_new(
    mailbox: Mailbox, collector: Collector, looking: Looking, *, goes_on: Callable[[], bool] = lambda: True
) -> int:
    """Fetch what is new in an open folder; how many mails. `goes_on` is asked before each.

    Errors: CollectError (the connection is lost at ConnectionLostError); LeaseLostError; the database's own.
    """
    folder = collector.folder
    assert folder is not None
    _know_folder(mailbox, folder, collector)
    count, passed_over, trouble = 0, 0, ""
    uids = collector.uids_after(mailbox.last_uid)
    for start in range(0, len(uids), _AT_ONCE):
        chunk = uids[start : start + _AT_ONCE]
        sizes = collector.sizes(chunk)
        here = _here(mailbox, chunk)
        for uid in chunk:
            if not goes_on():
                return count
            if uid in sizes and looking.breaks[uid] < MOST_BREAKS:
                renew_lease(mailbox)
                try:
                    words = _fetch_one(mailbox, collector, uid, sizes[uid], is_here=uid in here)
                except ConnectionLostError:
                    looking.breaks[uid] += 1
                    raise
                except CannotKeepError as error:
                    words = str(error)
                    passed_over += 1
                else:
                    count += 1
                trouble = words or trouble
            elif uid in sizes:
                passed_over += 1
                trouble = _("Mail %(uid)s cannot be fetched: the connection breaks each time.") % {"uid": uid}
                log.warning("mail passed over", mailbox=mailbox.pk, uid=uid)
            mailbox.last_uid, mailbox.looked_at = uid, timezone.now()  # a first look may take hours, and is no trouble
            _same(mailbox).update(last_uid=uid, looked_at=mailbox.looked_at)
    _note_good(mailbox, passed_over=passed_over, trouble=trouble)
    return count


def note_trouble(mailbox: Mailbox, error: CollectError) -> timedelta:
    """Write down that the folder could not be looked into; after how long to try again."""
    now = timezone.now()
    mailbox.failures = min(mailbox.failures + 1, 30_000)
    pause = min(timedelta(seconds=2 ** min(mailbox.failures, 10)), LONGEST_PAUSE)
    if error.step == "sign_in" and not isinstance(error, ConnectionLostError):
        pause = max(pause, SIGN_IN_PAUSE)
    mailbox.failing_since = mailbox.failing_since or now
    mailbox.trouble = f"{error.words} {error.mend}".strip()[:500]
    mailbox.next_at = now + pause
    _same(mailbox).update(
        failures=mailbox.failures, failing_since=mailbox.failing_since, trouble=mailbox.trouble, next_at=mailbox.next_at
    )
    log.warning("mailbox failing", mailbox=mailbox.pk, step=error.step, words=error.words, failures=mailbox.failures)
    return pause


def _note_good(mailbox: Mailbox, *, passed_over: int, trouble: str) -> None:
    now = timezone.now()
    mailbox.looked_at, mailbox.next_at = now, now + POLL
    mailbox.failing_since = mailbox.told_at = None
    mailbox.failures = 0
    mailbox.missing += passed_over
    mailbox.trouble = trouble[:500] if trouble or not mailbox.missing else mailbox.trouble
    fields = ["looked_at", "next_at", "failing_since", "told_at", "failures", "missing", "trouble"]
    _same(mailbox).update(**{name: getattr(mailbox, name) for name in fields})


class CannotKeepError(Exception):
    """One mail cannot be fetched or kept; the others can."""


def _fetch_one(mailbox: Mailbox, collector: Collector, uid: int, size: int, *, is_here: bool) -> str:
    """Keep one mail here, then do there what the mailbox says; what went wrong with that. Errors: CannotKeepError."""
    if not is_here:
        try:
            raw = collector.fetch(uid, size)
        except RefusedError as error:
            raise CannotKeepError(
                _("The server does not hand out mail %(uid)s: %(said)s") % {"uid": uid, "said": error}
            ) from error
        if raw is None:
            return ""  # gone meanwhile
        _keep(mailbox, raw, uid)
    if size > MOST_BYTES:
        return ""  # cut: the whole of it is only there
    try:
        collector.put_away(uid, afterwards=mailbox.afterwards, move_to=mailbox.move_to)
    except RefusedError as error:
        return _("Mails are kept here, but the server does not let them be marked or moved: %(said)s") % {"said": error}
    return ""


def _keep(mailbox: Mailbox, raw: bytes, uid: int) -> None:
    try:
        take_in(
            raw,
            source=Source.IMAP,
            mailbox=mailbox,
            uid_validity=mailbox.uid_validity,
            uid=uid,
            is_imported=uid <= mailbox.imported_until,
        )
    except (OperationalError, InterfaceError):
        raise  # the database is away: nothing can be kept
    except Exception as error:  # whatever is the matter with this mail, the next ones are waiting
        log.exception("mail not kept", mailbox=mailbox.pk, uid=uid)
        raise CannotKeepError(_("Mail %(uid)s could not be kept.") % {"uid": uid}) from error


def _here(mailbox: Mailbox, uids: Iterable[int]) -> set[int]:
    kept = RawMail.objects.filter(mailbox=mailbox, uid_validity=mailbox.uid_validity, uid__in=list(uids))
    return {uid for uid in kept.values_list("uid", flat=True) if uid is not None}


# --- Where to begin ----------------------------------------------------------------------
def _know_folder(mailbox: Mailbox, folder: Folder, collector: Collector) -> None:
    """Set the marks at the first look, and anew when the folder counts anew (another UIDVALIDITY)."""
    if mailbox.uid_validity == folder.uid_validity:
        return
    uids = None if folder.uid_next else collector.all_uids()
    newest = folder.uid_next - 1 if folder.uid_next else max(uids or [0])
    if mailbox.uid_validity is None:
        mailbox.last_uid, mailbox.imported_until = 0, newest
        if mailbox.taking == Taking.NEW:
            # It was set up then; until it could be looked into, mails may have come already.
            begun = min(mailbox.next_at, mailbox.failing_since or mailbox.next_at)
            mailbox.last_uid = mailbox.imported_until = _last_before(begun, collector, newest)
    else:
        # All numbers are new. What was here before is known again by its content; what came before the very first
        # look is told by its time; nothing of it is answered.
        log.warning("folder counts anew", mailbox=mailbox.pk, was=mailbox.uid_validity, now=folder.uid_validity)
        mailbox.last_uid, mailbox.imported_until = 0, newest
        if mailbox.taking == Taking.NEW:
            mailbox.last_uid = _last_before(mailbox.created_at, collector, newest)
    mailbox.uid_validity = folder.uid_validity
    fields = ("uid_validity", "last_uid", "imported_until")
    _same(mailbox).update(**{name: getattr(mailbox, name) for name in fields})


def _last_before(at: datetime, collector: Collector, newest: int) -> int:
    """The UID up to which all mails came before that time; clocks may differ by a minute."""
    uids = collector.uids_since(_imap_day(at - timedelta(days=1)))
    since = [uid for uid, came in collector.arrivals(uids).items() if came >= at - CLOCKS_DIFFER]
    return min(since, default=newest + 1) - 1


def _imap_day(at: datetime) -> str:
    return f"{at.day}-{_MONTHS[at.month - 1]}-{at.year}"


# --- Is everything here? -----------------------------------------------------------------
def reconcile(mailbox: Mailbox, *, by: User | None, seconds: float = PAGE_SECONDS) -> Reconciled:
    """Compare the folder with what is here, and fetch what is missing, for so many seconds; the rest comes later.

    Errors: PermissionDenied; CollectError.
    """
    require(by)
    with Collector(account_of(mailbox)) as collector:
        return reconcile_open(mailbox, collector, seconds=seconds)


def reconcile_open(mailbox: Mailbox, collector: Collector, *, seconds: float) -> Reconciled:
    """The same, in a folder that is open. Errors: CollectError."""
    end = monotonic() + seconds
    folder = collector.folder
    assert folder is not None
    _know_folder(mailbox, folder, collector)
    floor = mailbox.imported_until if mailbox.taking == Taking.NEW else 0
    there = collector.all_uids()
    kept = RawMail.objects.filter(mailbox=mailbox, uid_validity=mailbox.uid_validity, uid__isnull=False)
    here = {uid for uid in kept.values_list("uid", flat=True) if uid is not None}
    missing = [uid for uid in there if uid > floor and uid not in here]
    still: list[int] = []
    sizes = collector.sizes(missing)
    try:
        for uid in missing:
            if uid in sizes:
                still.append(uid)
                if monotonic() > end:
                    continue
                try:
                    _fetch_one(mailbox, collector, uid, sizes[uid], is_here=False)
                except CannotKeepError:
                    continue
                still.pop()
    except ConnectionLostError:
        kept_now = _here(mailbox, missing)
        still = [uid for uid in missing if uid in sizes and uid not in kept_now]
    _note_reconciled(mailbox, [uid for uid in still if uid <= mailbox.last_uid])  # those beyond are new
    return Reconciled(
        there=len(there),
        here=len(here & set(there)) + len(missing) - len(still),
        missing=tuple(missing),
        still_missing=tuple(still),
        before=sum(uid <= floor and uid not in here for uid in there),
    )


def _note_reconciled(mailbox: Mailbox, still: list[int]) -> None:
    mailbox.missing, mailbox.reconciled_at = len(still), timezone.now()
    fields: dict[str, object] = {"missing": mailbox.missing, "reconciled_at": mailbox.reconciled_at}
    if mailbox.failing_since is None:
        named = ", ".join(str(uid) for uid in still[:20])
        mailbox.trouble = (
            _("These mails are in the folder, but could not be fetched (UID): %(uids)s.") % {"uids": named}
            if still
            else ""
        )
        fields["trouble"] = mailbox.trouble
    _same(mailbox).update(**fields)
