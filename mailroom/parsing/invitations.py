"""What a calendar invitation says, in one line."""

from __future__ import annotations

import re

from mailroom.parsing.charsets import clean_line

_PROPERTY = re.compile(r"([A-Za-z-]{1,40})(?:;[^:\n]{0,200})?:(.{0,500})")
_LONGEST = 64_000  # characters that are read


def line_of(text: str) -> str:
    """`Summary, 2026-11-30 14:00, Place`: what there is of it. The times are those of the invitation."""
    text = re.sub(r"\r?\n[ \t]", "", text[:_LONGEST])
    _, begins, event = text.partition("BEGIN:VEVENT")
    if not begins:
        return ""
    said: dict[str, str] = {}
    for line in event.partition("END:VEVENT")[0].splitlines():
        found = _PROPERTY.match(line)
        if found:
            said.setdefault(found[1].upper(), found[2])
    method = re.search(r"(?m)^METHOD:(\w{1,20})", text)
    parts = [_plain(said.get("SUMMARY", "")), _time(said.get("DTSTART", "")), _plain(said.get("LOCATION", ""))]
    if method and method[1].upper() == "CANCEL":
        parts.insert(0, "CANCEL")
    return clean_line(", ".join(part for part in parts if part))[:200]


def _plain(value: str) -> str:
    return re.sub(r"\\([,;\\])", r"\1", value.replace("\\n", " ").replace("\\N", " ")).strip()[:100]


def _time(value: str) -> str:
    found = re.match(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d))?\d{0,2}(Z?)", value)
    if not found:
        return ""
    year, month, day, hour, minute, zone = found.groups()
    return f"{year}-{month}-{day}" + (f" {hour}:{minute}" if hour else "") + (" UTC" if zone else "")
