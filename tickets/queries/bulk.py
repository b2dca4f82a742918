"""How far replies to many have come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from tickets.models import BulkReply, BulkReplyRow

BULK_COOKIE = "makegood_bulk"
BULK_COOKIE_AGE = 3600  # seconds; longer than 200 replies take by far
SHOWN_FOR = timedelta(minutes=2)  # after its beginning, what is done is still shown
NAMED = 5  # tickets whose trouble is said one by one


@dataclass(frozen=True)
class Progress:
    """One reply to many: of `total` so many are sent, waiting, left for a reason, or stopped."""

    pk: int
    at: int  # milliseconds, when it was promised
    begins_in: int  # seconds; 0: it has begun
    sent: int
    waiting: int
    stopped: int
    left: list[tuple[int, str]]

    @property
    def total(self) -> int:
        return self.sent + self.waiting + self.stopped + len(self.left)

    @property
    def is_over(self) -> bool:
        return self.waiting == 0

    @property
    def is_taken_back(self) -> bool:
        return self.stopped == self.total

    @property
    def named(self) -> list[tuple[int, str]]:
        """The first of those that were not sent, with why."""
        return self.left[:NAMED]


def progress_of(bulk: BulkReply) -> Progress:
    rows = list(bulk.rows.order_by("ticket").values_list("ticket", "state", "reason"))
    states = [state for _, state, _ in rows]
    seconds = (bulk.begins_at - timezone.now()).total_seconds()
    return Progress(
        pk=bulk.pk,
        at=int(bulk.created_at.timestamp() * 1000),
        begins_in=max(0, round(seconds)),
        sent=states.count(BulkReplyRow.State.SENT),
        waiting=states.count(BulkReplyRow.State.WAITING),
        stopped=states.count(BulkReplyRow.State.STOPPED),
        left=[(number, reason) for number, state, reason in rows if state == BulkReplyRow.State.LEFT],
    )


def shown_bulk_replies(user: User) -> list[Progress]:
    """Somebody's replies to many that are under way, or were a moment ago; oldest first."""
    waiting = BulkReplyRow.objects.waiting().filter(bulk=OuterRef("pk"))
    recent = Q(begins_at__gt=timezone.now() - SHOWN_FOR)
    shown = BulkReply.objects.filter(user=user).filter(recent | Exists(waiting))
    return [progress_of(bulk) for bulk in shown.order_by("pk")]
