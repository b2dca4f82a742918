"""How a label is written where it is part of a sentence."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language

register = template.Library()


@register.filter
def mid_sentence(label: str) -> str:
    """English writes a label small there; German cannot: its nouns have their capitals everywhere."""
    return str(label).lower() if (get_language() or "en") == "en" else str(label)
