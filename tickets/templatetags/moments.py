"""Moments that are still to come, as one says them."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tickets import when

register = template.Library()


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
def said_time(text: str) -> datetime | None:
    """A time as an event keeps it."""
    return parse_datetime(text)


@register.simple_tag
def snooze_choices() -> list[when.Choice]:
    """The moments that are offered to whoever looks now."""
    return when.choices(timezone.now(), timezone.get_current_timezone())
