"""Sockets that hear a bell at the same time read together."""

from __future__ import annotations

from accounts.models import User
from chat.actions.batching import Batcher
from chat.queries import Position, add_files, read_for_customers, read_for_people
from customers.models import Customer
from tickets.models import Event

Question = tuple[User | Customer, Position]


async def read_soon(viewer: User | Customer, after: Position) -> list[Event]:
    """The events after these positions {ticket number: seq} that the viewer may see, in order, READ_AT_ONCE at most."""
    return await _reads.ask((viewer, after))


def _read(questions: list[Question]) -> list[list[Event] | Exception]:
    """One query for all the customers that ask, two for all of our people, and one for the files of all."""
    customers = [(viewer, after) for viewer, after in questions if isinstance(viewer, Customer)]
    people = [(viewer, after) for viewer, after in questions if isinstance(viewer, User)]
    for_customers, for_people = iter(read_for_customers(customers)), iter(read_for_people(people))
    answers = [next(for_customers if isinstance(viewer, Customer) else for_people) for viewer, _ in questions]
    add_files([event for events in answers for event in events])
    return list(answers)


_reads: Batcher[Question, list[Event]] = Batcher(_read)
