"""Reports of delivery (RFC 3464) and the header of the mail that they are about; also where they are broken."""

from __future__ import annotations

import re

from mailroom.parsing.charsets import clean_line, decode
from mailroom.parsing.limits import Limits
from mailroom.parsing.structure import read_headers
from mailroom.parsing.words import raw_text

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(.*)")
_MOST_FIELDS = 1_000
_LARGEST = 256 * 1024  # bytes


def fields_of(data: bytes) -> tuple[tuple[str, str], ...]:
    """The fields of a message/delivery-status in order: of the report, then of each recipient."""
    found: list[list[str]] = []
    for line in decode(data[:_LARGEST])[0].splitlines():
        field = _FIELD.match(line)
        if line[:1] in (" ", "\t") and found:
            found[-1][1] += " " + line.strip()
        elif field and len(found) < _MOST_FIELDS:
            found.append([field[1].lower(), field[2]])
    return tuple((name, clean_line(value)[:2_000]) for name, value in found)


def headers_of(data: bytes, limits: Limits) -> dict[str, tuple[str, ...]]:
    """The header fields of a mail, or of a text that holds nothing else; encoded words as they are."""
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in read_headers(data.lstrip(b"\r\n"), limits)[0]:
        text = clean_line(raw_text(value[: limits.header_chars]))
        headers[name] = (*headers.get(name, ()), text)
    return headers
