"""What tests look at after an action: the row as it is now, and the log."""

from __future__ import annotations

from tickets.models import Event, Ticket


def again(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def log(ticket: Ticket, *, after: int = 0) -> list[str]:
    """The types of what happened, with a `*` at what its customer sees."""
    events = Event.objects.filter(ticket=ticket, seq__gt=after).order_by("seq")
    return [event.type + ("*" if event.is_public else "") for event in events]


def last(ticket: Ticket) -> Event:
    return Event.objects.filter(ticket=ticket).latest("seq")


def check_log(ticket: Ticket) -> None:
    """The two counters and both chains, as every reader relies on them."""
    ticket = again(ticket)
    public = 0
    events = list(Event.objects.filter(ticket=ticket).order_by("seq"))
    assert [event.seq for event in events] == list(range(1, ticket.last_seq + 1))
    for event in events:
        assert event.public_prev == public
        assert event.prev == event.seq - 1
        public = event.seq if event.is_public else public
    assert ticket.public_last_seq == public
    assert [event.seq for event in events if event.is_public] == list(
        Event.objects.visible_to(ticket.customer).filter(ticket=ticket).order_by("seq").values_list("seq", flat=True)
    )
    assert (ticket.solved_at is not None) == (ticket.status == "solved")
    assert (ticket.waiting_since is None) == (ticket.answer_due_at is None)
