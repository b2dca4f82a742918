"""Follow-ups: a message or a task on a ticket, at its time."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from api.errors import refuse
from api.schema import READING, WRITING, operation
from api.serializers import FollowUpChangeIn, FollowUpFilters, FollowUpIn, FollowUpOut, FollowUpTemplateOut
from api.views.base import Door, body, each, find_ticket, found, known, one, page, query, viewer
from tickets import actions, when
from tickets.models import FollowUp, Ticket
from tickets.queries.follow_ups import planned_for, templates_for, zone_of


class FollowUps(Door):
    @operation(
        "tickets_follow_ups",
        "List what is planned on a ticket",
        answers={200: FollowUpOut(many=True)},
        errors=[*READING, 404],
        tag="follow-ups",
    )
    def get(self, request: Request, number: int) -> Response:
        """What is over is among them, too: done, or cancelled with its `reason`. The earliest first."""
        rows = FollowUp.objects.planned().filter(ticket=find_ticket(request, number))
        return page(request, rows.select_related("by", "assignee").order_by("due_at", "id"), each(FollowUpOut))

    @operation(
        "tickets_plan_follow_up",
        "Plan a message or a task",
        takes=FollowUpIn,
        answers={201: FollowUpOut},
        errors=[*WRITING, 404],
        tag="follow-ups",
    )
    def post(self, request: Request, number: int) -> Response:
        """A message leaves in your name. With a `client_id` it is planned once, however often you ask."""
        ticket, wanted = find_ticket(request, number), body(request, FollowUpIn)
        due_at = _due_at(wanted.pop("due_at"), ticket)
        assignee = _person(wanted.pop("assignee", None))
        row = actions.plan_follow_up(ticket, by=viewer(request), due_at=due_at, assignee=assignee, **wanted)
        return one(FollowUpOut, row, status=201)


class OneFollowUp(Door):
    @operation(
        "tickets_follow_up",
        "Read one follow-up",
        answers={200: FollowUpOut},
        errors=[*READING, 404],
        tag="follow-ups",
    )
    def get(self, request: Request, number: int, pk: int) -> Response:
        return one(FollowUpOut, _row(request, number, pk))

    @operation(
        "tickets_change_follow_up",
        "Change a follow-up, or tick a task off",
        takes=FollowUpChangeIn,
        answers={200: FollowUpOut},
        errors=[*WRITING, 404],
        tag="follow-ups",
    )
    def patch(self, request: Request, number: int, pk: int) -> Response:
        """What is not named stays. A message whose `body` you change leaves in your name."""
        row, wanted, by = _row(request, number, pk), body(request, FollowUpChangeIn), viewer(request)
        told: dict[str, Any] = {name: wanted[name] for name in ("body", "unless") if name in wanted}
        if "due_at" in wanted:
            told["due_at"] = _due_at(wanted["due_at"], row.ticket)
        if "assignee" in wanted:
            told["assignee"] = _person(wanted["assignee"])
        if wanted.get("is_done") is False:
            row = actions.restore_follow_up(row, by=by)
        if told:
            row = actions.change_follow_up(row, by=by, **told)
        if wanted.get("is_done"):
            row = actions.complete_task(row, by=by)
        return one(FollowUpOut, row)


class CallOffFollowUp(Door):
    @operation(
        "tickets_call_off_follow_up",
        "Call a follow-up off",
        answers={200: FollowUpOut},
        errors=[*WRITING, 404],
        tag="follow-ups",
    )
    def post(self, request: Request, number: int, pk: int) -> Response:
        """One that has happened answers 409."""
        return one(FollowUpOut, actions.drop_follow_up(_row(request, number, pk), by=viewer(request)))


class FollowUpNow(Door):
    @operation(
        "tickets_follow_up_now",
        "Send a planned message now",
        answers={200: FollowUpOut},
        errors=[*WRITING, 404],
        tag="follow-ups",
    )
    def post(self, request: Request, number: int, pk: int) -> Response:
        """In the name of whoever planned it, whatever was to call it off. A task is due at once."""
        return one(FollowUpOut, actions.do_follow_up_now(_row(request, number, pk), by=viewer(request)))


class Due(Door):
    @operation(
        "follow_ups_list",
        "List what is planned on the tickets that you see",
        filters=FollowUpFilters,
        answers={200: FollowUpOut(many=True)},
        errors=READING,
        tag="follow-ups",
    )
    def get(self, request: Request) -> Response:
        """The earliest first; what is over is not among them."""
        wanted = query(request, FollowUpFilters)
        rows = planned_for(viewer(request), wanted["whose"])
        if "state" in wanted:
            rows = rows.filter(state=wanted["state"])
        return page(request, rows.select_related("by", "assignee").order_by("due_at", "id"), each(FollowUpOut))


class FollowUpTemplates(Door):
    @operation(
        "follow_up_templates_list",
        "List the templates of follow-ups that you can use",
        answers={200: FollowUpTemplateOut(many=True)},
        errors=READING,
        tag="follow-ups",
    )
    def get(self, request: Request) -> Response:
        return page(request, templates_for(viewer(request)).order_by("id"), each(FollowUpTemplateOut))


def _row(request: Request, number: int, pk: int) -> FollowUp:
    rows = FollowUp.objects.planned().filter(ticket=find_ticket(request, number), pk=pk)
    return found(rows.select_related("by", "assignee", "ticket__customer", "ticket__site__calendar"))


def _due_at(words: str, ticket: Ticket) -> Any:
    wake = when.read(words, now=timezone.now(), zone=zone_of(ticket))
    if wake is None or wake.at is None:
        raise refuse(due_at="This is no time within the next two years.")
    return wake.at


def _person(pk: int | None) -> User | None:
    return None if pk is None else known(User.objects.filter(is_active=True), pk, "assignee")
