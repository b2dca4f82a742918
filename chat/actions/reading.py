"""Sockets that hear a bell at the same time read together."""

from __future__ import annotations

from accounts.models import User
from chat.actions.batching import Batcher
from chat.queries import Position, add_files, read_events, read_for_customers
from customers.models import Customer
from tickets.models import Event

Question = tuple[User | Customer, Position]


async def read_soon(viewer: User | Customer, after: Position) -> list[Event]:
    """The events after these positions {ticket number: seq} that the viewer may see, in order, READ_AT_ONCE at most."""
    return await _reads.ask((viewer, after))


def _read(questions: list[Question]) -> list[list[Event] | Exception]:
    """One query for all the customers that ask, one for each of our people, and one for the files of all."""
    customers = [(viewer, after) for viewer, after in questions if isinstance(viewer, Customer)]
    for_customers = iter(read_for_customers(customers))
    answers = [
        next(for_customers) if isinstance(viewer, Customer) else read_events(viewer, after)
        for viewer, after in questions
    ]
    add_files([event for events in answers for event in events])
    return list(answers)


_reads: Batcher[Question, list[Event]] = Batcher(_read)
