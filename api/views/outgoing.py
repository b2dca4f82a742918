"""What we begin ourselves: conversations with several people, copies, forwards."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from api.schema import READING, WRITING, operation
from api.serializers import CopyIn, CopyOut, ForwardIn, ForwardOut, NoFilters, OutreachIn, OutreachOut
from api.views.base import Door, body, each, find_ticket, found, named_team, one, page, query, viewer
from tickets import actions
from tickets.actions.addressing import Person, clean_person
from tickets.models import Outreach


class Copies(Door):
    @operation(
        "copies_list",
        "List who gets copies of our answers on a ticket, the newest first",
        answers={200: CopyOut(many=True)},
        errors=[*READING, 404],
        tag="tickets",
    )
    def get(self, request: Request, number: int) -> Response:
        query(request, NoFilters)
        return page(request, find_ticket(request, number).copied.current().order_by("-id"), each(CopyOut))

    @operation(
        "copies_add",
        "Send somebody copies of our answers on a ticket",
        takes=CopyIn,
        answers={201: CopyOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """By mail, from now on, 20 people at most. It gives them no access. Asked again, it is the same copy."""
        ticket, wanted = find_ticket(request, number), body(request, CopyIn)
        return one(CopyOut, actions.add_copied(ticket, by=viewer(request), **wanted), 201)


class RemoveCopy(Door):
    @operation(
        "copies_remove",
        "Send somebody no more copies",
        answers={200: CopyOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int, pk: int) -> Response:
        copied = found(find_ticket(request, number).copied.filter(pk=pk))
        return one(CopyOut, actions.remove_copied(copied, by=viewer(request)))


class Forward(Door):
    @operation(
        "tickets_forward",
        "Forward a conversation, or a part of it, to somebody outside",
        takes=ForwardIn,
        answers={201: ForwardOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """A mail with your words and what was said in public. It leaves in a moment, in which the page can undo it."""
        ticket, wanted = find_ticket(request, number), body(request, ForwardIn)
        forwarded = actions.forward_ticket(
            ticket,
            by=viewer(request),
            to=_people(wanted["to"]),
            words=wanted["body"],
            messages=wanted.get("messages"),
            attachments=tuple(str(pk) for pk in wanted.get("attachments", [])),
            client_id=wanted["client_id"],
        )
        said = {"mail": forwarded.mail.pk, "seq": forwarded.event.seq, "leaves_at": forwarded.mail.next_at}
        return one(ForwardOut, said, 201)


class Outreaches(Door):
    @operation(
        "outreaches_begin",
        "Write to one or several people, who get a ticket each",
        takes=OutreachIn,
        answers={201: OutreachOut},
        errors=WRITING,
        tag="tickets",
    )
    @transaction.atomic
    def post(self, request: Request) -> Response:
        """It begins in ten seconds. Nobody learns of the others. An address that cannot be written to refuses it all,
        with the code `undeliverable`."""
        wanted = body(request, OutreachIn)
        outreach = actions.begin_outreach(
            _people(wanted["to"]),
            by=viewer(request),
            subject=wanted["subject"],
            body=wanted["body"],
            team=named_team(wanted.get("team")),
            is_mine=wanted["is_mine"],
            attachments=tuple(str(pk) for pk in wanted.get("attachments", [])),
            client_id=wanted["client_id"] or uuid.uuid4().hex,
        )
        return one(OutreachOut, outreach, 201)


class OneOutreach(Door):
    @operation(
        "outreaches_read",
        "Read how far your outreach has come",
        answers={200: OutreachOut},
        errors=[*READING, 404],
        tag="tickets",
    )
    def get(self, request: Request, pk: int) -> Response:
        return one(OutreachOut, found(Outreach.objects.filter(pk=pk, user=viewer(request))))


class StopOutreach(Door):
    @operation(
        "outreaches_stop",
        "Write to no more of them",
        answers={200: OutreachOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, pk: int) -> Response:
        """Within its first ten seconds nobody has got anything. Doing it twice is harmless."""
        outreach = found(Outreach.objects.filter(pk=pk, user=viewer(request)))
        actions.stop_outreach(outreach, by=viewer(request))
        outreach.refresh_from_db()
        return one(OutreachOut, outreach)


def _people(given: list[dict[str, Any]]) -> list[Person]:
    """Each address once, in the order given."""
    people = [clean_person(person["name"], person["email"]) for person in given]
    return list({person.email: person for person in reversed(people)}.values())[::-1]
