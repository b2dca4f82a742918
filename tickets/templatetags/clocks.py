"""The same moment on several people's clocks."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def on_clock(at: datetime, zone: tzinfo | str) -> str:
    """The day and the time that clocks of a zone show then; with the year where it is not this one."""
    local = at.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    return date_format(local, _("D j M, G:i") if local.year == timezone.localdate().year else _("D j M Y, G:i"))
