"""What files are called and what they are, whatever the mail says."""

from __future__ import annotations

import mimetypes
import re

from mailroom.parsing.charsets import clean_line

HEADERS_ALONE = {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}  # of a mail that came back
_NAMES = {"text/calendar": "invite.ics", "message/delivery-status": "delivery-status.txt", "text/html": "text.html"}
_NAMES |= dict.fromkeys(HEADERS_ALONE, "headers.txt")
_ENDINGS = {"text/plain": ".txt", "image/jpeg": ".jpg", "message/rfc822": ".eml", "application/pgp-signature": ".asc"}
_IMAGE_TYPES = re.compile(r"image/[a-z0-9.+-]{1,40}\Z")
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\r\f\x1b\x0e\x0f"))
_FILES_BEGIN = (b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"%PDF-", b"\x1f\x8b\x08", b"\x89PNG", b"GIF8", b"\xff\xd8\xff")


def safe_name(name: str, chars: int) -> str:
    """A name alone, without its folder or anything that could not be seen."""
    name = re.split(r"[/\\]", clean_line(name))[-1].strip(" .\"'")
    name = re.sub(r'[<>:"|?*]', "_", name)
    stem, dot, ending = name.rpartition(".")
    if len(name) > chars and dot and len(ending) <= 10:
        return f"{stem[: chars - len(ending) - 1]}.{ending}"
    return name[:chars]


def default_name(kind: str, number: int) -> str:
    if kind in _NAMES:
        return _NAMES[kind]
    other = ".txt" if kind.startswith("text/") else ".bin"
    ending = _ENDINGS.get(kind) or mimetypes.guess_extension(kind) or other
    return f"{'picture' if _IMAGE_TYPES.match(kind) else 'file'}-{number}{ending}"


def type_of(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def is_binary(data: bytes) -> bool:
    """Whether it is no text in any way to write: a known file, or NUL and its like all over, but not as in UTF-16."""
    sample = data[:4_000]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if data.startswith(_FILES_BEGIN):
        return True
    if controls * 10 <= len(sample) or len(sample) < 64 or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    fewer, more = sorted((sample[::2].count(0), sample[1::2].count(0)))
    return not (more * 4 > len(sample) and fewer * 50 < len(sample))
