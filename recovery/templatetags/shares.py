"""Shares, differences and spans as people read them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recovery.queries.helping import Comparison
from recovery.shares import Compared, Interval, Mean, Share

register = template.Library()


@register.filter
def percent(share: Share) -> str:
    """12 %; a dash of nothing."""
    return "–" if share.value is None else f"{round(share.value * 100)} %"


@register.filter
def doubt(share: Share) -> str:
    """How far it may be off: 8 to 17 %."""
    found = share.interval
    if found is None:
        return ""
    return _("%(low)s to %(high)s %%") % {"low": round(found.low * 100), "high": round(found.high * 100)}


@register.filter
def points(found: Interval) -> str:
    """A difference of shares: −6 points (−14 to +1)."""
    low, value, high = (_signed(one * 100, 0) for one in (found.low, found.value, found.high))
    return _("%(value)s points (%(low)s to %(high)s)") % {"value": value, "low": low, "high": high}


@register.filter
def stars(found: Interval) -> str:
    """A difference of ratings: +0.6 (+0.1 to +1.1)."""
    low, value, high = (_signed(one, 1) for one in (found.low, found.value, found.high))
    return _("%(value)s (%(low)s to %(high)s)") % {"value": value, "low": low, "high": high}


def _signed(number: float, decimals: int) -> str:
    rounded = round(number, decimals)
    sign = "−" if rounded < 0 else "+" if rounded > 0 else "±"
    return sign + number_format(abs(rounded), decimal_pos=decimals, use_l10n=True)


@register.filter
def mean(found: Mean | float | None) -> str:
    """3.4; a dash of nothing."""
    value = found.value if isinstance(found, Mean) and found.n else None if isinstance(found, Mean) else found
    return "–" if value is None else number_format(round(value, 1), decimal_pos=1, use_l10n=True)


@register.filter
def took(span: timedelta | None) -> str:
    """45 min, 3:40 h, 4 days; a dash of nothing."""
    if span is None:
        return "–"
    minutes = max(0, round(span.total_seconds() / 60))
    if minutes < 60:
        return f"{minutes} " + _("min")
    if minutes < 72 * 60:
        return f"{minutes // 60}:{minutes % 60:02} " + _("h")
    days = round(minutes / 60 / 24)
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


@register.inclusion_tag("recovery/_compared.html")
def compared(one: Comparison, what: str, us: str, them: str, enough: int) -> dict[str, Any]:
    """One cell of a comparison."""
    both: Compared = getattr(one, what)
    arms = [(both.done, us), (both.without, them)]
    return {"one": one, "both": both, "arms": arms, "what": what, "us": us, "them": them, "enough": enough}
