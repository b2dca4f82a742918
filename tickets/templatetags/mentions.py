"""Names that a note mentions, marked where it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape

from django import template
from django.template import Context
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from tickets.mentioning import pieces

register = template.Library()
_PART = re.compile(r"(<[^>]*>)")
_LEFT_ALONE = re.compile(r"<(/?)(a|code|pre)\b", re.IGNORECASE)


@register.simple_tag(takes_context=True)
def with_mentions(context: Context, html: str) -> SafeString:
    """A note's words with those names marked that the page knows (`mentionable`)."""
    return mark_mentions(html, context.get("mentionable"))


def mark_mentions(html: str, names: Iterable[str] | None) -> SafeString:
    """Words as they are shown, HTML if they were made so and text otherwise, with a mark around each @Name.

    Only what stands between tags is touched, and it is escaped anew; links and code stay as they are.
    """
    safe = html if isinstance(html, SafeString) else escape(html)
    if "@" not in safe or not names:
        return safe
    return mark_safe("".join(_marked(safe, list(names))))  # noqa: S308 - tags are those of `safe`, all else is escaped


def _marked(html: str, names: list[str]) -> Iterator[str]:
    depth = 0
    for part in _PART.split(html):
        if part.startswith("<"):
            found = _LEFT_ALONE.match(part)
            depth += (-1 if found[1] else 1) if found else 0
            yield part
        elif depth or "@" not in part:
            yield part
        else:
            for piece in pieces(unescape(part), names):
                shown = '<mark class="mention">{}</mark>' if piece.is_mention else "{}"
                yield format_html(shown, piece.text)
