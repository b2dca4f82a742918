"""How a label is written where it is part of a sentence, and what a language is called."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language

from accounts.languages import language_in_words

register = template.Library()
register.filter(language_in_words)


@register.filter
def mid_sentence(label: str) -> str:
    """English writes a label small there; German cannot: its nouns have their capitals everywhere."""
    return str(label).lower() if (get_language() or "en") == "en" else str(label)
