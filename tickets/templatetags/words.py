"""What somebody said, on a page and in a mail: their Markdown, or exactly what they typed."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template.defaultfilters import urlize
from django.utils.html import format_html, linebreaks
from django.utils.safestring import SafeString, mark_safe

from tickets.formatting import REMEMBERED, to_html, to_text
from tickets.models import Message

register = template.Library()


@register.filter
def markdown(body: str) -> SafeString:
    return to_html(body)


@register.filter
def shown(message: Message) -> SafeString:
    """On a page: plain words keep their line ends by the style sheet, and what is an address in them can be pressed."""
    return to_html(message.body) if message.is_markdown else _linked(message.body)


@lru_cache(maxsize=REMEMBERED)
def _linked(body: str) -> SafeString:
    return urlize(body, autoescape=True)


@register.filter
def mailed(message: Message) -> SafeString:
    """In the HTML of a mail."""
    if message.is_markdown:
        return to_html(message.body)
    return mark_safe(linebreaks(message.body, autoescape=True))  # noqa: S308 - it escapes


@register.filter
def breakable(email: str) -> SafeString:
    """An address that, where it must be on two lines, is so behind its @."""
    name, at, domain = email.rpartition("@")
    return format_html("{}{}<wbr>{}", name, at, domain)


@register.filter
def plainly(message: Message) -> str:
    """In the text of a mail."""
    return to_text(message.body) if message.is_markdown else message.body
