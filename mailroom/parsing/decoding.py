"""Content as it was before it was packed for the way: base64, quoted-printable, uuencode; also damaged."""

from __future__ import annotations

import base64
import binascii
import re
from quopri import decodestring

_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]*\Z")
_BASE64_LINES = re.compile(rb"(?:[A-Za-z0-9+/=]*[ \t]*\r?\n)*")
_NO_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_UU_BEGINS = re.compile(rb"(?m)^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,250})\r?\n")
_LINES = re.compile(rb"[^\n]*\n|[^\n]+")
_UU_NAMES = {"x-uuencode", "uuencode", "x-uue", "uue"}
_NONE = {"", "7bit", "8bit", "binary"}


def decode_body(body: bytes, encoding: str, *, is_text: bool) -> tuple[bytes, bool]:
    """The content, and whether it was whole. What is not what it is said to be stays as it is."""
    if encoding in _NONE:
        return body, True
    if encoding == "base64":
        return _from_base64(body, is_text=is_text)
    if encoding == "quoted-printable":
        return decodestring(body), True
    if encoding in _UU_NAMES:
        begins = _UU_BEGINS.search(body)
        return (_from_uu(body, begins.end())[0], True) if begins else (body, False)
    return body, False


def _from_base64(body: bytes, *, is_text: bool) -> tuple[bytes, bool]:
    if _BASE64.match(body):
        return _of_letters(body), len(body.translate(None, _NO_BASE64 + b"=")) % 4 != 1
    if not is_text:
        return _of_letters(body), False
    # A list's footer behind the text; or plain words that are only said to be base64.
    lines = _BASE64_LINES.match(body)
    end = lines.end() if lines else 0
    letters = len(body[:end].translate(None, _NO_BASE64))
    if not letters or letters % 4:
        return body, False
    return _of_letters(body[:end]) + b"\n" + body[end:], False


def _of_letters(data: bytes) -> bytes:
    letters = data.translate(None, _NO_BASE64)
    whole = [_of_segment(part) for part in letters.split(b"=") if part] if b"=" in letters else [_of_segment(letters)]
    return b"".join(whole)


def _of_segment(letters: bytes) -> bytes:
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    try:
        return base64.b64decode(letters + b"=" * (-len(letters) % 4))
    except (binascii.Error, ValueError):
        return b""


def uu_files(body: bytes, most: int) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Files that stand in a text as `begin 644 name … end`, and the text without them."""
    kept, files, at = [], [], 0
    for tried, begins in enumerate(_UU_BEGINS.finditer(body)):
        if tried >= most:
            break
        if begins.start() < at:
            continue
        data, end = _from_uu(body, begins.end())
        if data:
            kept.append(body[at : begins.start()])
            at = end
            files.append((begins[1].decode("utf-8", "replace").strip(), data))
    return b"".join([*kept, body[at:]]), files


def _from_uu(body: bytes, at: int) -> tuple[bytes, int]:
    """The bytes of the lines from here on, and where they end."""
    data: list[bytes] = []
    for line in _LINES.finditer(body, at):
        text = line[0].rstrip(b"\r\n")
        if text in (b"end", b"===="):
            return b"".join(data), line.end()
        try:
            data.append(binascii.a2b_uu(text))
        except (binascii.Error, ValueError):
            try:  # written by programs that pad lines too long
                data.append(binascii.a2b_uu(text[: (((text[0] - 32) & 63) * 4 + 5) // 3]))
            except (binascii.Error, ValueError, IndexError):
                break
        at = line.end()
    return b"".join(data), at
