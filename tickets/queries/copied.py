"""Who gets copies of the answers on a ticket, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import initials_of
from tickets.models import Ticket
from tickets.queries.addresses import troubles_of


@dataclass(frozen=True)
class Copy:
    """One who gets copies; `trouble` says why none arrives, if so."""

    pk: int
    name: str
    email: str
    trouble: str

    @property
    def initials(self) -> str:
        return initials_of(self.name or self.email)


def copies_of(ticket: Ticket) -> list[Copy]:
    rows = list(ticket.copied.current())
    troubles = troubles_of(row.email for row in rows)
    return [Copy(row.pk, row.name, row.email, troubles.get(row.email, "")) for row in rows]
