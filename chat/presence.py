"""Who is here to answer, and how long it takes: what the widget may truthfully say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts.models import Site, User

ONLINE_SECONDS = 45  # three heartbeats and a bit: a reload or a short cut does not look like leaving
SAMPLE_HOURS = 4
SAMPLE_MIN = 3  # fewer answers than this say nothing about the next one


def mark_online(user: User) -> None:
    """Their workspace is connected."""
    User.objects.filter(pk=user.pk).update(last_seen_at=timezone.now())


def agents_online(site: Site) -> list[User]:
    """The people who can take a chat of this site now."""
    now = timezone.now()
    here = User.objects.filter(
        Q(breather_until=None) | Q(breather_until__lte=now),
        is_active=True,
        availability=User.Availability.ONLINE,
        last_seen_at__gt=now - timedelta(seconds=ONLINE_SECONDS),
    )
    return list(here.filter(teams=site.team) if site.team_id else here)


_MEDIAN = """
    SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_answered_at - created_at))
    FROM tickets_ticket
    WHERE first_answered_at > %s AND site_id = %s AND channel = 'chat'
"""


def wait_seconds(site: Site) -> int | None:
    """The median time to a first answer in this site's chats of the last hours; None if too few to say."""
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, [timezone.now() - timedelta(hours=SAMPLE_HOURS), site.pk])
        count, median = cursor.fetchone()
    return round(median) if count >= SAMPLE_MIN else None


def presence(site: Site) -> dict[str, Any]:
    """The `presence` frame for a site's guests."""
    is_open = site.calendar.is_open(timezone.now()) if site.calendar else True
    return {
        "type": "presence",
        "agents": [
            {"name": user.short_name, "initials": user.initials, "picture": None} for user in agents_online(site)
        ],
        "wait_seconds": wait_seconds(site),
        "open": is_open,
    }
