"""What a ticket has to do with others, as far as its viewer may know."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from tickets.models import Message, Ticket, TicketLink
from tickets.models.relating import CHILD, SIDES


@dataclass(frozen=True)
class Linked:
    """One link from this side: `ticket` is the other one, None for one that the viewer may not see."""

    pk: int
    side: str
    ticket: Ticket | None
    is_open: bool
    is_trashed: bool
    message: Message | None

    @property
    def label(self) -> str:
        return str(SIDES[self.side])


@dataclass(frozen=True)
class Links:
    """All links of a ticket, the whole that it is part of first."""

    all: list[Linked] = field(default_factory=list)

    @property
    def split_off(self) -> Linked | None:
        """Where this ticket began, if it was split off from another."""
        return next((linked for linked in self.all if linked.side == TicketLink.Kind.SPLIT), None)

    @property
    def open_parts(self) -> int:
        return sum(linked.is_open and not linked.is_trashed for linked in self.all if linked.side == CHILD)


def has_links() -> Exists:
    """Whether there is anything to ask `links_of` for, to be annotated on a ticket."""
    return Exists(TicketLink.objects.filter(Q(ticket=OuterRef("pk")) | Q(other=OuterRef("pk"))))


def links_of(ticket: Ticket, viewer: User) -> Links:
    """The links of a ticket: two queries, and one more if the viewer does not see all others."""
    links = TicketLink.objects.filter(Q(ticket=ticket) | Q(other=ticket))
    people = ("message__by_user", "message__by_customer")
    rows = list(links.select_related("ticket__named_status", "other__named_status", *people))
    others = {row.pk: row.other if row.ticket_id == ticket.pk else row.ticket for row in rows}
    numbers = {other.pk for other in others.values()}
    seen = set(Ticket.objects.visible_to(viewer).filter(pk__in=numbers).values_list("pk", flat=True))
    if numbers - seen:
        seen |= set(Ticket.objects.trash_of(viewer).filter(pk__in=numbers).values_list("pk", flat=True))
    found = [_linked(row, ticket, others[row.pk], others[row.pk].pk in seen) for row in rows]
    order = list(SIDES)
    return Links(sorted(found, key=lambda linked: (order.index(linked.side), linked.pk)))


def _linked(link: TicketLink, ticket: Ticket, other: Ticket, is_seen: bool) -> Linked:
    return Linked(
        pk=link.pk,
        side=link.side_of(ticket.pk),
        ticket=other if is_seen else None,
        is_open=not other.is_solved,
        is_trashed=other.trashed_at is not None,
        message=link.message,
    )
