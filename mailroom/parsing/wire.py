"""A mail that was read, as bytes and back. No pickle: the process that wrote them has read what a stranger sent."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from mailroom.parsing.parsed import File, Parsed, Person

_LENGTH = struct.Struct(">I")
_PEOPLE = ("senders", "reply_to", "to", "cc")
_LISTS = ("in_reply_to", "references", "notes")
_HEADERS = ("headers", "reported_headers")


def pack(parsed: Parsed) -> bytes:
    """A length, JSON, and the contents of the files one after another."""
    slim = asdict(replace(parsed, files=tuple(replace(file, data=b"") for file in parsed.files)))
    slim["sent_at"] = parsed.sent_at.isoformat() if parsed.sent_at else None
    for file, whole in zip(slim["files"], parsed.files, strict=True):
        file["data"] = len(whole.data)
    head = json.dumps(slim, ensure_ascii=True).encode("ascii")
    return b"".join([_LENGTH.pack(len(head)), head, *(file.data for file in parsed.files)])


def unpack(packed: bytes) -> Parsed:
    """Errors: ValueError, KeyError or TypeError if it is none."""
    if len(packed) < _LENGTH.size:
        raise ValueError("cut off")
    end = _LENGTH.size + _LENGTH.unpack_from(packed)[0]
    said: dict[str, Any] = json.loads(packed[_LENGTH.size : end])
    files = []
    for file in said["files"]:
        data, end = packed[end : end + file["data"]], end + file["data"]
        files.append(File(**{**file, "data": data}))
    if end != len(packed):
        raise ValueError("the files are not as long as they should be")
    said.update({name: tuple(Person(**person) for person in said[name]) for name in _PEOPLE})
    said.update({name: tuple(said[name]) for name in _LISTS})
    said.update({name: {key: tuple(many) for key, many in said[name].items()} for name in _HEADERS})
    said["sent_at"] = datetime.fromisoformat(said["sent_at"]) if said["sent_at"] else None
    said["report"] = tuple((name, value) for name, value in said["report"])
    return Parsed(**{**said, "files": tuple(files)})
