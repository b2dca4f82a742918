"""Origins of web pages, as browsers compare them (RFC 6454): scheme, host and port, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_ORIGINS = 50
# They are written into a Content-Security-Policy, so nothing may pass that means something there.
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z|\[[0-9a-f:.]+\]\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def clean_origin(text: str) -> str:
    """The origin in the one form that browsers send, `https://shop.example`. ValidationError for anything more."""
    wrong = ValidationError(
        _("%(text)s is not an origin. Write it such as https://shop.example, without a path."),
        code="invalid",
        params={"text": text[:80]},
    )
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        host = (parts.hostname or "").encode("idna" if not (parts.hostname or "").isascii() else "ascii").decode()
    except (ValueError, UnicodeError):
        raise wrong from None
    host = f"[{host}]" if ":" in host else host
    has_more = parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in _DEFAULT_PORTS or has_more or not _HOST.match(host):
        raise wrong
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS[parts.scheme] else "")


def clean_origins(texts: Iterable[str]) -> list[str]:
    """The distinct origins among these, in their order; blanks are skipped."""
    origins = list(dict.fromkeys(clean_origin(text) for text in texts if text.strip()))
    if len(origins) > MAX_ORIGINS:
        raise ValidationError(_("%(limit)s origins at most.") % {"limit": MAX_ORIGINS}, code="too_many")
    return origins


def origin_of(url: str) -> str:
    """The origin of a page's address."""
    parts = urlsplit(url)
    return clean_origin(f"{parts.scheme}://{parts.netloc}")
