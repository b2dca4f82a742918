"""What a socket reads: heads of conversations, and the events after a position."""

from __future__ import annotations

from django.db.models import Q, prefetch_related_objects

from accounts.models import User
from chat.models import Visitor
from customers.models import Customer
from tickets.models import Event, EventQuerySet, Message, ReadMark, Ticket

READ_AT_ONCE = 200
TICKETS_PER_GUEST = 50

Position = dict[int, int]  # ticket number -> seq of the last event that was sent
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


def read_by_us(heads: list[Head]) -> list[ReadMark]:
    """How far our people have read these conversations: the furthest mark of each."""
    marks = ReadMark.objects.filter(ticket__in=[number for number, _, _ in heads], user__isnull=False)
    return list(marks.select_related("user").order_by("ticket", "-seq").distinct("ticket"))


def find_ticket(viewer: User | Customer | None, ref: str) -> Ticket | None:
    """The ticket of this reference, if the viewer may see it."""
    return Ticket.objects.visible_to(viewer).filter(reference=ref).first()


def read_events(viewer: User | Customer, after: Position) -> list[Event]:
    """The events after these positions that the viewer may see, in order, READ_AT_ONCE at most; `add_files` next."""
    return list(_after(after).visible_to(viewer)[:READ_AT_ONCE])


def read_for_customers(asked: list[tuple[Customer, Position]]) -> list[list[Event]]:
    """`read_events` for many customers in one query; a list for each, in the order asked."""
    if not asked:
        return []
    merged: Position = {}
    for _, after in asked:
        for number, seq in after.items():
            merged[number] = min(merged.get(number, seq), seq)
    found = list(_after(merged).visible_to_customers([customer for customer, _ in asked])[:READ_AT_ONCE])
    if len(found) == READ_AT_ONCE:  # somebody's may be cut off
        return [read_events(customer, after) for customer, after in asked]
    return [[event for event in found if _is_for(event, customer, after)] for customer, after in asked]


def add_files(events: list[Event]) -> None:
    """Let the messages of these events know their files: one query, whoever asked for them."""
    prefetch_related_objects(events, "message__attachments")


def _is_for(event: Event, customer: Customer, after: Position) -> bool:
    is_theirs = event.ticket.customer_id == customer.pk
    return is_theirs and event.ticket_id in after and event.seq > after[event.ticket_id]


def _after(position: Position) -> EventQuerySet:
    wanted = Q()
    for number, seq in position.items():
        wanted |= Q(ticket=number, seq__gt=seq)
    return Event.objects.filter(wanted).with_words().select_related("ticket").order_by("ticket", "seq")


def sent_by(customer: Customer, client_id: str) -> Message:
    """The message that this customer sent under this id."""
    return Message.objects.with_event().get(by_customer=customer, client_id=client_id)


def customer_id_of(number: int) -> int:
    return Ticket.objects.values_list("customer_id", flat=True).get(pk=number)
