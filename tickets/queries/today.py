"""What happened since this morning, as the viewer's day goes: figures and the lists behind them use the same rule."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.models import Channel, Status
from tickets.queries.inbox import AWAKE, UNSOLVED, View

_OPEN = UNSOLVED & AWAKE


def start_of_today(viewer: User, now: datetime) -> datetime:
    """Last midnight where the viewer is."""
    local = now.astimezone(viewer.zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def solved_since(start: datetime) -> Q:
    return Q(status=Status.SOLVED, solved_at__gte=start)


def first_answered_since(start: datetime) -> Q:
    """A call is answered when it is made, so that a ticket about one has no first answer to wait for."""
    return Q(first_answered_at__gte=start) & ~Q(channel=Channel.PHONE)


def unlisted_view(key: str, viewer: User, now: datetime) -> View | None:
    """A view that is in nobody's rail: where a figure of the dashboard leads, or another team's tickets."""
    start = start_of_today(viewer, now)
    if key == "solved-today":
        return View(key, _("Solved today"), "circle-check", solved_since(start), stretches="s")
    if key == "answered-today":
        return View(key, _("First answered today"), "clock", first_answered_since(start), stretches="wqzs")
    if key == "waiting-all":  # whoever waits, waits, also for what we have put away
        return View(key, _("Waiting, snoozed or not"), "clock", Q(waiting_since__isnull=False), stretches="wz")
    if key == "no-team":
        return View(key, _("No team"), "users", _OPEN & Q(team=None))
    team = Team.objects.filter(slug=key.removeprefix("team-")).first() if key.startswith("team-") else None
    return View(key, team.name, "users", _OPEN & Q(team=team)) if team else None
