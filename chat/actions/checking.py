"""Guests' sockets that ask at the same time how they stand are answered together."""

from __future__ import annotations

from chat.actions.batching import Batcher
from chat.presence import mark_visitors_here
from chat.queries import Guest, look_at_guests


async def check_guest(visitor_id: int, address: str) -> Guest:
    """How this visitor, who is here and comes from this network address, stands now."""
    return await _checks.ask((visitor_id, address))


def _check(asked: list[tuple[int, str]]) -> list[Guest | Exception]:
    guests = look_at_guests(asked)
    mark_visitors_here(guest.visitor for guest in guests if guest.visitor is not None and not guest.is_turned_away)
    return list(guests)


_checks: Batcher[tuple[int, str], Guest] = Batcher(_check)
