"""Why there is a case, in words."""

from __future__ import annotations

from typing import Any

from django import template

from recovery.models import Case
from recovery.queries.whys import again_words, earlier_words, why_words

register = template.Library()


@register.filter
def why(told: Case | Any) -> str:
    """The reason of a case, or of a decision."""
    return why_words(told.trigger, told.why)


@register.filter
def said_why(data: dict[str, Any]) -> str:
    """The same of what an event of a case says."""
    return why_words(data.get("trigger", ""), data.get("why", {}))


@register.filter
def earlier(why: dict[str, Any]) -> str:
    """What makes it the second failure."""
    return earlier_words(why)


@register.filter
def again(data: dict[str, Any]) -> str:
    """Why a case was reopened: of its own `why`, or of what the event says."""
    return again_words(data if "again" in data else {"again": data.get("why", {}) | {"trigger": data.get("trigger")}})
