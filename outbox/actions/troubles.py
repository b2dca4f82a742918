"""Administrators are told by mail of what is wrong: once, again after each day, and when it is over."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role
from outbox import claims
from outbox.actions.mails import queue_mail
from outbox.emails import render
from outbox.models import Sending, Trouble
from outbox.policy import Fault

log = logging.getLogger(__name__)
AGAIN = timedelta(days=1)
# A trouble that comes and goes is one trouble.
OVER = timedelta(minutes=10)


def watch_over(at: datetime | None = None) -> int:
    """Look for what is wrong, in all apps that `TROUBLE_SOURCES` names, and tell of it; how much is wrong."""
    now = at or timezone.now()
    claims.hold_if_many_bounce(now)
    found: dict[str, Fault] = {}
    is_whole = True
    for source in settings.TROUBLE_SOURCES:
        try:
            with transaction.atomic():
                found |= {fault.key: fault for fault in import_string(source)(now)}
        except Exception:
            log.exception("%s could not be asked", source)  # what it told of before is not over for that
            is_whole = False
    _tell_of(found, now, is_whole=is_whole)
    return len(found)


@transaction.atomic
def _tell_of(found: dict[str, Fault], now: datetime, *, is_whole: bool) -> None:
    Sending.objects.get_or_create()
    Sending.objects.select_for_update(of=("self",)).get()  # two clocks tell one after the other
    known = {row.key: row for row in Trouble.objects.all()}
    for key, fault in found.items():
        row = known.get(key) or Trouble(key=key, since=now)
        row.words, row.values, row.url, row.seen_at = fault.words, dict(fault.values), fault.url, now
        is_due = row.told_at is None or row.told_at <= now - AGAIN
        row.told_at = now if is_due else row.told_at
        row.save()
        if is_due:
            _mail(row, now, is_over=False)
    if is_whole:
        for row in known.values():
            if row.key not in found and row.seen_at <= now - OVER:
                _mail(row, now, is_over=True)
                row.delete()


def _mail(trouble: Trouble, now: datetime, *, is_over: bool) -> None:
    for admin in User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk"):
        with translation.override(admin.reads):
            said = trouble.said
            words = {
                "said": said,
                "since": trouble.since,
                "is_over": is_over,
                "zone": admin.zone,
                "action_url": f"{settings.SITE_URL}{trouble.url or settings.TROUBLES_URL}",
                "action_label": _("Look into it"),
            }
            text, html = render("outbox/mail/trouble", words)
            queue_mail(
                kind="alarm",
                to=[(admin.name, admin.email)],
                subject=(_("Over: %(said)s") if is_over else _("Trouble: %(said)s")) % {"said": said},
                text=text,
                html=html,
                dedupe_key=f"alarm:{trouble.pk}:{'over' if is_over else now.isoformat()}:{admin.pk}",
                is_automatic=True,
            )
