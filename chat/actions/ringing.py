"""A chat that nobody has rings for everybody free who may take it; the first to accept has it.

No process keeps time. That it rings for somebody is a row with a time (`Ring`), made when their workspace asks; it
ends RING_SECONDS later by itself, and may begin once more after RING_AGAIN_SECONDS if the chat is still nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from chat.models import Ring
from chat.queries import Call, abandoned_chats, open_calls, people_with_room
from tickets.actions import release_ticket, take_chat
from tickets.models import Ticket

RING_SECONDS = 30
RING_AGAIN_SECONDS = 120
RINGS_AT_ONCE = 10  # more than anybody can look at; the next ones ring when these are taken or passed
RINGS_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Ringing:
    """A chat that rings for somebody now, and for how many more seconds."""

    ref: str
    number: int
    seconds_left: int


def ringing_for(user: User, calls: list[Call] | None = None) -> list[Ringing]:
    """What rings for this person now, the longest waiting first. `calls` are those of a moment ago, if at hand."""
    now = timezone.now()
    calls = open_calls(now) if calls is None else calls
    person = people_with_room(now).filter(pk=user.pk).prefetch_related("teams").first() if calls else None
    if person is None:
        return []
    theirs = _calls_of(person, calls)
    rings = {ring.ticket_id: ring for ring in Ring.objects.filter(user=user, ticket__in=[c.number for c in theirs])}
    begins = [(call, _began(call, rings.get(call.number), now)) for call in theirs]
    ringing = _still_there(person, [(call, began) for call, began in begins if began is not None][:RINGS_AT_ONCE])
    for call, began in ringing:
        if began == now:
            _begin(call, user, rings.get(call.number), now)
    return [Ringing(call.ref, call.number, _seconds_left(began, now)) for call, began in ringing]


def accept_chat(ticket: Ticket, *, by: User, at: datetime | None = None) -> Ticket:
    """Take a chat that nobody has, even beyond one's capacity; accepting it twice is harmless.

    Errors: as `tickets.actions.take_chat`; `conflict` if somebody else was faster.
    """
    return take_chat(ticket, by=by, at=at)


def decline_chat(ticket: Ticket, *, by: User, at: datetime | None = None) -> None:
    """Leave a chat to the others: it does not ring for this person again, unless it changes hands. No event.

    Errors: PermissionDenied.
    """
    if not by.has_perm("tickets.assign"):
        raise PermissionDenied
    now = at or timezone.now()
    Ring.objects.update_or_create(ticket=ticket, user=by, defaults={"rung_at": now, "declined_at": now})


def take_back_abandoned_chats(*, now: datetime) -> int:
    """Take chats from those who have left while a customer waits, so that they ring for the others; returns how many.

    Each row is locked and asked again, and what another clock holds is skipped.
    """
    numbers = list(abandoned_chats(now).values_list("pk", flat=True))
    return sum(_take_back(number, now) for number in numbers)


@transaction.atomic
def _take_back(number: int, now: datetime) -> bool:
    ticket = abandoned_chats(now).filter(pk=number).select_for_update(of=("self",), skip_locked=True).first()
    if ticket is None:
        return False
    release_ticket(ticket, by=None, reason="vanished")
    return True


def forget_rings(*, now: datetime) -> int:
    """Delete what rang long ago for chats that need nobody now; returns how many rows."""
    is_served = Q(ticket__assignee__isnull=False) | Q(ticket__waiting_since=None)
    deleted, _ = Ring.objects.filter(is_served, rung_at__lt=now - RINGS_KEPT).delete()
    return deleted


def _calls_of(person: User, calls: list[Call]) -> list[Call]:
    """Those of the person's teams and of no team, without what they have given away themselves."""
    teams = {team.pk for team in person.teams.all()}
    return [call for call in calls if (call.team_id is None or call.team_id in teams) and call.given_up_by != person.pk]


def _still_there(person: User, ringing: list[tuple[Call, datetime]]) -> list[tuple[Call, datetime]]:
    """Those that the person may see, and that nobody has taken since the calls were read."""
    numbers = [call.number for call, _ in ringing]
    free = Ticket.objects.visible_to(person).waiting().filter(pk__in=numbers, assignee=None)
    there = set(free.values_list("pk", flat=True)) if numbers else set()
    return [(call, began) for call, began in ringing if call.number in there]


def _began(call: Call, ring: Ring | None, now: datetime) -> datetime | None:
    """Since when this call rings for whoever has this ring: `now` if it begins, None if it does not ring."""
    if ring is None or (call.free_since is not None and ring.rung_at <= call.free_since):
        return now
    if ring.declined_at is not None:
        return None
    age = now - ring.rung_at
    if age < timedelta(seconds=RING_SECONDS):
        return ring.rung_at
    return now if age >= timedelta(seconds=RING_AGAIN_SECONDS) else None


def _begin(call: Call, user: User, known: Ring | None, now: datetime) -> None:
    """Write down that it begins to ring; what another window of theirs wrote meanwhile stands."""
    if known is None:
        Ring.objects.bulk_create([Ring(ticket_id=call.number, user=user, rung_at=now)], ignore_conflicts=True)
    else:
        as_read = Ring.objects.filter(pk=known.pk, rung_at=known.rung_at, declined_at=known.declined_at)
        as_read.update(rung_at=now, declined_at=None)


def _seconds_left(began: datetime, now: datetime) -> int:
    """Whole seconds, at least one: what has none left does not ring."""
    return max(1, RING_SECONDS - int((now - began).total_seconds()))
