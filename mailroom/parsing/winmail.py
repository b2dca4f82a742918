"""What Outlook packs into winmail.dat (TNEF): files, and sometimes the text."""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass, field

from tnefparse import TNEF  # type: ignore[import-untyped]

from mailroom.parsing.charsets import decode

_LARGEST = 20 * 1024 * 1024  # bytes
_MOST_OBJECTS = 500
_MOST_PROPERTIES = 2_000  # of one object
_SIGNATURE = b"\x78\x9f\x3e\x22"
_WITH_PROPERTIES = {0x9003, 0x9005}  # attMAPIProps, attAttachment

logging.getLogger("tnefparse").setLevel(logging.CRITICAL)  # it complains of each broken byte


@dataclass(frozen=True)
class Winmail:
    text: str = ""
    html: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list)


def is_winmail(kind: str, name: str) -> bool:
    return kind in ("application/ms-tnef", "application/vnd.ms-tnef") or name.lower() == "winmail.dat"


def open_winmail(data: bytes, most: int) -> Winmail | None:
    """None if it cannot be opened, or says of itself that it holds more than it can."""
    if not data.startswith(_SIGNATURE) or len(data) > _LARGEST or not _is_plausible(data):
        return None
    try:
        opened = TNEF(data, do_checksum=False)
        files = [_file(attachment, number) for number, attachment in enumerate(opened.attachments[:most], 1)]
        text, html = _text(opened.body, opened.codepage), _text(opened.htmlbody, opened.codepage)
    except Exception:  # noqa: BLE001  (it raises whatever a broken file makes it trip over)
        return None
    files = [file for file in files if file[1]]
    return Winmail(text, html, files) if files or text or html else None


def _is_plausible(data: bytes) -> bool:
    """Whether the counts in it can be true: what opens it believes them, and counts to four billion."""
    at, objects = 6, 0
    while at + 12 < len(data):
        name = struct.unpack_from("<H", data, at + 1)[0]
        length = struct.unpack_from("<I", data, at + 5)[0]
        if name in _WITH_PROPERTIES and at + 13 <= len(data):
            count = struct.unpack_from("<I", data, at + 9)[0]
            if count > min(length, _MOST_PROPERTIES):
                return False
        objects += 1
        at += length + 11
    return objects <= _MOST_OBJECTS


def _file(attachment: object, number: int) -> tuple[str, bytes]:
    name = attachment.long_filename()  # type: ignore[attr-defined]
    if isinstance(name, bytes):
        name = decode(name)[0]
    content = attachment.data  # type: ignore[attr-defined]
    return str(name or f"file-{number}").strip("\0 "), bytes(content) if isinstance(content, bytes) else b""


def _text(said: object, codepage: str | None) -> str:
    if isinstance(said, list):
        said = next(iter(said), "")
    return (decode(said, codepage or "")[0] if isinstance(said, bytes) else str(said or "")).strip("\0")
