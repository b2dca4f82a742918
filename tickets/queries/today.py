"""What happens today and at this moment: figures and the lists behind them use the same rule."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.models import Desk, Team, User
from tickets.models import Channel, Event, PromiseRun, Status
from tickets.queries.inbox import AWAKE, UNSOLVED, View
from tickets.queries.promises import ANSWERS, near_runs

LIVE_MINUTES = 15  # a chat in which nothing was said for longer is a letter, and rings for nobody
_OPEN = UNSOLVED & AWAKE
_RUNNING = PromiseRun.State.RUNNING


def start_of_today(viewer: User, now: datetime) -> datetime:
    """Last midnight where the viewer is."""
    local = now.astimezone(viewer.zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def solved_since(start: datetime) -> Q:
    return Q(status=Status.SOLVED, solved_at__gte=start)


def first_answered_since(start: datetime) -> Q:
    """A call is answered when it is made, so that a ticket about one has no first answer to wait for."""
    return Q(first_answered_at__gte=start) & ~Q(channel=Channel.PHONE)


def waits_for_first_answer() -> Q:
    return Q(waiting_since__isnull=False, first_answered_at=None)


def is_past_promise(now: datetime) -> Q:
    """The customer waits for longer than an answer was promised to take."""
    return Q(waiting_since__isnull=False, answer_due_at__lt=now)


def is_about_to_break(now: datetime) -> Q:
    """Less than a quarter of a promise's time is left. Where no promise of an answer holds, the minutes count that the
    company goes by then, on the wall."""
    near = near_runs(now).values("ticket")
    answers = PromiseRun.objects.filter(state=_RUNNING, ended_at=None, promise__measure__in=ANSWERS)
    soon = now + timedelta(minutes=Desk.current().promise_minutes) / 4
    waits = Q(waiting_since__isnull=False, answer_due_at__gt=now, answer_due_at__lte=soon)
    return UNSOLVED & (Q(pk__in=near) | (waits & Q(~Exists(answers.filter(ticket=OuterRef("pk"))))))


def talked_lately(now: datetime) -> Exists:
    """Somebody of either side said something just now, and nobody has ended it."""
    last = Event.objects.filter(ticket=OuterRef("pk"), seq=OuterRef("public_last_seq"))
    since = now - timedelta(minutes=LIVE_MINUTES)
    return Exists(last.exclude(type="chat.ended").filter(at__gt=since))


def is_live_chat(now: datetime) -> Q:
    """Somebody has it, and something was said just now."""
    return UNSOLVED & Q(talked_lately(now), channel=Channel.CHAT, assignee__isnull=False)


def unlisted_view(key: str, viewer: User, now: datetime) -> View | None:
    """A view that is in nobody's rail: where a figure of the dashboard leads, or another team's tickets. Of one team
    only with its name behind a dot: `waiting-all.workshop`."""
    name, _dot, slug = key.partition(".")
    view = _unlisted_view(name, viewer, now)
    if view is None or not slug:
        return view
    team = _team(slug)
    if team is None:
        return None
    return View(key, f"{view.label} · {team.name}", view.icon, view.keep & Q(team=team), view.stretches)


def _unlisted_view(key: str, viewer: User, now: datetime) -> View | None:
    start = start_of_today(viewer, now)
    if key == "solved-today":
        return View(key, _("Solved today"), "circle-check", solved_since(start), stretches="s")
    if key == "answered-today":
        return View(key, _("First answered today"), "clock", first_answered_since(start), stretches="wqzs")
    if key == "waiting-all":  # whoever waits, waits, also for what we have put away
        return View(key, _("Waiting, snoozed or not"), "clock", Q(waiting_since__isnull=False), stretches="wz")
    if key == "waiting-first":
        return View(key, _("Waiting for a first answer"), "clock", waits_for_first_answer(), stretches="wz")
    if key == "late":
        return View(key, _("Past the promise"), "clock-alert", is_past_promise(now), stretches="wz")
    if key == "near":
        return View(key, _("Promises about to break"), "clock-alert", is_about_to_break(now), stretches="wqz")
    if key == "chats":
        return View(key, _("Chats under way"), "message-circle", is_live_chat(now), stretches="wqz")
    if key == "nobodys":
        return View(key, _("Assigned to nobody"), "plus", _OPEN & Q(assignee=None))
    if key == "nobodys-waiting":
        waits = AWAKE & Q(waiting_since__isnull=False, assignee=None)
        return View(key, _("Waiting, and assigned to nobody"), "clock", waits, stretches="w")
    if key == "no-team":
        return View(key, _("No team"), "users", _OPEN & Q(team=None))
    team = _team(key.removeprefix("team-")) if key.startswith("team-") else None
    return View(key, team.name, "users", _OPEN & Q(team=team)) if team else None


def _team(slug: str) -> Team | None:
    return Team.objects.filter(slug=slug).first() if slug.isprintable() else None  # a NUL is no text to the database
