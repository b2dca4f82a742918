"""Macros: the words and steps that agents use again and again, and their steps done on a ticket."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import READING, WRITING, operation
from api.serializers import MacroFilters, MacroIn, MacroOut, TicketOut
from api.views.base import Door, body, each, find_ticket, found, known, one, page, query, viewer
from api.views.tickets import answer
from tickets import actions
from tickets.models import Macro
from tickets.queries.macros import find_macros


class Macros(Door):
    @operation(
        "macros_list",
        "List macros",
        filters=MacroFilters,
        answers={200: MacroOut(many=True)},
        errors=READING,
        tag="desk",
    )
    def get(self, request: Request) -> Response:
        """Your own, your teams' and everybody's."""
        wanted = query(request, MacroFilters)
        return page(request, find_macros(viewer(request), wanted.get("q", "")).order_by("id"), each(MacroOut))


class OneMacro(Door):
    @operation("macros_read", "Read a macro", answers={200: MacroOut}, errors=[*READING, 404], tag="desk")
    def get(self, request: Request, pk: int) -> Response:
        return one(MacroOut, found(Macro.objects.visible_to(viewer(request)).select_related("team").filter(pk=pk)))


class ApplyMacro(Door):
    @operation(
        "tickets_apply_macro",
        "Do what a macro does",
        takes=MacroIn,
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """All of its steps or none, with your rights. Its words are not sent: post them as a message if you mean them.

        The same `client_id` again adds no second note.
        """
        ticket, wanted = find_ticket(request, number), body(request, MacroIn)
        macro = known(Macro.objects.visible_to(viewer(request)), wanted["macro"], "macro")
        client_id = wanted.get("client_id", "")
        return answer(actions.apply_macro(ticket, by=viewer(request), macro=macro, client_id=client_id))
