"""The frames of the two sockets: what may come in, and what it must look like (docs/protocol.md)."""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

from django.conf import settings

from chat.browsers import Page, page_at
from tickets.actions.attaching import MAX_FILES

MAX_FRAME_BYTES = 64 * 1024
MAX_DEPTH = 10
MAX_SEQ = 2**53  # what a browser's number can hold
MAX_URL_CHARS = 8192  # of an address or a title as it comes


class FrameError(Exception):
    """What is wrong with a frame; becomes an `error` frame. `code` is one of the contract's."""

    def __init__(self, code: str, detail: str, client_id: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.client_id = client_id

    def as_frame(self) -> dict[str, Any]:
        frame = {"type": "error", "code": self.code, "detail": self.detail}
        return frame | ({"client_id": self.client_id} if self.client_id else {})


def parse(text: str | None) -> dict[str, Any]:
    """A frame's fields. Errors: FrameError with code `bad_json`, `too_long` or `invalid`."""
    if text is None:
        raise FrameError("bad_json", "Frames are JSON text.")
    frame = parse_object(text.encode("utf-8", "surrogatepass"))
    if not isinstance(frame.get("type"), str):
        raise FrameError("invalid", "A frame has a type.")
    return frame


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object from outside. Errors: FrameError with code `bad_json`, `too_long` or `invalid`."""
    if len(raw) > MAX_FRAME_BYTES:
        raise FrameError("too_long", f"{MAX_FRAME_BYTES // 1024} KiB at most.")
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        raise FrameError("bad_json", "This is not JSON.") from None
    if not isinstance(fields, dict):
        raise FrameError("invalid", "This must be a JSON object.")
    if _depth(fields) > MAX_DEPTH:
        raise FrameError("invalid", f"{MAX_DEPTH} levels deep at most.")
    return fields


def _depth(value: Any) -> int:
    """How deep a parsed value nests, without recursing into it further than needed."""
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        inner = [item for item in level if isinstance(item, dict | list)]
        level = [child for item in inner for child in (item.values() if isinstance(item, dict) else item)]
        depth += bool(inner)
    return depth


def text_field(frame: dict[str, Any], name: str, *, limit: int, required: bool = True) -> str:
    """A field that must be text, at most `limit` characters. Errors: FrameError `invalid` or `too_long`."""
    value = frame.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value):
        raise FrameError("invalid", f"`{name}` must be text.", client_id_of(frame))
    if len(value) > limit:
        raise FrameError("too_long", f"`{name}` has {limit:,} characters at most.", client_id_of(frame))
    return _clean(value)


def _clean(text: str) -> str:
    """Without NUL and lone surrogates: Postgres stores neither, and neither is text."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def seq_field(frame: dict[str, Any], name: str) -> int:
    """A field that must be a whole number from 0. Errors: FrameError `invalid`."""
    value = frame.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SEQ:
        raise FrameError("invalid", f"`{name}` must be a whole number.", client_id_of(frame))
    return value


def cursors_field(frame: dict[str, Any], name: str, *, limit: int) -> dict[str, int]:
    """A field {"<ref>": SEQ}; missing means none. Errors: FrameError `invalid`."""
    value = frame.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > limit:
        raise FrameError("invalid", f"`{name}` must map at most {limit} references to numbers.")
    return {_clean(ref): seq_field(value, ref) for ref in value}


def refs_field(frame: dict[str, Any], name: str, *, limit: int) -> list[str]:
    """A field that must be a list of references. Errors: FrameError `invalid`."""
    value = frame.get(name)
    if not isinstance(value, list) or len(value) > limit or not all(isinstance(ref, str) for ref in value):
        raise FrameError("invalid", f"`{name}` must list at most {limit} references.")
    return [_clean(ref) for ref in value]


class Words(NamedTuple):
    """What somebody says: text, files by their ids, or both. `client_id` is the sender's own id for it."""

    client_id: str
    body: str
    attachments: tuple[str, ...]


def words_of(frame: dict[str, Any]) -> Words:
    """The words of a frame or of a body. Errors: FrameError `invalid` or `too_long`."""
    client_id = text_field(frame, "client_id", limit=64)
    attachments = files_field(frame, "attachments", limit=MAX_FILES)
    body = text_field(frame, "body", limit=settings.MESSAGE_MAX_CHARS, required=not attachments)
    return Words(client_id, body, attachments)


def files_field(frame: dict[str, Any], name: str, *, limit: int) -> tuple[str, ...]:
    """A field that must list ids of files, each once; missing means none. Errors: FrameError `invalid`."""
    value = frame.get(name)
    if value is None:
        return ()
    wrong = FrameError("invalid", f"`{name}` must list at most {limit} ids of files.", client_id_of(frame))
    if not isinstance(value, list) or len(value) > limit or not all(isinstance(one, str) for one in value):
        raise wrong
    try:
        return tuple(dict.fromkeys(str(uuid.UUID(one)) for one in value))
    except ValueError:
        raise wrong from None


def page_of(frame: dict[str, Any]) -> Page | None:
    """The page of `url` and `title`; None if it is none that may be kept. Errors: FrameError `invalid`, `too_long`."""
    url = text_field(frame, "url", limit=MAX_URL_CHARS, required=False)
    return page_at(url, text_field(frame, "title", limit=MAX_URL_CHARS, required=False))


def page_field(frame: dict[str, Any], name: str) -> Page | None:
    """A field that may have a page {"url", "title"?}. Errors: FrameError `invalid` or `too_long`."""
    value = frame.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise FrameError("invalid", f"`{name}` must have an address and a title.")
    return page_of(value)


def flag_field(frame: dict[str, Any], name: str) -> bool | None:
    """A field that may be true or false; None if it is missing. Errors: FrameError `invalid`."""
    value = frame.get(name)
    if value is not None and not isinstance(value, bool):
        raise FrameError("invalid", f"`{name}` is true or false.")
    return value


def client_id_of(frame: dict[str, Any]) -> str | None:
    """The sender's id of a frame as it may be told back, if it has one that could be one."""
    value = frame.get("client_id")
    return _clean(value) if isinstance(value, str) and len(value) <= 64 else None
