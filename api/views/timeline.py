"""What is said on a ticket, and what happens to it."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from api.errors import Conflict
from api.schema import READING, WRITING, operation
from api.serializers import AuthoredMessageOut, EventFilters, EventOut, MessageIn, NoFilters
from api.views.base import Door, body, find_ticket, page, query, viewer
from tickets import actions
from tickets.models import Event, Message
from tickets.serializers import author_json, event_json, message_json


class Messages(Door):
    @operation(
        "messages_list",
        "List a ticket's messages and notes, the oldest first",
        answers={200: AuthoredMessageOut(many=True)},
        errors=[*READING, 404],
        tag="messages",
    )
    def get(self, request: Request, number: int) -> Response:
        ticket = find_ticket(request, number)
        query(request, NoFilters)
        rows = Message.objects.visible_to(viewer(request)).filter(ticket=ticket)
        rows = rows.select_related("by_user", "by_customer").prefetch_related("attachments")
        return page(
            request, rows.order_by("id"), lambda found: [described(message, viewer(request)) for message in found]
        )

    @operation(
        "messages_post",
        "Answer the customer, or write a note for the team",
        takes=MessageIn,
        answers={200: AuthoredMessageOut, 201: AuthoredMessageOut},
        errors=[*WRITING, 404],
        tag="messages",
    )
    def post(self, request: Request, number: int) -> Response:
        """Give a `client_id` and it is harmless to send again: the first message is answered, with 200.

        The same `client_id` with other words, another kind or on another ticket answers 409. What is posted to a
        merged ticket arrives on the one that goes on for it.
        """
        ticket = find_ticket(request, number)
        wanted = body(request, MessageIn)
        client_id = wanted["client_id"]
        is_known = bool(client_id) and Message.objects.filter(by_user=viewer(request), client_id=client_id).exists()
        files = tuple(str(pk) for pk in wanted.pop("attachments", []))
        message = actions.post_message(ticket, by=viewer(request), attachments=files, **wanted)
        if message.ticket_id != ticket.pk and ticket.merged_into_id is None:
            raise Conflict("This id was used for a message on another ticket.")
        return Response(described(message, viewer(request)), status=200 if is_known else 201)


class Events(Door):
    @operation(
        "events_list",
        "List what happened to a ticket since, the oldest first",
        filters=EventFilters,
        answers={200: EventOut(many=True)},
        errors=[*READING, 404],
        tag="messages",
    )
    def get(self, request: Request, number: int) -> Response:
        """Ask with `after` set to the last `seq` you have; an event's `prev` is that of the one before it."""
        ticket = find_ticket(request, number)
        after = query(request, EventFilters)["after"]
        rows = Event.objects.visible_to(viewer(request)).filter(ticket=ticket).after(after).with_details()
        return page(request, rows.order_by("seq"), lambda found: [entry(event, viewer(request)) for event in found])


def described(message: Message, to: User) -> dict[str, Any]:
    return message_json(message) | {"by": author_json(message, to)}


def entry(event: Event, to: User) -> dict[str, Any]:
    return {"seq": event.seq, "prev": event.prev} | event_json(event, to)
