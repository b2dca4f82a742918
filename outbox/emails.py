"""The one layout of all our mails: text first, and small HTML with its styles inlined.

Higher apps write `templates/<app>/mail/<name>.txt` and `.html`, which extend `outbox/layout.txt` and `.html` and fill
the block `content`. `action_url` and `action_label` in the context make the one button.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import css_inline
from django.conf import settings
from django.template import Context
from django.template.backends.django import Template
from django.template.loader import get_template

from accounts.models import Desk

DEFAULT_COLOR = "#0d5c49"
SIGNATURE = "-- "  # mail programs know where the words end by this line, space included
_COLOR = re.compile(r"#[0-9a-f]{6}\Z", re.IGNORECASE)
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


class Rendered(NamedTuple):
    text: str
    html: str


def render(template_name: str, context: Mapping[str, Any]) -> Rendered:
    """Both parts of a mail. `color` (#rrggbb) in the context gives it a site's colour."""
    given = str(context.get("color") or "")
    color = given.lower() if _COLOR.match(given) else DEFAULT_COLOR
    values = {
        "company": Desk.current().name,
        "site_url": settings.SITE_URL,
        **context,
        "color": color,
        "color_ink": ink_on(color),
    }
    html = get_template(f"{template_name}.html").render(values)
    return Rendered(_render_text(f"{template_name}.txt", values), _inliner.inline(html))


def ink_on(color: str) -> str:
    """White or near-black, whichever stands out more on this colour (WCAG relative luminance)."""
    red, green, blue = (_linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#ffffff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else "#1f1d1a"


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _render_text(name: str, values: dict[str, Any]) -> str:
    """Plain text: nothing is escaped in it, and there is never more than one empty line in a row."""
    template = cast(Template, get_template(name)).template
    text = template.render(Context(values, autoescape=False))
    lines = "\n".join(line if line == SIGNATURE else line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"
