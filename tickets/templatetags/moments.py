"""Moments that are still to come, as one says them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from tickets import when
from tickets.models import Ticket

register = template.Library()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REMEMBERED = 4096  # moments and days: lists and timelines are drawn again and again, and mostly say the same
MONTH = 28 * 24 * 60  # minutes that the shortest has
SHORT, LONG = gettext_noop("j M"), gettext_noop("j F Y")  # days, as Django's filter `date` takes them


@register.filter
def moment(at: datetime) -> str:
    """ "9:00" today, "tomorrow 9:00", "Mon 9:00" within the week, else "30 Nov, 9:00", in the viewer's zone."""
    local, today = timezone.localtime(at), timezone.localdate()
    days = (local.date() - today).days
    if days == 0:
        return date_format(local, _("G:i"))
    if days == 1:
        return _("tomorrow %(time)s") % {"time": date_format(local, _("G:i"))}
    if 1 < days < 7:
        return date_format(local, _("D G:i"))
    return date_format(local, _("j M, G:i") if local.year == today.year else _("j M Y, G:i"))


@register.filter
def day(at: datetime) -> date:
    """The day on which it was, in the viewer's zone."""
    return timezone.localdate(at)


@register.simple_tag
def clock(at: datetime) -> str:
    """The time of day, and all of it where one points at it: a timeline says the day by itself."""
    return _clock(at, timezone.get_current_timezone(), get_language())


@lru_cache(maxsize=REMEMBERED)
def _clock(at: datetime, zone: tzinfo, language: str | None) -> str:
    local = at.astimezone(zone)
    time = f"{local:%H:%M}"
    exact = f"{_in_words(local.date(), LONG, language)}, {time}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, time)


@register.simple_tag
def ago(at: datetime, css: str) -> str:
    """The day, until a script says how long ago it was."""
    return _ago(at, css, timezone.get_current_timezone(), get_language())


@lru_cache(maxsize=REMEMBERED)
def _ago(at: datetime, css: str, zone: tzinfo, language: str | None) -> str:
    local = at.astimezone(zone)
    said = _in_words(local.date(), SHORT, language)
    return format_html('<time class="{}" datetime="{}" data-ago>{}</time>', css, local.isoformat(), said)


@lru_cache(maxsize=REMEMBERED)
def _in_words(day: date, form: str, _language: str | None) -> str:
    return date_format(day, _(form))


@register.simple_tag
def wait(ticket: Ticket, now: datetime) -> dict[str, Any]:
    """Since when the customer waits and until when an answer is promised: for programs, as numbers, and in words."""
    since, due = ticket.waiting_since, ticket.answer_due_at
    assert since is not None  # asked only of those who wait
    words = _("waiting %(time)s") % {"time": _span(since, now)}
    times = {"since": timezone.localtime(since).isoformat(), "words": words}
    if due is None:
        return times
    numbers = {name: str(int(at.timestamp())) for name, at in (("begin", since), ("end", due), ("now", now))}
    is_near = (due - now) * 4 < due - since  # as static/js/times.js has it
    state = "late" if due < now else "soon" if is_near else ""
    return times | numbers | {"due": timezone.localtime(due).isoformat(), "state": state}


def _span(since: datetime, now: datetime) -> str:
    """How long it is, as Django's `timesince` says it; from a month on the calendar decides."""
    minutes = (now - since) // timedelta(minutes=1)
    return _minutes(minutes, get_language()) if minutes < MONTH else timesince(since, now)


@lru_cache(maxsize=REMEMBERED)  # to put it in words takes a dozen look-ups
def _minutes(minutes: int, _language: str | None) -> str:
    return timesince(EPOCH, EPOCH + timedelta(minutes=minutes))


@register.filter
def said_time(text: str) -> datetime | None:
    """A time as an event keeps it."""
    return parse_datetime(text)


@register.simple_tag
def snooze_choices() -> list[when.Choice]:
    """The moments that are offered to whoever looks now."""
    return when.choices(timezone.now(), timezone.get_current_timezone())
