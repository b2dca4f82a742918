"""How a ticket stands with what was promised, in words."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def length_in_words(length: timedelta | float) -> str:
    """ "25 minutes", "3 hours 5 minutes", "26 hours"; of a span, or of seconds. Never days: of opening hours they would
    be anybody's guess."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    minutes = int(seconds // 60)
    hours, rest = divmod(minutes, 60)
    if minutes < 1:
        return _("less than a minute")
    in_hours = ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    in_minutes = ngettext("%(count)s minute", "%(count)s minutes", rest) % {"count": rest}
    if not hours:
        return in_minutes
    return f"{in_hours} {in_minutes}" if rest and hours < 10 else in_hours
