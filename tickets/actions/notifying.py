"""Everybody whom an event concerns is told of it, once: in the desk, by their browser, by mail."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from tickets.actions._rules import clean_line
from tickets.actions.sweeping import sweep_log
from tickets.events import tell_sockets
from tickets.models import (
    Event,
    Notification,
    NotificationSettings,
    PushSubscription,
    ReadMark,
    Ticket,
)
from tickets.pushing import are_keys
from tickets.queries.concerning import CONCERNING, whom_it_concerns
from tickets.queries.notifications import USUAL_WAYS, WAYS, quiet_of, settings_of, ways_of
from tickets.quiet import next_hour, next_time

log = logging.getLogger(__name__)
PUSHED_AFTER = timedelta(seconds=5)  # whoever has the ticket in front of them has read it by then
MOST_BROWSERS = 20


@transaction.atomic
def notify(event: Event) -> int:
    """Tell everybody concerned; returns how many were told now. Telling again tells nobody twice."""
    concerned = {} if event.notifications.exists() else whom_it_concerns(event)
    if not concerned:
        return 0
    seen = ReadMark.objects.filter(ticket=event.ticket_id, user__in=concerned, seq__gte=event.seq)
    have_read = set(seen.values_list("user", flat=True))
    kept = NotificationSettings.objects.filter(user__in=concerned).select_related("user")
    chosen = {one.user_id: one for one in kept}
    reached = set(PushSubscription.objects.filter(user__in=concerned).values_list("user", flat=True))
    now = timezone.now()
    rows = []
    for user, kind in concerned.items():
        wishes = chosen.get(user.pk) or NotificationSettings(user=user)
        row = Notification(user=user, ticket_id=event.ticket_id, event=event, kind=kind, created_at=now)
        if user.pk in have_read:
            row.read_at = now
        else:
            _make_due(row, wishes, now, has_browser=user.pk in reached)
        rows.append(row)
    # All of them or none: that there is one says that all were told. Whoever was faster has told them.
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    tell_sockets(user.pk for user in concerned)
    return len(rows)


def _make_due(row: Notification, wishes: NotificationSettings, now: datetime, *, has_browser: bool) -> None:
    ways, quiet = ways_of(wishes, row.kind), quiet_of(wishes)
    if "push" in ways and has_browser and not quiet.at(now):
        row.push_due_at = now + PUSHED_AFTER
    if "mail" in ways:
        is_daily = wishes.digest == NotificationSettings.Digest.DAILY
        collected = next_time(now, _time(wishes.digest_at), quiet.zone) if is_daily else next_hour(now)
        row.mail_due_at = quiet.over(collected)


def _time(value: time | str) -> time:
    return time.fromisoformat(value) if isinstance(value, str) else value  # a default that was not read back yet


def sweep_events() -> int:
    """Tell of the events of which nobody was told, because a nudge was lost or a worker died; how many it were."""
    return sweep_log("notifying", _tell_of_untold)


def _tell_of_untold(events: QuerySet[Event]) -> int:
    untold = events.filter(~Exists(Notification.objects.filter(event=OuterRef("pk"))), type__in=CONCERNING)
    return sum(_notify_or_log(event) for event in untold.select_related("ticket", "message"))


def _notify_or_log(event: Event) -> int:
    try:
        return notify(event)
    except Exception:
        log.exception("nobody could be told of event %s", event.pk)  # the others must be
        return 0


# --- Read --------------------------------------------------------------------------------
def read_notifications(ids: Iterable[int] | None = None, *, by: User, ticket: Ticket | None = None) -> int:
    """They have taken note of these of theirs, or those of a ticket, or all of them; returns how many were new."""
    unread = Notification.objects.filter(user=by, read_at=None)
    if ids is not None:
        unread = unread.filter(pk__in=list(ids))
    if ticket is not None:
        unread = unread.filter(ticket=ticket)
    count = note_read(unread)
    if count:
        tell_sockets([by.pk])
    return count


def note_read(unread: QuerySet[Notification]) -> int:
    return unread.update(read_at=timezone.now(), push_due_at=None, mail_due_at=None)


def forget_notifications(*, older_than: datetime) -> int:
    """Delete what was read long ago; where somebody was mentioned stays findable."""
    old = Notification.objects.filter(read_at__lt=older_than).exclude(kind=Notification.Kind.MENTIONED)
    return old.delete()[0]


# --- Wishes ------------------------------------------------------------------------------
def change_notification_settings(user: User, *, by: User, ways: dict[str, list[str]], **chosen: Any) -> None:
    """How they want to be told: `ways` by kind, and the other fields of `NotificationSettings`.

    Errors: PermissionDenied; ValidationError.
    """
    if by.pk != user.pk:
        raise PermissionDenied
    if set(ways) - set(USUAL_WAYS) or any(set(wanted) - set(WAYS) for wanted in ways.values()):
        raise ValidationError(_("There is no such way."), code="invalid")
    if (chosen.get("quiet_from") is None) != (chosen.get("quiet_until") is None):
        raise ValidationError({"quiet_until": _("Quiet hours need a beginning and an end.")})
    if chosen.get("quiet_from") is not None and chosen["quiet_from"] == chosen["quiet_until"]:
        raise ValidationError({"quiet_until": _("They end when they begin.")})
    wishes = settings_of(user)
    wishes.ways = ways
    for name, value in chosen.items():
        setattr(wishes, name, value)
    wishes.full_clean(exclude=["user"])
    NotificationSettings.objects.update_or_create(user=user, defaults={"ways": ways, **chosen})


def subscribe_browser(
    user: User, *, by: User, endpoint: str, p256dh: str, auth: str, browser: str = ""
) -> PushSubscription:
    """Reach them in this browser from now on, and nobody else there. Errors: PermissionDenied; ValidationError."""
    if by.pk != user.pk:
        raise PermissionDenied
    URLValidator(schemes=["https", "http"])(endpoint)
    if len(endpoint) > 1000 or not are_keys(p256dh, auth):
        raise ValidationError(_("This browser said something that it cannot be reached by."), code="invalid")
    values = {"user": user, "p256dh": p256dh, "auth": auth, "browser": clean_line(browser, 80), "failures": 0}
    subscription, is_new = PushSubscription.objects.update_or_create(endpoint=endpoint, defaults=values)
    if is_new:  # the oldest are browsers that are gone
        kept = user.push_subscriptions.order_by("-created_at", "-pk").values_list("pk", flat=True)[:MOST_BROWSERS]
        user.push_subscriptions.exclude(pk__in=list(kept)).delete()
    return subscription


def unsubscribe_browser(subscription: PushSubscription, *, by: User) -> None:
    """Reach them there no more. Errors: PermissionDenied."""
    if by.pk != subscription.user_id:
        raise PermissionDenied
    subscription.delete()
