"""Tickets are put away for a while, and brought back."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import refuse
from api.schema import WRITING, operation
from api.serializers import SnoozeIn, TicketOut
from api.views.base import Door, body, find_ticket, viewer
from api.views.tickets import answer
from tickets import actions, when


class Snooze(Door):
    @operation(
        "tickets_snooze",
        "Put a ticket away until a time, or until they reply",
        takes=SnoozeIn,
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """A customer who writes brings it back in any case. A ticket that is solved answers 400."""
        ticket = find_ticket(request, number)
        until = body(request, SnoozeIn)["until"]
        wake = when.Wake(None)
        if until is not None:
            found = when.read(until, now=timezone.now(), zone=viewer(request).zone)
            if found is None:
                raise refuse(until="This is no time within the next two years.")
            wake = found
        return answer(actions.snooze_ticket(ticket, by=viewer(request), until=wake.at))


class Wake(Door):
    @operation(
        "tickets_wake",
        "Bring a snoozed ticket back",
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """One that is not snoozed stays as it is."""
        return answer(actions.wake_ticket(find_ticket(request, number), by=viewer(request)))
