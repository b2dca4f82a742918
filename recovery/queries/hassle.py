"""What of a ticket's events is hassle: read from the log, and handed to the arithmetic of `recovery.hassle`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max, Q
from django.db.models.functions import Left

from accounts.models import Desk
from recovery.hassle import Entry, Happening, HasslePart, Late, Mark, What, hassle_parts
from recovery.models import HassleDismissal, HassleMark, Offer, Part, Policy
from tickets.models import Channel, Event, Promise, PromiseRun, Ticket, TicketLink
from tickets.queries.promises import ANSWERS, all_promises, calendar_of_site
from tickets.sla import answer_due

EXCERPT_CHARS = 120
MOST_TICKETS = 20  # of one matter; no customer's story has more
TYPES = (
    "ticket.opened",
    "message.posted",
    "ticket.assigned",
    "ticket.handed_over",
    "ticket.reopened",
    "ticket.resolved",
    "ticket.merged",
    "status.changed",
)


@dataclass
class _Log:
    """What was read of one ticket."""

    happenings: list[Happening] = field(default_factory=list)
    spells: list[_Spell] = field(default_factory=list)


@dataclass
class _Spell:
    """A time in which the customer waited for us: from what they said to our answer."""

    event: dict[str, Any]
    start: datetime
    is_first: bool  # nobody has answered them on this ticket before
    end: datetime | None = None


def hassle_of(
    ticket: Ticket, *, now: datetime, policy: Policy, currency: str, rate: Decimal = Decimal(1)
) -> tuple[HasslePart, ...]:
    """The parts of the hassle with this matter until now, priced by the policy in `currency` at `rate`."""
    tickets = matter_of(ticket)
    settled = _settled_elsewhere(ticket, tickets)
    logs = {one.pk: _Log() for one in tickets}
    for one, events in _events_by_ticket(tickets).items():
        logs[one.pk] = _read(one, events, {other.pk for other in tickets})
    happenings = [one for log in logs.values() for one in log.happenings if settled is None or one.at > settled]
    lates = [
        late for late in _lates(tickets, {pk: log.spells for pk, log in logs.items()}, now)
        if settled is None or late.start > settled
    ]  # fmt: skip
    marks = [mark for mark in _marks(tickets) if settled is None or mark.at > settled]
    prices = {part: policy.price_of(part) for part in Part.values}
    return hassle_parts(
        happenings, lates, marks, prices=prices, currency=currency, rate=rate, dismissed=_dismissed(tickets)
    )


# --- Which tickets are one matter ----------------------------------------------------------
def matter_of(ticket: Ticket) -> list[Ticket]:
    """The ticket, those merged into it, those that it continues or that continue it, those linked as the same; of one
    person. Two queries for each step away."""
    found = {ticket.pk: ticket}
    latest = [ticket]
    while latest and len(found) < MOST_TICKETS:
        numbers = [one.pk for one in latest]
        near = Q(merged_into__in=numbers) | Q(continues__in=numbers) | Q(pk__in=_towards(latest) | _same(numbers))
        others = Ticket.objects.of_person(ticket.customer).filter(near, trashed_at=None).exclude(pk__in=found)
        latest = list(others.order_by("pk")[: MOST_TICKETS - len(found)])
        found |= {one.pk: one for one in latest}
    return [found[pk] for pk in sorted(found)]


def _towards(tickets: list[Ticket]) -> set[int]:
    return {pk for one in tickets for pk in (one.merged_into_id, one.continues_id) if pk}


def _same(numbers: list[int]) -> set[int]:
    links = TicketLink.objects.filter(
        Q(ticket__in=numbers) | Q(other__in=numbers), kind=TicketLink.Kind.DUPLICATE
    ).values_list("ticket", "other")
    return {pk for link in links for pk in link}


def _settled_elsewhere(ticket: Ticket, tickets: list[Ticket]) -> datetime | None:
    """Until when the matter was made good on another of its tickets: nothing is made good twice."""
    others = [one.pk for one in tickets if one.pk != ticket.pk]
    if not others:
        return None
    taken = Offer.objects.filter(case__ticket__in=others, state=Offer.State.ACCEPTED)
    found: datetime | None = taken.aggregate(at=Max("ended_at"))["at"]
    return found


# --- What happened -------------------------------------------------------------------------
def _events_by_ticket(tickets: list[Ticket]) -> dict[Ticket, list[dict[str, Any]]]:
    """Everything that may count, of all of them, in one query."""
    rows = (
        Event.objects.filter(ticket__in=[one.pk for one in tickets], type__in=TYPES)
        .annotate(said=Left("message__body", EXCERPT_CHARS))
        .order_by("ticket", "seq")
        .values(
            "pk", "ticket_id", "seq", "type", "at", "data", "is_public", "by_user", "by_customer", "message", "said"
        )
    )
    by_number: dict[int, list[dict[str, Any]]] = {one.pk: [] for one in tickets}
    for row in rows:
        by_number[row["ticket_id"]].append(dict(row))
    return {one: by_number[one.pk] for one in tickets}


def _read(ticket: Ticket, events: list[dict[str, Any]], matter: set[int]) -> _Log:
    """One ticket's log, in order: what counts of it, and when its customer waited."""
    log = _Log()
    asked_at: set[datetime] = set()  # when the customer answered what we had asked
    is_answered = False
    for event in events:
        data = event["data"]
        if event["type"] == "status.changed" and event["by_customer"] and data.get("from") == "pending":
            asked_at.add(event["at"])
        elif event["type"] == "message.posted" and event["is_public"]:
            if event["by_customer"]:
                log.happenings.append(
                    _happening(ticket, event, What.ASKED, channel=ticket.channel, was_asked=event["at"] in asked_at)
                )
                _begin(log, event, is_first=not is_answered)
            elif event["by_user"]:
                log.happenings.append(_happening(ticket, event, What.ANSWERED))
                _end(log, event)
                is_answered = True
        elif event["type"] in ("ticket.assigned", "ticket.handed_over"):
            _pass_on(log, ticket, event, is_first=not is_answered)
        elif _is_return(event, matter):
            log.happenings.append(_happening(ticket, event, What.CAME_BACK))
        elif event["type"] == "ticket.resolved" or (event["type"] == "ticket.merged" and "into" in data):
            _end(log, event)
    return log


def _is_return(event: dict[str, Any], matter: set[int]) -> bool:
    """Whether what was solved turns out not to be: the ticket is taken up again, or another one continues it."""
    if event["type"] == "ticket.reopened":
        return not event["data"].get("undo")
    return event["type"] == "ticket.opened" and event["data"].get("continues") in matter


def _happening(ticket: Ticket, event: dict[str, Any], what: What, **more: Any) -> Happening:
    return Happening(
        ticket.pk,
        event["seq"],
        event["at"],
        what,
        words=_excerpt(event["said"]),
        event_id=event["pk"],
        message_id=event["message"],
        **more,
    )


def _pass_on(log: _Log, ticket: Ticket, event: dict[str, Any], *, is_first: bool) -> None:
    """Handed over by somebody who had it, or moved from one team to another; sorting what nobody has had is neither."""
    data = event["data"]
    if data.get("undo"):
        _take_back(log)
        return
    had_team = _changed(data.get("team"))
    had_user = _changed(data.get("user")) and event["type"] == "ticket.handed_over"
    if had_team or had_user:
        log.happenings.append(_happening(ticket, event, What.PASSED_ON))
    # As `transfer_ticket` has it: in a chat that is handed to a team the customer waits again.
    to_nobody = event["type"] == "ticket.handed_over" and (data.get("user") or {}).get("to") is None
    if to_nobody and ticket.channel == Channel.CHAT:
        _begin(log, event, is_first=is_first)


def _changed(pair: dict[str, Any] | None) -> bool:
    return bool(pair and pair.get("from") and pair["from"] != pair.get("to"))


def _take_back(log: _Log) -> None:
    """What was undone a moment later never happened."""
    for index in range(len(log.happenings) - 1, -1, -1):
        if log.happenings[index].what is What.PASSED_ON:
            del log.happenings[index]
            return


def _begin(log: _Log, event: dict[str, Any], *, is_first: bool) -> None:
    if not log.spells or log.spells[-1].end is not None:
        log.spells.append(_Spell(event, event["at"], is_first))


def _end(log: _Log, event: dict[str, Any]) -> None:
    if log.spells and log.spells[-1].end is None:
        log.spells[-1].end = event["at"]


# --- How long they waited beyond what was promised ------------------------------------------
@Desk.read_once()
def _lates(tickets: list[Ticket], spells: dict[int, list[_Spell]], now: datetime) -> list[Late]:
    """Each time that an answer or a solution came later than promised, or has not come yet."""
    runs = list(
        PromiseRun.objects.filter(ticket__in=list(spells), due_at__isnull=False)
        .select_related("promise__calendar", "began")
        .order_by("pk")
    )
    found = []
    for ticket in tickets:
        mine = [run for run in runs if run.ticket_id == ticket.pk]
        for spell in spells[ticket.pk]:
            found += list(_late_answer(ticket, spell, mine, now))
        found += list(_late_solutions(ticket, mine, now))
    return found


def _late_answer(ticket: Ticket, spell: _Spell, runs: list[PromiseRun], now: datetime) -> Iterator[Late]:
    """By the strictest promise that held then; by the company's usual minutes where nothing was promised."""
    if spell.end is None and ticket.waiting_since is None:
        return  # somebody has said that it needs no answer
    hours = calendar_of_site(ticket.site_id)
    measured = [
        run for run in runs if run.began_id == spell.event["pk"] and run.promise.measure in ANSWERS and run.due_at
    ]
    if measured:
        counted = [run for run in measured if run.state != PromiseRun.State.VOID]
        dues = [(run.due_at, run.promise.hours(hours)) for run in counted if run.due_at]
    else:
        dues = [(p.due_at(spell.start, hours), p.hours(hours)) for p in _promises_at(ticket, spell)]
        dues = dues or [(answer_due(spell.start, Desk.current().promise_minutes, hours), hours)]
    end = spell.end or now
    for due, calendar in sorted(dues, key=lambda one: one[0])[:1]:
        if due < end:
            yield _late(ticket, spell.event, due, end, calendar)


def _promises_at(ticket: Ticket, spell: _Spell) -> list[Promise]:
    return [
        promise
        for promise in all_promises()
        if promise.is_in_force(spell.start)
        and promise.measure in ANSWERS
        and (spell.is_first or promise.measure != Promise.Measure.FIRST_ANSWER)
        and promise.concerns(channel=ticket.channel, team_id=ticket.team_id, priority=ticket.priority)
    ]


def _late_solutions(ticket: Ticket, runs: list[PromiseRun], now: datetime) -> Iterator[Late]:
    hours = calendar_of_site(ticket.site_id)
    for run in runs:
        if run.promise.measure != Promise.Measure.SOLVED or run.state == PromiseRun.State.VOID or run.due_at is None:
            continue
        end = run.ended_at or now
        if run.due_at < end:
            event = {"pk": run.began_id, "seq": run.began.seq, "said": "", "message": None}
            yield _late(ticket, event, run.due_at, end, run.promise.hours(hours))


def _late(ticket: Ticket, event: dict[str, Any], start: datetime, end: datetime, calendar: Any) -> Late:
    words = _excerpt(event["said"])
    return Late(ticket.pk, event["seq"], start, end, calendar, words, event["pk"], event["message"])


# --- What our people saw -------------------------------------------------------------------
def _marks(tickets: list[Ticket]) -> list[Mark]:
    rows = HassleMark.objects.filter(ticket__in=[one.pk for one in tickets]).annotate(
        said=Left("message__body", EXCERPT_CHARS)
    )
    values = rows.values_list("ticket", "message__event__seq", "message__event__at", "part", "said", "message")
    return [
        Mark(number, seq, at, part, _excerpt(said), message) for number, seq, at, part, said, message in values if seq
    ]


def _dismissed(tickets: list[Ticket]) -> dict[Entry, str]:
    """What counts nothing, and why."""
    rows = HassleDismissal.objects.filter(ticket__in=[one.pk for one in tickets])
    values = rows.values_list("event__ticket", "event__seq", "part", "reason")
    return {(number, seq, part): reason for number, seq, part, reason in values}


def _excerpt(said: str | None) -> str:
    return " ".join((said or "").split())
