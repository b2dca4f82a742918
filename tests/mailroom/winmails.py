"""Small winmail.dat files, as Outlook packs them, for tests."""

from __future__ import annotations

import struct


def _attribute(level: int, name: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def winmail(name: bytes = b"a.txt", content: bytes = b"inside", *, count: int = 0, inner: bytes = b"") -> bytes:
    """One file. `count` is how many properties it says to have; `inner` is what stands there."""
    parts = [
        struct.pack("<IH", 0x223E9F78, 1),
        _attribute(1, 0x9006, 8, struct.pack("<I", 0x10000)),
        _attribute(1, 0x9007, 6, struct.pack("<II", 1252, 0)),
    ]
    if count or inner:
        parts.append(_attribute(1, 0x9003, 6, struct.pack("<I", count) + inner))
    parts += [
        _attribute(2, 0x9002, 6, b"\0" * 14),
        _attribute(2, 0x8010, 1, name + b"\0"),
        _attribute(2, 0x800F, 6, content),
    ]
    return b"".join(parts)
