"""What a browser tells of itself, what of it may be kept, and the words that our people read of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ua_parser import Result, parse

URL_CHARS, TITLE_CHARS, USER_AGENT_CHARS = 500, 200, 300
_ESCAPED = set(' "<>\\`{}|^')  # a browser writes them as %20 and the like


class Page(NamedTuple):
    """A page that a visitor has open: its address without what may be secret in it, and its title."""

    url: str
    title: str


@dataclass(frozen=True)
class Arrival:
    """What comes with a visit. `has_consented`: to what is kept of them; None if they were not asked."""

    time_zone: str = ""
    user_agent: str = ""
    network_address: str | None = None
    page: Page | None = None
    has_consented: bool | None = None


def page_at(url: str, title: str) -> Page | None:
    """The page as it may be kept, or None if this is no address of a web page."""
    kept = kept_url(url)
    return Page(kept, one_line(title, limit=TITLE_CHARS)) if kept else None


def kept_url(url: str) -> str:
    """Origin and path of a web page's address; nothing if it is none.

    What stands behind `?`, `#` or before `@` may be secret: a token, a search, a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or not url.isprintable():
        return ""
    if set(parts.netloc + parts.path) & _ESCAPED:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path or '/'}"[:URL_CHARS]


def one_line(text: str, *, limit: int) -> str:
    """Text in one line, without what cannot be seen."""
    seen = "".join(letter if letter.isprintable() else " " if letter.isspace() else "" for letter in text)
    return " ".join(seen.split())[:limit]


def known_zone(name: str) -> str:
    """The time zone of this name, or nothing."""
    return name if name in _zones() else ""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # read from the disk


# What browsers say of every newer system too, so that they look alike.
_FROZEN = {"Windows 10": gettext_lazy("Windows 10 or newer"), "Mac OS X 10": "macOS"}


def browser_in_words(user_agent: str) -> str:
    """Such as "Firefox 132 on Windows 10 or newer"; nothing where nobody can tell."""
    if not user_agent:
        return ""
    found: Result = parse(user_agent)
    browser = _joined([found.user_agent.family, found.user_agent.major] if found.user_agent else [])
    system = _joined([found.os.family, found.os.major] if found.os else [])
    system = str(_FROZEN.get(system, system))
    if system and found.device and found.device.family in ("iPhone", "iPad"):
        system = f"{found.device.family} ({system})"
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system


def _joined(parts: Iterable[str | None]) -> str:
    return " ".join(part for part in parts if part)
