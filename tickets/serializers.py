"""Events and messages as JSON: the same words on the sockets and in the API (docs/protocol.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from accounts.models import User, initials_of
from customers.models import Customer
from tickets.formatting import to_html
from tickets.models import Attachment, Event, Message

# What a customer may learn of an event beyond that it happened. Everything else is the team's.
_PUBLIC_DATA: dict[str, set[str]] = {
    "ticket.opened": {"channel"},
    "rating.given": {"score"},
    "message.redacted": {"seq"},
    "file.removed": {"seq"},
}


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
    """Who did it, as `person_json`."""
    return person_json(thing.by, viewer)


def person_json(person: User | Customer | None, viewer: User | Customer | None) -> dict[str, Any]:
    """{"kind": agent|customer|system, "name", "initials", "picture": path or None, "you"}.

    Only people here learn each other's full names; customers learn what each of us chose to be called.
    """
    if person is None:
        return {"kind": "system", "name": "", "initials": "", "picture": None, "you": False}
    is_you = type(person) is type(viewer) and viewer is not None and person.pk == viewer.pk
    if isinstance(person, User):
        name = person.name if isinstance(viewer, User) else person.face_name
        initials, picture = person.initials, person.picture_path
        return {"kind": "agent", "name": name, "initials": initials, "picture": picture, "you": is_you}
    # The name only: its addresses would cost a query, and a guest's neighbour has no business with them.
    return {
        "kind": "customer",
        "name": person.name or "Visitor",
        "initials": initials_of(person.name or "Visitor"),
        "picture": None,
        "you": is_you,
    }


def message_json(message: Message) -> dict[str, Any]:
    """A message: {"id", "kind", "body", "format", "client_id", "created_at", "edited_at", "redacted_at", "attachments":
    [`attachment_json`, …]}; the two times are None where its words are those that were sent. What is Markdown has
    "html", too."""
    described = {
        "id": message.pk,
        "kind": message.kind,
        "body": message.body,
        "format": message.format,
        "client_id": message.client_id or None,
        "created_at": iso(message.created_at),
        "edited_at": iso(message.edited_at) if message.edited_at else None,
        "redacted_at": iso(message.redacted_at) if message.redacted_at else None,
        "attachments": [attachment_json(attachment) for attachment in message.attachments.all()],
    }
    return described | ({"html": str(to_html(message.body))} if message.is_markdown else {})


def attachment_json(attachment: Attachment) -> dict[str, Any]:
    """A file: {"id", "name", "size" in bytes, "type", "image", "removed_at"}; `image` only of a picture that we made
    anew, `removed_at` where what it held was deleted."""
    size = {"width": attachment.width, "height": attachment.height}
    return {
        "id": str(attachment.pk),
        "name": attachment.name,
        "size": attachment.size,
        "type": attachment.type,
        "image": size if attachment.width else None,
        "removed_at": iso(attachment.removed_at) if attachment.removed_at else None,
    }
