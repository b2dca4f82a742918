"""Figures: pure readings, each with its definition and the address of exactly the tickets that it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Desk, User
from tickets.models import Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries.today import first_answered_since, solved_since, start_of_today


@dataclass(frozen=True)
class Figure:
    """One number as it is shown. `value` is None where there is nothing to reckon with."""

    key: str
    label: str
    value: str | None
    unit: str
    detail: str
    definition: str
    url: str
    is_bad: bool = False


@dataclass(frozen=True)
class TeamLine:
    team: str
    count: int
    url: str


@dataclass(frozen=True)
class Now:
    """How things stand at one moment, as far as the viewer may see."""

    figures: list[Figure]
    open_by_team: list[TeamLine]

    @property
    def open_max(self) -> int:
        return max((line.count for line in self.open_by_team), default=0)


class Median(Aggregate):
    """The middle one, or the mean of the middle two (PostgreSQL's `percentile_cont`)."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def now_figures(viewer: User, now: datetime) -> Now:
    """The figures of this moment over the tickets that the viewer may see. Each reads a small index only."""
    tickets = Ticket.objects.visible_to(viewer)
    today = start_of_today(viewer, now)
    figures = [*_waiting(tickets, now), _solved(tickets, today), _first_answer(tickets, today)]
    return Now(figures, _open_by_team(tickets))


def as_time(span: timedelta) -> tuple[str, str]:
    """A span and its unit as people say it: ("45", "s"), ("3:40", "min"), ("2:05", "h"), ("3", "days")."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return str(seconds), "s"
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02}", "min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600}:{seconds // 60 % 60:02}", "h"
    return str(seconds // 86400), _("days")


def _waiting(tickets: TicketQuerySet, now: datetime) -> list[Figure]:
    waiting = tickets.waiting().aggregate(count=Count("pk"), late=Count("pk", filter=Q(answer_due_at__lt=now)))
    late, minutes = waiting["late"], Desk.current().promise_minutes
    detail = _("%(count)s past the promise") % {"count": late} if late else _("all within the promise")
    # Not joined: the planner would read all customers there are for the one that we name.
    first = tickets.waiting().order_by("waiting_since").first()
    since = first.waiting_since if first else None
    longest, unit = as_time(max(now - since, timedelta(0))) if since else ("0", "min")
    return [
        Figure(
            key="waiting",
            label=_("Waiting for us"),
            value=str(waiting["count"]),
            unit=ngettext("person", "people", waiting["count"]),
            detail=detail if waiting["count"] else _("Nobody waits."),
            definition=_(
                "Conversations in which the customer wrote last and nobody has answered yet, on every channel,"
                " snoozed or not."
                " The promise is the strictest one of an answer that holds for the ticket; where none does, it is"
                " %(minutes)s minutes of opening hours."
            )
            % {"minutes": minutes},
            url=_inbox("waiting-all"),
            is_bad=bool(late),
        ),
        Figure(
            key="longest_wait",
            label=_("Longest wait"),
            value=longest,
            unit=unit,
            detail=", ".join([first.customer.name or _("A visitor"), str(first.team or _("no team"))])
            if first
            else _("Nobody waits."),
            definition=_(
                "How long the customer who has waited longest has waited until now,"
                " by the clock on the wall: nights and Sundays count."
            ),
            url=first.get_absolute_url() if first else _inbox("waiting-all"),
        ),
    ]


def _solved(tickets: TicketQuerySet, today: datetime) -> Figure:
    solved = tickets.filter(solved_since(today)).aggregate(count=Count("pk"), named=Count("root_cause"))
    count, named = solved["count"], solved["named"]
    return Figure(
        key="solved_today",
        label=_("Solved today"),
        value=str(count),
        unit="",
        detail=_("%(count)s with a named cause") % {"count": named} if count else _("None yet today."),
        definition=_("Tickets solved since midnight, in your time zone, and not reopened since."),
        url=_inbox("solved-today"),
    )


def _first_answer(tickets: TicketQuerySet, today: datetime) -> Figure:
    wait = ExpressionWrapper(F("first_answered_at") - F("created_at"), output_field=DurationField())
    answered = tickets.filter(first_answered_since(today)).aggregate(count=Count("pk"), median=Median(wait))
    value, unit = as_time(answered["median"]) if answered["count"] else (None, "")
    return Figure(
        key="first_answer_today",
        label=_("First answer today, median"),
        value=value,
        unit=unit,
        detail=f"n = {answered['count']}" if answered["count"] else _("Nobody was answered for the first time today."),
        definition=_(
            "The time from a ticket's first message to our first answer, by the clock on the wall, over the"
            " tickets first answered since midnight, in your time zone. Half were answered faster. Calls do not count."
        ),
        url=_inbox("answered-today"),
    )


def _open_by_team(tickets: TicketQuerySet) -> list[TeamLine]:
    awake = tickets.unsolved().filter(snoozed_at=None)
    rows = awake.values_list("team__name", "team__slug").annotate(count=Count("pk"))
    return [
        TeamLine(name or _("No team"), count, _inbox(f"team-{slug}" if slug else "no-team"))
        for name, slug, count in rows.order_by("-count", "team__name")
    ]


def _inbox(view: str) -> str:
    return f"{reverse('tickets:inbox')}?{urlencode({'view': view})}"
