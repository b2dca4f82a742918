"""What the viewer was told, and which tickets they follow."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import refuse
from api.schema import READING, WRITING, operation
from api.serializers import NotificationFilters, NotificationOut, ReadIn, ReadOut, TicketOut
from api.views.base import Door, body, each, find_ticket, page, query, viewer
from api.views.tickets import answer
from tickets import actions
from tickets.queries.notifications import told_to, with_words


class Notifications(Door):
    @operation(
        "notifications_list",
        "List what you were told, the newest first",
        filters=NotificationFilters,
        answers={200: NotificationOut(many=True)},
        errors=READING,
        tag="notifications",
    )
    def get(self, request: Request) -> Response:
        """Only of tickets that you may still see, and of the kinds that you want to hear of."""
        told = told_to(viewer(request))
        if query(request, NotificationFilters).get("unread"):
            told = told.filter(read_at=None)
        return page(request, with_words(told).order_by("-created_at", "-id"), each(NotificationOut))


class ReadNotifications(Door):
    @operation(
        "notifications_read",
        "Mark notifications read",
        takes=ReadIn,
        answers={200: ReadOut},
        errors=WRITING,
        tag="notifications",
    )
    def post(self, request: Request) -> Response:
        """Those with these `ids`, or with `all` every one; reading a ticket reads what was told of it anyway."""
        wanted = body(request, ReadIn)
        if wanted.get("all") == ("ids" in wanted):
            raise refuse(ids="Give `ids`, or `all`.")
        count = actions.read_notifications(wanted.get("ids"), by=viewer(request))
        return Response({"read": count})


class Follow(Door):
    @operation(
        "tickets_follow",
        "Follow a ticket",
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """You are told of what happens on it from now on. It gives no right to see it."""
        ticket = find_ticket(request, number)
        actions.follow_ticket(ticket, by=viewer(request))
        return answer(ticket)


class Unfollow(Door):
    @operation(
        "tickets_unfollow",
        "Follow a ticket no longer",
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """You are still told of what concerns you on it."""
        ticket = find_ticket(request, number)
        actions.unfollow_ticket(ticket, by=viewer(request))
        return answer(ticket)
