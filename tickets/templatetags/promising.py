"""How a ticket stands with what was promised, in words."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets.models import Promise

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


@register.filter
def terms(promise: Promise) -> str:
    """What is measured, on which tickets: "First answer within 30 minutes, in opening hours · Chat · Workshop"."""
    return " · ".join(part for part in (_what(promise), *_where(promise)) if part)


def _what(promise: Promise) -> str:
    said = promise.get_measure_display()
    if promise.minutes is None:
        return said
    length = length_in_words(timedelta(minutes=promise.minutes))
    if promise.is_round_the_clock:
        when = _("day and night")
    elif promise.calendar is not None:
        when = _("in the hours of %(name)s") % {"name": promise.calendar.name}
    else:
        when = _("in opening hours")
    return f"{said} {length}, {when}"


def _where(promise: Promise) -> list[str]:
    parts = []
    if promise.is_paused_while_pending:
        parts.append(_("without the time in which it is pending"))
    if promise.channel:
        parts.append(str(promise.get_channel_display()))
    if promise.team is not None:
        parts.append(promise.team.name)
    if promise.priority is not None:
        parts.append(_("from priority %(name)s on") % {"name": promise.get_priority_display()})
    return parts
