"""Who else of ours works on a ticket."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject

from accounts.models import Team, User, initials_of
from tickets.models import Collaborator, Event, Follow, Ticket
from tickets.queries.prepared import Prepared, slot


def all_teams() -> list[Team]:
    return _prepared_teams().rows({})


def possible_assignees(ticket: Ticket) -> list[User]:
    """All of ours who work here, and whoever has the ticket."""
    return _prepared_assignees().rows({slot(0): ticket.assignee_id} if ticket.assignee_id else {})


@cache
def _prepared_teams() -> Prepared[Team]:
    return Prepared(Team.objects.all())


@cache
def _prepared_assignees() -> Prepared[User]:
    return Prepared(User.objects.filter(Q(is_active=True) | Q(pk=slot(0))))


@dataclass(frozen=True)
class Helper:
    """Someone who was asked in, by whom, and since when they are (None: not yet)."""

    user_id: int
    name: str
    initials: str
    asked_by: str
    joined_at: datetime | None


def helper_rows() -> ArraySubquery:
    """The collaborators of a ticket, to be annotated on it: a page has no query to spare for them."""
    facts = JSONObject(user="user_id", name="user__name", asked_by="invited_by__name", joined_at="joined_at")
    rows = Collaborator.objects.filter(ticket=OuterRef("pk")).order_by("invited_at")
    return ArraySubquery(rows.values(facts=facts))


def follower_names() -> ArraySubquery:
    """Who follows a ticket, by name, to be annotated on it."""
    rows = Follow.objects.filter(ticket=OuterRef("pk"), user__is_active=True).order_by("user__name")
    return ArraySubquery(rows.values("user__name"))


def helpers(rows: list[dict[str, Any]]) -> list[Helper]:
    """What `helper_rows` has found, in the order in which they were asked."""
    return [
        Helper(
            user_id=row["user"],
            name=row["name"],
            initials=initials_of(row["name"]),
            asked_by=(row["asked_by"] or "").partition(" ")[0],
            joined_at=datetime.fromisoformat(row["joined_at"]) if row["joined_at"] else None,
        )
        for row in rows
    ]


def who_snoozed(ticket: Ticket, events: Iterable[Event] = ()) -> User | None:
    """Who made a snoozed ticket sleep last: found in `events` (oldest first) where those are at hand."""
    if ticket.snoozed_at is None:
        return None
    known = [event for event in events if event.type == "ticket.snoozed"]
    if known:
        return known[-1].by_user
    snoozed = Event.objects.filter(ticket=ticket, type="ticket.snoozed").select_related("by_user")
    event = snoozed.order_by("-seq").first()
    return event.by_user if event else None
