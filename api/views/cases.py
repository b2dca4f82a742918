"""Cases, for programs: opened, taken, and seen through."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from api.schema import READING, WRITING, operation
from api.serializers.cases import OPEN, CaseFilters, CaseIn, CaseNoteIn, CaseOut, ContactIn, TakeCaseIn
from api.views.base import Door, body, each, find_ticket, found, known, one, page, query, viewer
from recovery import actions
from recovery.models import Case, Trigger


class Cases(Door):
    @operation(
        "cases_list",
        "List cases",
        filters=CaseFilters,
        answers={200: CaseOut(many=True)},
        errors=[*READING, 403],
        tag="recovery",
    )
    def get(self, request: Request) -> Response:
        """On the tickets that you see, the newest first; `state=open` are all that are not closed."""
        wanted = query(request, CaseFilters)
        cases = _cases(request)
        state = wanted.pop("state", None)
        if state is not None:
            cases = cases.exclude(state=Case.State.CLOSED) if state == OPEN else cases.filter(state=state)
        return page(request, cases.filter(**wanted).order_by("-id"), each(CaseOut))


class TicketCase(Door):
    @operation(
        "case_open",
        "Open a case on a ticket",
        takes=CaseIn,
        answers={200: CaseOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, number: int) -> Response:
        """By your own judgement. If there is an open case it stays as it is; one that was closed is reopened."""
        ticket, wanted = find_ticket(request, number), body(request, CaseIn)
        case = actions.open_case(ticket, by=viewer(request), trigger=Trigger.AGENT, why={"note": wanted["note"]})
        return one(CaseOut, case)


class OneCase(Door):
    @operation("case_read", "Read a case", answers={200: CaseOut}, errors=[*READING, 403, 404], tag="recovery")
    def get(self, request: Request, pk: int) -> Response:
        return one(CaseOut, _find(request, pk))


class TakeCase(Door):
    @operation(
        "case_take", "Take a case", takes=TakeCaseIn, answers={200: CaseOut}, errors=[*WRITING, 404], tag="recovery"
    )
    def post(self, request: Request, pk: int) -> Response:
        """Or give it to somebody who sees the ticket. After a second failure it is a lead's or a manager's."""
        case, wanted = _find(request, pk), body(request, TakeCaseIn)
        user = known(User.objects.filter(is_active=True), wanted["user"], "user") if "user" in wanted else None
        return one(CaseOut, actions.take_case(case, by=viewer(request), user=user))


class ContactCase(Door):
    @operation(
        "case_contact",
        "Say that the customer has heard from us",
        takes=ContactIn,
        answers={200: CaseOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, pk: int) -> Response:
        """The first time counts; saying it again changes nothing."""
        case, wanted = _find(request, pk), body(request, ContactIn)
        way = "call" if wanted["by_phone"] else ""
        return one(CaseOut, actions.contact_case(case, by=viewer(request), way=way, note=wanted["note"]))


class VerifyCase(Door):
    @operation(
        "case_verify",
        "Say that it is right now",
        takes=CaseIn,
        answers={200: CaseOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, pk: int) -> Response:
        """The customer is on watch from now on: what they write goes first."""
        case, wanted = _find(request, pk), body(request, CaseIn)
        return one(CaseOut, actions.verify_case(case, by=viewer(request), note=wanted["note"]))


class CloseCase(Door):
    @operation(
        "case_close", "Close a case", takes=CaseIn, answers={200: CaseOut}, errors=[*WRITING, 404], tag="recovery"
    )
    def post(self, request: Request, pk: int) -> Response:
        """Without a note only if it is right now; 409 while an offer is open."""
        case, wanted = _find(request, pk), body(request, CaseIn)
        return one(CaseOut, actions.close_case(case, by=viewer(request), note=wanted["note"]))


class ReopenCase(Door):
    @operation(
        "case_reopen",
        "Say that it is not right after all",
        takes=CaseNoteIn,
        answers={200: CaseOut},
        errors=[*WRITING, 404],
        tag="recovery",
    )
    def post(self, request: Request, pk: int) -> Response:
        """A lead or a manager takes it up, by phone first; nothing leaves by itself."""
        case, wanted = _find(request, pk), body(request, CaseNoteIn)
        return one(CaseOut, actions.reopen_case(case, by=viewer(request), why=wanted["note"]))


def _cases(request: Request) -> QuerySet[Case]:
    return Case.objects.visible_to(viewer(request)).select_related("ticket", "owner")


def _find(request: Request, pk: int) -> Case:
    return found(_cases(request).filter(pk=pk))
