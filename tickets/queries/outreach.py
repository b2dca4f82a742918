"""How far the conversations that somebody begins with several people have come."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone

from accounts.models import User
from tickets.models import Outreach, OutreachRow

SHOWN = 5
State = OutreachRow.State


@dataclass(frozen=True)
class OutreachProgress:
    """The people in the order in which they were named, how many are in which state, and when it begins."""

    rows: list[OutreachRow]
    begins_in: int  # seconds; 0: it has begun
    at: int  # milliseconds, when it was promised

    def _count(self, state: str) -> int:
        return sum(row.state == state for row in self.rows)

    @property
    def total(self) -> int:
        return len(self.rows)

    @property
    def sent(self) -> int:
        return self._count(State.SENT)

    @property
    def left(self) -> int:
        return self._count(State.LEFT)

    @property
    def stopped(self) -> int:
        return self._count(State.STOPPED)

    @property
    def is_over(self) -> bool:
        return self._count(State.WAITING) == 0

    @property
    def is_taken_back(self) -> bool:
        return self.stopped == self.total


def progress_of_outreach(outreach: Outreach) -> OutreachProgress:
    seconds = (outreach.begins_at - timezone.now()).total_seconds()
    rows = list(outreach.rows.order_by("pk"))
    return OutreachProgress(rows, max(0, round(seconds)), int(outreach.created_at.timestamp() * 1000))


def newest_outreaches(user: User) -> list[Outreach]:
    """Somebody's own of the last week, with `people`: how many they go to."""
    mine = Outreach.objects.filter(user=user).annotate(people=Count("rows"))
    return list(mine.order_by("-created_at")[:SHOWN])
