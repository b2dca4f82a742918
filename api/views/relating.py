"""What belongs to a ticket: links with others, what was split off, what is to be done; and the trash."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import refuse
from api.schema import READING, WRITING, operation
from api.serializers import (
    ChecklistIn,
    ChecklistItemChangeIn,
    ChecklistItemOut,
    ChecklistOut,
    LinkIn,
    LinksOut,
    SplitIn,
    TicketOut,
)
from api.views.base import Door, body, find_ticket, found, named_team, one, viewer
from api.views.tickets import answer
from tickets import actions
from tickets.models import ChecklistItem, Message, Ticket, TicketLink
from tickets.queries.checklists import checklist_of
from tickets.queries.relating import links_of


class Links(Door):
    @operation(
        "tickets_links",
        "Say with which tickets one is linked",
        answers={200: LinksOut},
        errors=[*READING, 404],
        tag="tickets",
    )
    def get(self, request: Request, number: int) -> Response:
        """All of them, 50 at most. One that you may not see has no `ticket`."""
        return one(LinksOut, links_of(find_ticket(request, number), viewer(request)))

    @operation(
        "tickets_link",
        "Link a ticket with another one",
        takes=LinkIn,
        answers={200: LinksOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """Said anew in another way, the link is changed. Answers with all links of the ticket."""
        ticket, wanted = find_ticket(request, number), body(request, LinkIn)
        other = Ticket.objects.visible_to(viewer(request)).filter(pk=wanted["other"]).first()
        if other is None:
            raise refuse(other="There is no such ticket.")
        actions.link_ticket(ticket, by=viewer(request), other=other, kind=wanted["kind"])
        return self.get(request, number)


class Unlink(Door):
    @operation(
        "tickets_unlink",
        "Take a link off",
        answers={200: LinksOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int, pk: int) -> Response:
        """Answers with the links that are left. The one through which a ticket began cannot be taken off."""
        ticket = find_ticket(request, number)
        links = TicketLink.objects.filter(pk=pk)
        actions.unlink_ticket(found(links.filter(ticket=ticket) | links.filter(other=ticket)), by=viewer(request))
        return one(LinksOut, links_of(ticket, viewer(request)))


class Split(Door):
    @operation(
        "tickets_split",
        "Split a message off into a new ticket",
        takes=SplitIn,
        answers={201: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """Nothing is moved: the new ticket, of the same customer, begins with a reference to the message."""
        ticket, wanted = find_ticket(request, number), body(request, SplitIn)
        message = Message.objects.visible_to(viewer(request)).filter(pk=wanted["message"]).first()
        if message is None:
            raise refuse(message="There is no such message.")
        team = named_team(wanted.get("team"))
        new = actions.split_ticket(ticket, message=message, by=viewer(request), subject=wanted["subject"], team=team)
        return answer(new, status=201)


class Checklist(Door):
    @operation(
        "tickets_checklist",
        "Read a ticket's checklist",
        answers={200: ChecklistOut},
        errors=[*READING, 404],
        tag="tickets",
    )
    def get(self, request: Request, number: int) -> Response:
        """All lines in their order, 50 at most."""
        return _list_of(find_ticket(request, number))

    @operation(
        "tickets_add_to_checklist",
        "Put lines on a ticket's checklist",
        takes=ChecklistIn,
        answers={200: ChecklistOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """Each line of the text becomes one of the list. Answers with the whole list."""
        ticket = find_ticket(request, number)
        actions.add_items(ticket, by=viewer(request), text=body(request, ChecklistIn)["text"])
        return _list_of(ticket)


class OneChecklistItem(Door):
    @operation(
        "tickets_change_checklist_item",
        "Tick a line off, change or move it",
        takes=ChecklistItemChangeIn,
        answers={200: ChecklistItemOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def patch(self, request: Request, number: int, pk: int) -> Response:
        """What is not named stays."""
        item = _item(request, number, pk)
        wanted, by = body(request, ChecklistItemChangeIn), viewer(request)
        if "text" in wanted:
            item = actions.change_item(item, by=by, text=wanted["text"])
        if "is_done" in wanted:
            item = actions.check_item(item, by=by, is_done=wanted["is_done"])
        if "move" in wanted:
            item = actions.move_item(item, by=by, steps=wanted["move"])
        return one(ChecklistItemOut, item)


class RemoveChecklistItem(Door):
    @operation(
        "tickets_remove_checklist_item",
        "Take a line off a checklist",
        answers={200: ChecklistOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int, pk: int) -> Response:
        """Answers with what is left of the list."""
        item = _item(request, number, pk)
        actions.remove_item(item, by=viewer(request))
        return _list_of(item.ticket)


class Trash(Door):
    @operation(
        "tickets_trash", "Put a ticket into the trash", answers={200: TicketOut}, errors=[*WRITING, 404], tag="tickets"
    )
    def post(self, request: Request, number: int) -> Response:
        """It is in no list but `?view=trash` then, and can only be read and restored."""
        return answer(actions.trash_ticket(find_ticket(request, number), by=viewer(request)))


class Restore(Door):
    @operation(
        "tickets_restore",
        "Take a ticket out of the trash",
        answers={200: TicketOut},
        errors=[*WRITING, 404],
        tag="tickets",
    )
    def post(self, request: Request, number: int) -> Response:
        """As it was. One that is not in the trash stays as it is."""
        by = viewer(request)
        theirs = Ticket.objects.trash_of(by) | Ticket.objects.visible_to(by)
        return answer(actions.restore_ticket(found(theirs.filter(pk=number)), by=by))


def _item(request: Request, number: int, pk: int) -> ChecklistItem:
    items = ChecklistItem.objects.filter(ticket=find_ticket(request, number))
    return found(items.filter(pk=pk).select_related("ticket", "done_by"))


def _list_of(ticket: Ticket) -> Response:
    return one(ChecklistOut, checklist_of(ticket))
