"""What a socket reads: heads of conversations, the events after a position, and which chats nobody has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce, Greatest, RowNumber

from accounts.models import User
from accounts.net import network_of
from chat.models import Block, Visitor
from chat.presence import GONE_SECONDS, people_here, visitors_here
from customers.models import Customer
from tickets.models import Channel, Collaborator, Event, EventQuerySet, Message, ReadMark, Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries.today import is_live_chat, talked_lately

READ_AT_ONCE = 200
TICKETS_PER_GUEST = 50
UNREAD_AT_MOST = 100

Position = dict[int, int]  # ticket number -> seq of the last event that was sent
Head = tuple[int, str, int]  # ticket number, reference, seq of the last event that the viewer may see


def is_turned_away(address: str) -> bool:
    """Whether visitors from this network address are blocked."""
    network = network_of(address)
    return network is not None and Block.objects.filter(address=network).exists()


@dataclass(frozen=True)
class Guest:
    """A visitor as they are now (None: gone), whether they are turned away, and the heads of their conversations."""

    visitor: Visitor | None
    is_turned_away: bool
    heads: list[Head]


def look_at_guests(asked: list[tuple[int, str]]) -> list[Guest]:
    """What is true now of visitors, each given by (id, network address), in the order asked; three queries."""
    visitors = Visitor.objects.select_related("customer", "site").in_bulk({pk for pk, _ in asked})
    networks = {address: network_of(address) for _, address in asked}
    blocks = Block.objects.filter(address__in=set(networks.values()) - {None})
    blocked = set(blocks.values_list("address", flat=True))
    heads = _heads_by_customer([visitor.customer for visitor in visitors.values() if visitor.customer is not None])
    return [_guest(visitors.get(pk), networks[address] in blocked, heads) for pk, address in asked]


def _guest(visitor: Visitor | None, is_blocked: bool, heads: dict[int, list[Head]]) -> Guest:
    if visitor is None or visitor.customer is None:
        return Guest(visitor, is_blocked, [])
    return Guest(visitor, is_blocked or visitor.customer.is_blocked, heads.get(visitor.customer.pk, []))


def _heads_by_customer(customers: list[Customer]) -> dict[int, list[Head]]:
    place = Window(RowNumber(), partition_by="customer", order_by="-number")
    theirs = Ticket.objects.visible_to_customers(customers).annotate(place=place).filter(place__lte=TICKETS_PER_GUEST)
    heads: dict[int, list[Head]] = {}
    for ticket in theirs.order_by("-number").only("customer", "number", "reference", "public_last_seq"):
        heads.setdefault(ticket.customer_id, []).append((ticket.number, ticket.reference, ticket.public_last_seq))
    return heads


def visitor_of(ticket: Ticket) -> Visitor | None:
    """The browser that a ticket's customer was last seen in; one on the ticket's own site before any other."""
    theirs = Visitor.objects.filter(customer=ticket.customer_id).select_related("site")
    is_here = Case(When(site=ticket.site_id, then=0), default=1)
    return theirs.order_by(is_here, "-last_seen_at").first()


def block_of(visitor: Visitor) -> Block | None:
    """Why those at a visitor's network address are turned away, if they are."""
    network = network_of(visitor.network_address or "")
    return Block.objects.filter(address=network).select_related("by_user").first() if network else None


def guest_heads(visitor: Visitor) -> list[Head]:
    """The heads of a guest's newest conversations."""
    if visitor.customer is None:
        return []
    mine = Ticket.objects.visible_to(visitor.customer).order_by("-number")
    return list(mine.values_list("number", "reference", "public_last_seq")[:TICKETS_PER_GUEST])


def unread_by(customer: Customer) -> int:
    """How many of our messages in their newest conversations a customer has not seen; UNREAD_AT_MOST at most.

    Whoever writes has seen what stands above.
    """
    own = Event.objects.filter(ticket=OuterRef("ticket"), by_customer=customer, message__isnull=False).order_by("-seq")
    mark = ReadMark.objects.filter(ticket=OuterRef("ticket"), customer=customer)
    newest = Ticket.objects.visible_to(customer).order_by("-number").values("number")[:TICKETS_PER_GUEST]
    said = Event.objects.visible_to(customer).filter(ticket__in=newest, message__isnull=False, by_customer=None)
    unread = said.filter(
        seq__gt=Greatest(Coalesce(Subquery(own.values("seq")[:1]), 0), Coalesce(Subquery(mark.values("seq")[:1]), 0))
    )
    return unread[:UNREAD_AT_MOST].count()


def is_talking(customer: Customer, now: datetime) -> bool:
    """Whether one of their chats is going on: somebody of either side said something just now."""
    mine = Ticket.objects.visible_to(customer).unsolved().filter(channel=Channel.CHAT)
    return mine.filter(talked_lately(now)).exists()


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
    merged = _merged(after for _, after in asked)
    found = list(_after(merged).visible_to_customers([customer for customer, _ in asked])[:READ_AT_ONCE])
    if len(found) == READ_AT_ONCE:  # somebody's may be cut off
        return [read_events(customer, after) for customer, after in asked]
    return [[event for event in found if _is_for(event, customer, after)] for customer, after in asked]


def read_for_people(asked: list[tuple[User, Position]]) -> list[list[Event]]:
    """`read_events` for several of ours in two queries; a list for each, in the order asked."""
    if not asked:
        return []
    merged = _merged(after for _, after in asked)
    seen = _seen_by([user for user, _ in asked], merged)
    found = list(_after(merged).filter(ticket__in=set().union(*seen.values()))[:READ_AT_ONCE])
    if len(found) == READ_AT_ONCE:
        return [read_events(user, after) for user, after in asked]
    return [
        [event for event in found if event.ticket_id in seen[user.pk] and _is_behind(event, after)]
        for user, after in asked
    ]


def _seen_by(users: list[User], numbers: Iterable[int]) -> dict[int, set[int]]:
    """Which of these tickets each of these people may see, by person; asked once for all of them."""
    seen: dict[int, set[int]] = {user.pk: set() for user in users}
    allowed = [
        Ticket.objects.visible_to(user).filter(pk__in=numbers).order_by().values_list(Value(user.pk), "number")
        for user in {user.pk: user for user in users}.values()
    ]
    for person, number in allowed[0].union(*allowed[1:], all=True):
        seen[person].add(number)
    return seen


def _merged(positions: Iterable[Position]) -> Position:
    """From where to read, so that nobody misses anything."""
    merged: Position = {}
    for after in positions:
        for number, seq in after.items():
            merged[number] = min(merged.get(number, seq), seq)
    return merged


def add_files(events: list[Event]) -> None:
    """Let the messages of these events know their files: one query, whoever asked for them."""
    prefetch_related_objects(events, "message__attachments")


def _is_for(event: Event, customer: Customer, after: Position) -> bool:
    return event.ticket.customer_id == customer.pk and _is_behind(event, after)


def _is_behind(event: Event, after: Position) -> bool:
    """Whether the event comes after the position, on a ticket that is in it."""
    return event.ticket_id in after and event.seq > after[event.ticket_id]


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


# --- Chats that nobody has -----------------------------------------------------------------

PATIENCE_SECONDS = 30  # a customer who wrote a moment ago does not wait for somebody who has gone
CALLS_AT_ONCE = 500
CHANGES_OF_HANDS = ["ticket.assigned", "ticket.handed_over"]


@dataclass(frozen=True)
class Call:
    """A chat that nobody has, whose customer waits. Whatever rang before `free_since` has nothing to do with it."""

    number: int
    ref: str
    team_id: int | None
    free_since: datetime | None  # None: nobody ever had it
    given_up_by: int | None  # whoever handed it to the team is not asked for it again


def open_calls(now: datetime) -> list[Call]:
    """The chats that wait for somebody to take them, the longest waiting first; CALLS_AT_ONCE at most."""
    handed = Event.objects.filter(ticket=OuterRef("pk"), type__in=CHANGES_OF_HANDS).order_by("-seq")
    waiting = Ticket.objects.waiting().filter(channel=Channel.CHAT, assignee=None, trashed_at=None)
    waiting = waiting.filter(talked_lately(now) | (_not_ended() & _is_customer_here(now)))
    found = waiting.annotate(
        free_since=Subquery(handed.values("at")[:1]),
        last_change=Subquery(handed.values("type")[:1]),
        changed_by=Subquery(handed.values("by_user")[:1]),
    )
    rows = found.order_by("waiting_since", "number").values_list(
        "number", "reference", "team", "free_since", "last_change", "changed_by"
    )
    return [
        Call(number, ref, team, since, by if change == "ticket.handed_over" else None)
        for number, ref, team, since, change, by in rows[:CALLS_AT_ONCE]
    ]


def people_with_room(now: datetime) -> QuerySet[User]:
    """Those who are here, take chats, and can have one more."""
    live = live_chats(now).filter(assignee=OuterRef("pk")).order_by()
    count = live.values("assignee").annotate(count=Count("pk")).values("count")
    return people_here(now).alias(live_chats=Coalesce(Subquery(count), 0)).filter(live_chats__lt=F("capacity"))


def live_chats(now: datetime) -> TicketQuerySet:
    """Chats that somebody has and in which something was said just now."""
    return Ticket.objects.filter(is_live_chat(now), trashed_at=None)


def abandoned_chats(now: datetime) -> TicketQuerySet:
    """Chats whose customer is here and waits, while the workspace of whoever has them has been gone for a while."""
    gone = Q(assignee__is_active=False) | Q(assignee__last_seen_at=None)
    gone |= Q(assignee__last_seen_at__lt=now - timedelta(seconds=GONE_SECONDS))
    waiting = Ticket.objects.waiting().filter(waiting_since__lt=now - timedelta(seconds=PATIENCE_SECONDS))
    had = waiting.filter(gone, channel=Channel.CHAT, assignee__isnull=False, trashed_at=None)
    return had.filter(_not_ended(), _is_customer_here(now))


def open_invitations(user: User) -> QuerySet[Collaborator]:
    """The tickets that this person was asked into and has not joined, the newest first."""
    asked = Collaborator.objects.filter(
        user=user, joined_at=None, ticket__in=Ticket.objects.visible_to(user).unsolved()
    )
    return asked.exclude(ticket__assignee=user).select_related("ticket__customer", "invited_by").order_by("-invited_at")


def _last_public_event() -> QuerySet[Event]:
    return Event.objects.filter(ticket=OuterRef("pk"), seq=OuterRef("public_last_seq"))


def _not_ended() -> Exists:
    return Exists(_last_public_event().exclude(type="chat.ended"))


def _is_customer_here(now: datetime) -> Exists:
    return Exists(visitors_here(now).filter(customer=OuterRef("customer")))
