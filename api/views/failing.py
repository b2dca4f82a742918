"""What went wrong on a ticket, for programs."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import READING, WRITING, operation
from api.serializers.failing import FailureIn, GapOut, HassleDismissalIn, HassleMarkIn
from api.views.base import Door, body, find_ticket, found, one, viewer
from recovery import actions
from recovery.gap import suggested_loss
from recovery.queries.gap import gap_of, seen_gap
from tickets.models import Event, Message, Ticket


class OneFailure(Door):
    @operation(
        "failure_read",
        "Read what went wrong on a ticket, and what is missing",
        answers={200: GapOut},
        errors=[*READING, 403, 404],
        tag="recovery",
    )
    def get(self, request: Request, number: int) -> Response:
        """With the hassle part by part, and for each the events that show it."""
        return _gap(request, find_ticket(request, number))

    @operation(
        "failure_note",
        "Note what went wrong on a ticket, or say it better",
        takes=FailureIn,
        answers={200: GapOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, number: int) -> Response:
        """All of it is said anew; to say the same again changes nothing."""
        ticket, wanted = find_ticket(request, number), body(request, FailureIn)
        wanted.setdefault("loss", suggested_loss(wanted["value"], wanted["severity"], wanted["currency"]))
        actions.note_failure(ticket, by=viewer(request), **wanted)
        return _gap(request, ticket)


class WithdrawFailure(Door):
    @operation(
        "failure_withdraw",
        "Say that nothing went wrong after all",
        answers={200: GapOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, number: int) -> Response:
        """Harmless where nothing was noted; 409 while an offer stands for it."""
        ticket = find_ticket(request, number)
        actions.withdraw_failure(ticket, by=viewer(request))
        return _gap(request, ticket)


class MarkHassle(Door):
    @operation(
        "hassle_mark",
        "Mark a trip for nothing, or that they were asked the same twice",
        takes=HassleMarkIn,
        answers={200: GapOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, number: int, pk: int) -> Response:
        """What a message of the ticket shows and no event tells. Marking twice is harmless."""
        ticket, wanted = find_ticket(request, number), body(request, HassleMarkIn)
        message = found(Message.objects.visible_to(viewer(request)).filter(pk=pk, ticket=ticket))
        change = actions.mark_hassle if wanted["is_marked"] else actions.unmark_hassle
        change(message, by=viewer(request), part=wanted["part"])
        return _gap(request, ticket)


class DismissHassle(Door):
    @operation(
        "hassle_dismiss",
        "Say that a counted part of the hassle was none",
        takes=HassleDismissalIn,
        answers={200: GapOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, number: int) -> Response:
        """It did not happen, or was no trouble: with a `reason`. It stays in `evidence` and counts nothing."""
        ticket, wanted = find_ticket(request, number), body(request, HassleDismissalIn)
        events = Event.objects.visible_to(viewer(request)).filter(ticket=ticket, seq=wanted["seq"])
        event, by, part = found(events.select_related("ticket")), viewer(request), wanted["part"]
        if wanted["is_dismissed"]:
            actions.dismiss_hassle(event, by=by, part=part, reason=wanted["reason"])
        else:
            actions.restore_hassle(event, by=by, part=part)
        return _gap(request, ticket)


def _gap(request: Request, ticket: Ticket) -> Response:
    """The gap as this viewer may see it."""
    return one(GapOut, seen_gap(gap_of(ticket, now=timezone.now()), viewer(request)))
