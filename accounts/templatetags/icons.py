"""Icons that are drawn once. The library copies and writes an XML tree whenever its own tag shows one, and a ticket's
page shows two hundred: a fifth of its time (bin/bench workspace)."""

from __future__ import annotations

from functools import lru_cache

from django import template
from lucide.templatetags.lucide import lucide as draw

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=2048)  # of name, size and attributes: templates use about two hundred
def lucide(name: str, *, size: int | None = 24, **attributes: object) -> str:
    """The icon with this name as SVG, `size` pixels square. Errors: IconDoesNotExist."""
    return draw(name, size=size, **attributes)
