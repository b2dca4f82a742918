"""Figures as people read them, in the reader's language: counts, shares, means, lengths of time. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from reports.measures import How, Measure

MINUTE, HOUR, DAY = 60, 3600, 86400
TIGHT = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Said:
    """A number and what it counts, apart: the one is set large, the other small."""

    value: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.value}{TIGHT}{self.unit}" if self.unit else self.value


NOTHING = Said("–")


def said(how: How, value: float | None, *, by_clock: bool = False) -> Said:
    """A count, a share from 0 to 1, a mean, or seconds; a dash of nothing."""
    if value is None:
        return NOTHING
    if how is How.COUNT:
        return Said(number(value))
    if how is How.SHARE:
        return Said(number(value * 100, _decimals(value)), "%")
    return length(value, by_clock=by_clock) if how.is_length else Said(number(value, 1))


def said_of(measure: Measure, value: float | None, *, by_clock: bool = False) -> Said:
    return said(measure.how, value, by_clock=by_clock)


def length(seconds: float, *, by_clock: bool = False) -> Said:
    """45 s, 3:40 min, 26:05 h; from two days on 2.4 days, but never in opening hours, whose days are shorter."""
    whole = round(seconds)
    if whole < MINUTE:
        return Said(str(whole), _("s"))
    if whole < HOUR:
        return Said(f"{whole // 60}:{whole % 60:02}", _("min"))
    if by_clock and whole >= 2 * DAY:
        days = round(whole / DAY, 1)
        return Said(number(days, 0 if days >= 10 else 1), pgettext("so many", "days"))
    minutes = round(whole / MINUTE)
    if minutes >= 100 * 60:
        return Said(number(minutes / 60), _("h"))
    return Said(f"{minutes // 60}:{minutes % 60:02}", _("h"))


def about(seconds: float, *, by_clock: bool = False) -> str:
    """A round length, beside a line of a chart: 10 min, 2 h, 3 days."""
    if by_clock and seconds >= 2 * DAY:
        return str(Said(number(seconds / DAY), pgettext("so many", "days")))
    if seconds >= HOUR:
        return str(Said(number(seconds / HOUR, 0 if seconds % HOUR == 0 else 1), _("h")))
    if seconds >= MINUTE:
        return str(Said(number(seconds / MINUTE), _("min")))
    return str(Said(number(seconds), _("s")))


def change(how: How, by: float | None, *, by_clock: bool = False) -> str:
    """How much more or less: +24, −1:05 min, +3 points, ±0; empty where there is nothing to hold against."""
    if by is None:
        return ""
    if how is How.SHARE:
        points = round(by * 100)
        words = ngettext("%(points)s point", "%(points)s points", abs(points)) % {"points": number(abs(points))}
        return _signed(points, words)
    return _signed(round(by, 1 if how is How.MEAN else 0), str(said(how, abs(by), by_clock=by_clock)))


def number(value: float, decimals: int = 0) -> str:
    """1,234 or 4.2."""
    if not decimals and -1000 < value < 1000:
        return str(round(value))  # the same in every language, and on every mark of a chart
    return number_format(round(value, decimals), decimal_pos=decimals, use_l10n=True, force_grouping=True)


def percent(share: float | None) -> str:
    return str(said(How.SHARE, share))


def _signed(by: float, words: str) -> str:
    return f"+{words}" if by > 0 else f"−{words}" if by < 0 else "±0"


def _decimals(share: float) -> int:
    """Of a percentage: one where all of the rest is below one in a hundred, and not nothing."""
    return 1 if 0 < share < 0.01 or 0.99 < share < 1 else 0
