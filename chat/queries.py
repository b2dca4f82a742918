"""What a socket reads: heads of conversations, and the events after a position."""

from __future__ import annotations

from django.db.models import Q

from accounts.models import User
from chat.models import Visitor
from customers.models import Customer
from tickets.models import Event, Message, Ticket

READ_AT_ONCE = 200
TICKETS_PER_GUEST = 50

Head = tuple[int, str, int]  # ticket number, reference, seq of the last event that the viewer may see


def guest_heads(visitor: Visitor) -> list[Head]:
    """The heads of a guest's newest conversations."""
    if visitor.customer is None:
        return []
    mine = Ticket.objects.visible_to(visitor.customer).order_by("-number")
    return list(mine.values_list("number", "reference", "public_last_seq")[:TICKETS_PER_GUEST])


def agent_heads(user: User, refs: list[str]) -> list[Head]:
    """The heads of those of these tickets that the person may see."""
    mine = Ticket.objects.visible_to(user).filter(reference__in=refs)
    return list(mine.values_list("number", "reference", "last_seq"))


def find_ticket(viewer: User | Customer | None, ref: str) -> Ticket | None:
    """The ticket of this reference, if the viewer may see it."""
    return Ticket.objects.visible_to(viewer).filter(reference=ref).first()


def read_events(viewer: User | Customer | None, after: dict[int, int]) -> list[Event]:
    """The events after these positions {ticket number: seq} that the viewer may see, in order, READ_AT_ONCE at most."""
    wanted = Q()
    for number, seq in after.items():
        wanted |= Q(ticket=number, seq__gt=seq)
    events = Event.objects.visible_to(viewer).filter(wanted).with_details().select_related("ticket")
    return list(events.order_by("ticket", "seq")[:READ_AT_ONCE])


def sent_by(customer: Customer, client_id: str) -> Message:
    """The message that this customer sent under this id."""
    return Message.objects.select_related("event", "ticket").get(by_customer=customer, client_id=client_id)


def customer_id_of(number: int) -> int:
    return Ticket.objects.values_list("customer_id", flat=True).get(pk=number)
