"""Events and messages as JSON: the same words on the sockets and in the API (docs/protocol.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from accounts.models import User
from customers.models import Customer

from tickets.models import Attachment, Event, Message

# What a customer may learn of an event beyond that it happened. Everything else is the team's.
_PUBLIC_DATA: dict[str, set[str]] = {"ticket.opened": {"channel"}}


def iso(at: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond, as every program of ours writes times."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_json(event: Event, viewer: User | Customer) -> dict[str, Any]:
    """An event as `viewer` may see it; fetch it through `visible_to` and with `with_details()`.

    Keys: type, at, by, data, and `message` where it has one.
    """
    data = event.data
    if isinstance(viewer, Customer):
        data = {key: value for key, value in data.items() if key in _PUBLIC_DATA.get(event.type, ())}
    described = {"type": event.type, "at": iso(event.at), "by": author_json(event, viewer), "data": data}
    if event.message is not None:
        described["message"] = message_json(event.message)
    return described


def author_json(thing: Event | Message, viewer: User | Customer) -> dict[str, Any]:
    """Who did it: {"kind": agent|customer|system, "name", "initials", "you"}. A customer learns first names only."""
    by = thing.by
    if by is None:
        return {"kind": "system", "name": "", "initials": "", "you": False}
    is_you = type(by) is type(viewer) and by.pk == viewer.pk
    if isinstance(by, User):
        name = by.name if isinstance(viewer, User) else by.short_name
        return {"kind": "agent", "name": name, "initials": by.initials, "you": is_you}
    name = by.name or "Visitor"
    return {"kind": "customer", "name": name, "initials": by.initials if by.name else "V", "you": is_you}


def message_json(message: Message) -> dict[str, Any]:
    """A message: {"id", "kind", "body", "client_id", "created_at"}."""
    return {
        "id": message.pk,
        "kind": message.kind,
        "body": message.body,
        "client_id": message.client_id or None,
        "created_at": iso(message.created_at),
    }


def attachment_json(attachment: Attachment) -> dict[str, Any]:
    """A file: {"id", "name", "size" in bytes, "type"}."""
    return {
        "id": str(attachment.pk),
        "name": attachment.name,
        "size": attachment.size,
        "type": attachment.type,
    }
