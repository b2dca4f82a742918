"""Who is here to answer, and how long it takes: what the widget may truthfully say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Calendar, Site, User
from chat.models import Visitor, WidgetSettings
from tickets.queries.promises import told_to_customers

ONLINE_SECONDS = 45  # three heartbeats and a bit: a reload or a short cut does not look like leaving
GONE_SECONDS = 60  # whose workspace was silent for longer has left it
VISITOR_NOTED_SECONDS = 60  # how often it is written down that a visitor is still here
VISITOR_HERE_SECONDS = 90  # that, a heartbeat, and a bit
SAMPLE_HOURS = 4
SAMPLE_MIN = 3  # fewer answers than this say nothing about the next one


def mark_online(user: User) -> None:
    """Their workspace is connected."""
    User.objects.filter(pk=user.pk).update(last_seen_at=timezone.now())


def mark_visitors_here(visitors: Iterable[Visitor]) -> None:
    """These visitors' browsers have our widget open; written down once a minute."""
    now = timezone.now()
    stale = [one for one in visitors if now - one.last_seen_at > timedelta(seconds=VISITOR_NOTED_SECONDS)]
    if not stale:
        return
    with transaction.atomic():
        # Whom somebody else is writing about is left for the next time, so that nobody waits for anybody here.
        free = Visitor.objects.filter(pk__in=[one.pk for one in stale]).select_for_update(skip_locked=True)
        Visitor.objects.filter(pk__in=list(free.values_list("pk", flat=True))).update(last_seen_at=now)
    for visitor in stale:
        visitor.last_seen_at = now


def visitors_here(now: datetime) -> QuerySet[Visitor]:
    """The browsers that have our widget open."""
    return Visitor.objects.filter(last_seen_at__gt=now - timedelta(seconds=VISITOR_HERE_SECONDS))


def people_here(now: datetime) -> QuerySet[User]:
    """Those of ours whose workspace is open and who take chats."""
    return User.objects.filter(
        Q(breather_until=None) | Q(breather_until__lte=now),
        is_active=True,
        availability=User.Availability.ONLINE,
        last_seen_at__gt=now - timedelta(seconds=ONLINE_SECONDS),
    )


def agents_online(site: Site) -> list[User]:
    """Those of ours who are here for this site's chats."""
    here = people_here(timezone.now())
    return list(here.filter(teams=site.team) if site.team_id else here)


_MEDIAN = """
    SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_answered_at - created_at))
    FROM tickets_ticket
    WHERE first_answered_at > %s AND site_id = %s AND channel = 'chat' AND trashed_at IS NULL
"""


def wait_seconds(site: Site) -> int | None:
    """The median time to a first answer in this site's chats of the last hours; None if too few to say."""
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, [timezone.now() - timedelta(hours=SAMPLE_HOURS), site.pk])
        count, median = cursor.fetchone()
    return round(median) if count >= SAMPLE_MIN else None


def presence(site: Site) -> dict[str, Any]:
    """The `presence` frame for a site's guests; times in UTC."""
    now = timezone.now()
    is_open = site.calendar.is_open(now) if site.calendar else True
    promises = told_to_customers(site, now)
    return {
        "type": "presence",
        "agents": [
            {"name": user.face_name, "initials": user.initials, "picture": user.picture_path}
            for user in agents_online(site)
        ],
        "wait_seconds": wait_seconds(site) if WidgetSettings.of(site).shows_wait else None,
        "open": is_open,
        "opens_at": None if is_open else _opening(site.calendar, now),
        **({"promises": promises} if promises else {}),
    }


def _opening(calendar: Calendar | None, now: datetime) -> str | None:
    """When it opens next, or None if nobody knows."""
    opening = calendar.next_opening(now) if calendar else None
    return opening.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if opening else None
