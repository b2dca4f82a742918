"""What is to be done on a ticket, and how much of it is."""

from __future__ import annotations

from dataclasses import dataclass

from tickets.models import ChecklistItem, Ticket


@dataclass(frozen=True)
class Checklist:
    items: list[ChecklistItem]

    @property
    def done(self) -> int:
        return sum(item.done_at is not None for item in self.items)


def checklist_of(ticket: Ticket) -> Checklist:
    """The lines in their order, with who ticked them; one query."""
    return Checklist(list(ChecklistItem.objects.filter(ticket=ticket).select_related("done_by")))
