"""Header fields: raw 8-bit letters, encoded words (RFC 2047, also wrong ones), parameters (RFC 2231), dates and ids."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from mailroom.parsing.charsets import clean_line, decode

_ENCODED = re.compile(r"=\?([^?\s=]{1,60})\?([bBqQ])\?([^?\r\n]*(?:\?(?!=)[^?\r\n]*)*)\?=")
_PARAMETER = re.compile(r""";\s*([^\s=;"]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"?|([^;]*))""")
_ID = re.compile(r"<([^<>]{1,998})>")
_LONGEST_ID = 320  # characters
_LONGEST_PARAMETERS = 4_000  # characters


def raw_text(value: bytes, charset: str = "") -> str:
    """A field as it was sent, as text on one line; 8-bit letters are taken for UTF-8, or `charset`, or guessed."""
    return " ".join((value.decode("ascii") if value.isascii() else decode(value, charset)[0]).split())


def decoded(value: str) -> str:
    """A field's words with its encoded words read, cleaned."""
    if "=?" not in value:
        return clean_line(value)
    said: list[str] = []
    pending, charset, at = b"", "", 0
    for word in _ENCODED.finditer(value):
        between = value[at : word.start()]
        data = _bytes_of(word[2], word[3])
        # Words next to each other are one text: some cut a letter into two of them.
        if pending and (between.strip() or word[1].lower() != charset):
            said.append(decode(pending, charset)[0])
            pending = b""
        if between.strip() or not at:
            said.append(between)
        pending, charset, at = pending + data, word[1].lower(), word.end()
    said.append(decode(pending, charset)[0] if pending else "")
    return clean_line("".join([*said, value[at:]]))


def _bytes_of(encoding: str, text: str) -> bytes:
    if encoding in "bB":
        letters = re.sub(r"[^A-Za-z0-9+/]", "", text)
        try:
            return base64.b64decode(letters + "=" * (-len(letters) % 4))
        except (binascii.Error, ValueError):
            return base64.b64decode(letters[: len(letters) // 4 * 4])
    raw = text.replace("_", " ").encode("utf-8", "surrogatepass")
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), raw)


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=x` → ("text/plain", {"charset": "x"}); values in pieces are put together."""
    value = value[:_LONGEST_PARAMETERS]
    head, _, _ = value.partition(";")
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for found in _PARAMETER.finditer(value, len(head)):
        name = found[1].lower()
        said = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3].strip().strip("\"'")
        name, star, rest = name.partition("*")
        if not star:
            plain.setdefault(name, said)
            continue
        number = rest.rstrip("*")
        order = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
        pieces.setdefault(name, []).append((order, rest.endswith("*") or not rest, said))
    for name, parts in pieces.items():
        plain[name] = _together(sorted(parts))
    return head.strip().lower(), plain


def _together(parts: list[tuple[int, bool, str]]) -> str:
    charset, data = "", b""
    for index, (_, is_coded, said) in enumerate(parts):
        if is_coded and index == 0 and said.count("'") >= 2:
            charset, _, said = said.split("'", 2)
        data += unquote_to_bytes(said) if is_coded else said.encode("utf-8", "surrogatepass")
    return decode(data, charset)[0]


def date_of(value: str) -> datetime | None:
    """In UTC; None where there is no such day."""
    try:
        when = parsedate_to_datetime(value[:200])
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None
    return when if 1970 <= when.year < 2200 else None


def ids_of(value: str) -> list[str]:
    """The Message-IDs in a field, in brackets, each once; also those that came without."""
    found = ["".join(one.split()) for one in _ID.findall(value)]
    if not found and "@" in value:
        found = [word.strip("<>,;\"'") for word in value.split() if "@" in word[1:-1]]
    return list(dict.fromkeys(f"<{one}>" for one in found if one and len(one) <= _LONGEST_ID - 2))
