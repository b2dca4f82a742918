"""A mail's bytes as a tree of parts. Linear in its length, whatever is in it; what is attached is not looked into.

The standard library's reader goes through a mail line by line and through all that is nested in it, which takes
seconds where somebody means harm; this one looks for the boundaries only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailroom.parsing.limits import TOO_DEEP, TOO_MANY_PARTS, Limits, TooMuchError
from mailroom.parsing.words import parameters, raw_text

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)\Z", re.DOTALL)
_ENVELOPE = re.compile(rb">?From \S")  # what mbox files begin with
_LINE = re.compile(rb"[^\n]*\n?")
_GUESSED_BOUNDARY = re.compile(rb"(?m)^--(\S[^\r\n]{0,198}?)[ \t]*\r?\ncontent-(?:type|transfer|disposition)", re.I)
_BEHIND_BOUNDARY = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}\Z")


@dataclass
class Part:
    """Of a multipart `parts` is what it consists of; of all others `body` is the content, still encoded."""

    headers: list[tuple[str, bytes]]
    body: bytes
    type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    is_header_cut: bool = False
    is_broken: bool = False

    def header(self, name: str) -> str:
        return next((raw_text(value) for found, value in self.headers if found == name), "")

    @property
    def main_type(self) -> str:
        return self.type.partition("/")[0]

    @property
    def disposition(self) -> str:
        return parameters(self.header("content-disposition"))[0]

    @property
    def encoding(self) -> str:
        return self.header("content-transfer-encoding").split(";")[0].strip(" \"'").lower()


def take_apart(raw: bytes, limits: Limits) -> Part:
    """Errors: TooMuchError."""
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    left = limits.parts

    def grow(data: bytes, default: str, depth: int) -> Part:
        nonlocal left
        left -= 1
        if left < 0:
            raise TooMuchError(TOO_MANY_PARTS)
        if depth > limits.depth:
            raise TooMuchError(TOO_DEEP)
        part = _part(data, default, limits)
        if part.main_type == "multipart":
            pieces = _pieces(part, limits.parts)
            part.body = part.body if part.type == "text/plain" else b""
            inner = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
            part.parts = [grow(piece, inner, depth + 1) for piece in pieces]
        return part

    return grow(raw, "text/plain", 0)


def _part(data: bytes, default: str, limits: Limits) -> Part:
    headers, at, is_cut = read_headers(data, limits)
    part = Part(headers, data[at:], default, is_header_cut=is_cut)
    said = part.header("content-type")
    if said:
        kind, part.parameters = parameters(said)
        kind = "".join(kind.split())
        part.type = kind if _TYPE.match(kind) else "text/plain"
        part.is_broken = part.type != kind
    elif _GUESSED_BOUNDARY.match(data, at):
        part.type = "multipart/mixed"
    return part


def read_headers(data: bytes, limits: Limits) -> tuple[list[tuple[str, bytes]], int, bool]:
    """The fields in order, names in lower case; where the body begins; whether there were more than are read."""
    found: list[tuple[str, list[bytes]]] = []
    at, is_cut = 0, False
    end = len(data)
    while at < end:
        line = _LINE.match(data, at)
        assert line is not None
        text = line[0].rstrip(b"\r\n")
        if not text.strip(b" \t") and (not text or found):
            at = line.end()
            break
        is_cut = is_cut or line.end() > limits.header_bytes or len(found) >= limits.headers
        if text[:1] in b" \t":
            if found and not is_cut:
                found[-1][1].append(text)
        elif (field_ := _FIELD.match(text)) is not None:
            if not is_cut:
                found.append((field_[1].decode("ascii").lower(), [field_[2]]))
        elif not (at == 0 and _ENVELOPE.match(text)) and not _goes_on(data, line.end(), bool(found)):
            break  # no header: the body begins, without the empty line
        at = line.end()
    return [(name, b"\n".join(lines)) for name, lines in found], at, is_cut


def _goes_on(data: bytes, at: int, is_begun: bool) -> bool:
    """Whether a line that is no field stands between fields."""
    line = data[at : at + 1000].split(b"\n", 1)[0].rstrip(b"\r")
    return is_begun and bool(_FIELD.match(line)) and b" " not in line.split(b":", 1)[0]


def _pieces(part: Part, most: int) -> list[bytes]:
    """What is between the boundaries. One that is missing or wrong is guessed; without any, it is one text."""
    body = part.body
    boundary = part.parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
    pieces = _between(body, boundary, most) if boundary else []
    if not pieces and (guessed := _GUESSED_BOUNDARY.search(body)):
        part.is_broken = True
        pieces = _between(body, guessed[1], most)
    if not pieces:
        part.type, part.is_broken = "text/plain", True
    return pieces


def _between(body: bytes, boundary: bytes, most: int) -> list[bytes]:
    pieces: list[bytes] = []
    begun = -1
    for start, end, is_last in _marks(body, b"--" + boundary):
        if begun >= 0:
            pieces.append(_without_last_line_end(body[begun:start]))
        begun = -1 if is_last else end
        if is_last and pieces:
            break
        if len(pieces) > most:
            raise TooMuchError(TOO_MANY_PARTS)
    if begun >= 0:
        pieces.append(body[begun:])  # never closed: it was cut off
    return [piece for piece in pieces if piece.strip()]


def _marks(body: bytes, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where the lines of a boundary begin and end, and whether each is a closing one."""
    at = body.find(mark)
    while at >= 0:
        behind = _BEHIND_BOUNDARY.match(body, at + len(mark))
        if behind and (at == 0 or body[at - 1 : at] == b"\n"):
            yield at, behind.end(), behind[1] is not None
        at = body.find(mark, at + len(mark))


def _without_last_line_end(data: bytes) -> bytes:
    return data[:-2] if data.endswith(b"\r\n") else data.removesuffix(b"\n")
