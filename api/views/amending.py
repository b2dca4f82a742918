"""What was said is changed: a note by its author; passages and files are taken out for good."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import WRITING, operation
from api.serializers import AuthoredMessageOut, NoteChangeIn, RedactIn
from api.views.base import Door, body, find_ticket, found, viewer
from api.views.timeline import described
from tickets import actions
from tickets.models import Attachment, Message


class OneMessage(Door):
    @operation(
        "messages_edit",
        "Edit a note of your own",
        takes=NoteChangeIn,
        answers={200: AuthoredMessageOut},
        errors=[*WRITING, 404],
        tag="messages",
    )
    def patch(self, request: Request, number: int, pk: int) -> Response:
        """Notes only, and only its author. Say with `changed_at` which words you have seen (of one of which something
        was blacked out you must): if they are not the newest, the answer is 409 and nothing has changed. What the note
        said before is not kept."""
        message, wanted = _message(request, number, pk), body(request, NoteChangeIn)
        seen = None
        if "changed_at" in wanted or message.redacted_at is not None:
            is_newest = _millis(wanted.get("changed_at")) == _millis(_changed_at(message))
            seen = message.version if is_newest else "older"
        edited = actions.edit_note(message, by=viewer(request), body=wanted["body"], version=seen)
        return Response(described(edited, viewer(request)))


class Redact(Door):
    @operation(
        "messages_redact",
        "Black out passages of a message, for good",
        takes=RedactIn,
        answers={200: AuthoredMessageOut},
        errors=[*WRITING, 404],
        tag="messages",
    )
    def post(self, request: Request, number: int, pk: int) -> Response:
        """Each passage stands in the message exactly as you give it. It goes from wherever the desk keeps it, and from
        the customer's chat. This cannot be undone."""
        message, wanted = _message(request, number, pk), body(request, RedactIn)
        redacted = actions.redact_message(message, by=viewer(request), passages=wanted["passages"])
        return Response(described(redacted, viewer(request)))


class RemoveFile(Door):
    @operation(
        "files_remove",
        "Delete what a sent file holds, for good",
        answers={200: AuthoredMessageOut},
        errors=[*WRITING, 404],
        tag="messages",
    )
    def post(self, request: Request, number: int, file: UUID) -> Response:
        """Answers with its message. Removing it twice is harmless."""
        ticket = find_ticket(request, number)
        sent = Attachment.objects.visible_to(viewer(request)).filter(message__ticket=ticket)
        removed = actions.remove_file(found(sent.select_related("message").filter(pk=file)), by=viewer(request))
        assert removed.message_id is not None
        return Response(described(_message(request, number, removed.message_id), viewer(request)))


def _message(request: Request, number: int, pk: int) -> Message:
    mine = Message.objects.visible_to(viewer(request)).filter(ticket=find_ticket(request, number))
    return found(mine.select_related("by_user", "by_customer").filter(pk=pk))


def _changed_at(message: Message) -> datetime | None:
    return max(filter(None, (message.edited_at, message.redacted_at)), default=None)


def _millis(at: datetime | None) -> int | None:
    """As times are told."""
    return int(at.timestamp() * 1000) if at else None
