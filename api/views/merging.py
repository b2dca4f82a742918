"""Tickets that are one: merge, undo."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import refuse
from api.schema import WRITING, operation
from api.serializers import MergeIn, TicketOut
from api.views.base import Door, body, find_ticket, viewer
from api.views.tickets import answer
from tickets import actions
from tickets.models import Ticket


class Merge(Door):
    @operation(
        "tickets_merge",
        "Merge a ticket into another one of the same customer",
        takes=MergeIn,
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """Answers with the ticket that goes on: it shows both, and what is posted to the other one arrives there."""
        ticket, wanted = find_ticket(request, number), body(request, MergeIn)
        into = Ticket.objects.visible_to(viewer(request)).filter(pk=wanted["into"]).first()
        if into is None:
            raise refuse(into="There is no such ticket.")
        return answer(actions.merge_ticket(ticket, by=viewer(request), into=into))


class Unmerge(Door):
    @operation(
        "tickets_unmerge",
        "Undo the merge of a ticket",
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """Answers with the ticket as it was before. A ticket that is merged into none answers 400."""
        return answer(actions.undo_merge(find_ticket(request, number), by=viewer(request)))
