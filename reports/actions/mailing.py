"""Reports that come by mail: set up, changed, stopped, and sent when they are due.

The row is the queue. Letters are written first, outside of any transaction; then the row is moved on and its mails are
promised, all at once or not at all. So a worker that dies between has sent nothing and the next one sends it, two
clocks send it once, and after a standstill one comes and not one for each day.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from reports.emails import PICTURES, Letter, post_letter, report_letter
from reports.models import Mailing, SavedReport
from reports.when import next_time

log = logging.getLogger(__name__)
MOST_PEOPLE = 50  # of one mailing
MOST = 20  # mailings of one report
AGAIN = timedelta(minutes=10)  # after a report could be written for nobody
PICTURES_KEPT = timedelta(days=14)


@transaction.atomic
def set_up_mailing(report: SavedReport, *, by: User, every: str, hour: int, people: Iterable[User]) -> Mailing:
    """Let a saved report come by mail, at this hour of its maker's clock.

    Errors: PermissionDenied; ValidationError with code `invalid`, `empty` or `too_many`.
    """
    report = _lock_report(report, by)
    if report.mailings.filter(stopped_at=None).count() >= MOST:
        raise ValidationError(
            _("It goes by mail in %(count)s ways already. Stop one first.") % {"count": MOST}, code="too_many"
        )
    chosen = _cleaned(every, hour, people)
    first = next_time(every, hour, timezone.now(), by.zone)
    mailing = Mailing.objects.create(report=report, made_by=by, every=every, hour=hour, next_at=first)
    mailing.people.set(chosen)
    return mailing


@transaction.atomic
def change_mailing(mailing: Mailing, *, by: User, every: str, hour: int, people: Iterable[User]) -> Mailing:
    """Let it come otherwise, or to others. Errors: as in `set_up_mailing`; PermissionDenied also if it is stopped."""
    mailing = _lock(mailing)
    if not mailing.may_change(by):
        raise PermissionDenied
    mailing.people.set(_cleaned(every, hour, people))
    if (every, hour) != (mailing.every, mailing.hour):
        mailing.every, mailing.hour = every, hour
        mailing.next_at = next_time(every, hour, timezone.now(), mailing.made_by.zone)
        mailing.save(update_fields=["every", "hour", "next_at"])
    return mailing


@transaction.atomic
def stop_mailing(mailing: Mailing, *, by: User) -> None:
    """Nobody gets it any more. Errors: PermissionDenied."""
    mailing = _lock(mailing)
    if not mailing.may_change(by):
        raise PermissionDenied
    _stop(mailing)


@transaction.atomic
def leave_mailing(mailing: Mailing, *, by: User) -> None:
    """Whoever gets it does not want it any more; without readers it stops."""
    mailing = _lock(mailing)
    mailing.people.remove(by)
    if not mailing.people.exists():
        _stop(mailing)


def send_now(mailing: Mailing, *, by: User) -> None:
    """One copy of today's for whoever asks, beside the others; at most one in a minute. Errors: PermissionDenied."""
    if not (mailing.may_change(by) or mailing.people.filter(pk=by.pk).exists()) or not by.has_perm("reports.view"):
        raise PermissionDenied
    now = timezone.now()
    letter = report_letter(mailing, by, now)
    post_letter(letter, mailing, by, dedupe_key=f"report:{mailing.pk}:{by.pk}:{now:%Y-%m-%dT%H:%M}")


def send_mailing(mailing: Mailing, *, now: datetime) -> int:
    """Send it to all who may see figures, if it is due and no other clock was faster; returns to how many."""
    slot = mailing.next_at
    people = readers(mailing)
    letters = _written(mailing, people, now)
    with transaction.atomic():
        due = Mailing.objects.filter(pk=mailing.pk, next_at=slot, stopped_at=None, next_at__lte=now)
        row = due.select_for_update(skip_locked=True).first()
        if row is None:
            return 0
        has_failed = bool(people) and not letters
        row.next_at = _next(row, now, has_failed=has_failed)
        if letters:
            row.sent_at = now
        row.save(update_fields=["next_at", "sent_at"])
        day = slot.astimezone(row.made_by.zone).date()
        for user, letter in letters:
            post_letter(letter, row, user, dedupe_key=f"report:{row.pk}:{user.pk}:{day}")
    return len(letters)


def forget_pictures(*, older_than: datetime) -> int:
    """Delete the charts of mails that have long left; returns how many."""
    done = 0
    days, _files = default_storage.listdir(PICTURES) if default_storage.exists(PICTURES) else ([], [])
    for day in days:
        if day < f"{older_than:%Y-%m-%d}":
            _folders, names = default_storage.listdir(f"{PICTURES}/{day}")
            for name in names:
                default_storage.delete(f"{PICTURES}/{day}/{name}")
            default_storage.delete(f"{PICTURES}/{day}")
            done += len(names)
    return done


def readers(mailing: Mailing) -> list[User]:
    """Those of its people who work here and may see figures, at this moment."""
    return [user for user in mailing.people.order_by("name", "pk") if user.has_perm("reports.view")]


def _written(mailing: Mailing, people: list[User], now: datetime) -> list[tuple[User, Letter]]:
    letters = []
    for user in people:
        try:
            letters.append((user, report_letter(mailing, user, now)))
        except Exception:
            log.exception("mailing %s could not be written for user %s", mailing.pk, user.pk)  # the others get theirs
    return letters


def _next(mailing: Mailing, now: datetime, *, has_failed: bool) -> datetime:
    """Its next regular time; if nobody's could be written, a little later."""
    regular = next_time(mailing.every, mailing.hour, now, mailing.made_by.zone)
    return min(now + AGAIN, regular) if has_failed else regular


def _cleaned(every: str, hour: int, people: Iterable[User]) -> list[User]:
    chosen = list(people)
    if every not in Mailing.Every.values or not 0 <= hour <= 23:
        raise ValidationError(_("There is no such time."), code="invalid")
    if not chosen:
        raise ValidationError({"people": ValidationError(_("Choose somebody who gets it."), code="empty")})
    if len(chosen) > MOST_PEOPLE:
        raise ValidationError(
            {"people": ValidationError(_("%(count)s people at most.") % {"count": MOST_PEOPLE}, code="too_many")}
        )
    if lacking := [user.name for user in chosen if not user.has_perm("reports.view")]:
        raise ValidationError(
            {"people": ValidationError(_("%(name)s may not see figures.") % {"name": lacking[0]}, code="invalid")}
        )
    return chosen


def _lock(mailing: Mailing) -> Mailing:
    locked = Mailing.objects.select_for_update(of=("self",)).select_related("made_by", "report").filter(pk=mailing.pk)
    return locked.get()


def _lock_report(report: SavedReport, by: User) -> SavedReport:
    """The saved report, so that two at once cannot get past the limit. Errors: PermissionDenied."""
    if not by.has_perm("reports.view"):
        raise PermissionDenied
    found = SavedReport.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=report.pk).first()
    if found is None:
        raise PermissionDenied
    return found


def _stop(mailing: Mailing) -> None:
    mailing.stopped_at = mailing.stopped_at or timezone.now()
    mailing.save(update_fields=["stopped_at"])
