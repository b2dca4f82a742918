"""What a trigger would have opened lately: the same rules as from day to day, over the events that there are.

It reads ticket by ticket, those that changed last first, and stops when its time is up; then it says how far it came.
Nothing is written: what is drawn, and what would have stood against a case, is reckoned from the beginning of the time.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Count, Q

from accounts.models import Desk
from recovery.hassle import HasslePart
from recovery.models import Case, Failure, Lot, Policy, Trigger
from recovery.queries.cases import arm_drawn, earlier_failure, is_spared, person_of
from recovery.queries.hassle import hassle_of
from recovery.queries.triggers import (
    ASKS_ON,
    LINE_FIELDS,
    LONGEST,
    READS,
    Line,
    Outcome,
    Rule,
    Standing,
    Why,
    line_of,
    outcome_of,
    why_asked,
)
from tickets.models import Event, Ticket

DAYS = 30
SECONDS = 4.0  # a page that somebody waits for
CHUNK = 500
SHOWN = 50


@dataclass(frozen=True)
class Would:
    """A case that would have been opened. It tells its reason as a decision does."""

    ticket: Ticket
    trigger: str
    at: datetime
    why: Why


@dataclass
class Preview:
    """What would have been opened, the newest first, and how often not, by what stood against it."""

    since: datetime
    is_whole: bool = True
    opened: list[Would] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    @property
    def shown(self) -> list[Would]:
        return self.opened[:SHOWN]

    @property
    def refusals(self) -> list[tuple[str, int]]:
        """By the words for it, the most frequent first."""
        return [(str(Outcome(outcome).label), count) for outcome, count in self.others.most_common()]


def preview(rule: Rule, *, now: datetime, policy: Policy, seconds: float = SECONDS) -> Preview:
    """What this rule would have opened in the last DAYS."""
    found = Preview(since=now - timedelta(days=DAYS))
    asked: list[Would] = []
    end = time.monotonic() + seconds
    for would in _asks(rule, found, policy, end):
        asked.append(would)
    for would in sorted((one for one in asked if one.at >= found.since), key=lambda one: (one.at, one.ticket.pk)):
        _settle(would, rule, found, policy)
    found.opened.reverse()
    return found


def _asks(rule: Rule, found: Preview, policy: Policy, end: float) -> Iterator[Would]:
    if rule.trigger == Trigger.SECOND:
        yield from _second_failures(rule, found, policy, end)
        return
    ask = _ask_of_hassle if rule.trigger == Trigger.HASSLE else _ask_of_lines
    for tickets in _chunks(found.since):
        for would, ticket in ask(rule, tickets, found.since, policy):
            if would is not None:
                yield would
            if time.monotonic() > end:  # what was not looked at changed before this one did
                found.since, found.is_whole = max(found.since, ticket.updated_at), False
                return


def _chunks(since: datetime) -> Iterator[list[Ticket]]:
    """The tickets that changed since then, the last ones first."""
    rows = Ticket.objects.filter(updated_at__gte=since, trashed_at=None).select_related("customer")
    rows = rows.order_by("-updated_at", "-number")
    last: Ticket | None = None
    while True:
        page = rows
        if last is not None:
            before = Q(updated_at__lt=last.updated_at) | Q(updated_at=last.updated_at, pk__lt=last.pk)
            page = rows.filter(before, updated_at__lte=last.updated_at)
        tickets = list(page[:CHUNK])
        if not tickets:
            return
        yield tickets
        last = tickets[-1]


Found = Iterator[tuple[Would | None, Ticket]]


def _ask_of_lines(rule: Rule, tickets: list[Ticket], since: datetime, policy: Policy) -> Found:
    numbers = {ticket.pk: ticket for ticket in tickets}
    rows = Event.objects.filter(ticket__in=numbers, type__in=READS[rule.trigger]).order_by("ticket", "seq")
    logs: dict[int, list[Line]] = {
        number: [line_of(row) for row in group]
        for number, group in groupby(rows.values("ticket_id", *LINE_FIELDS), key=lambda row: int(row["ticket_id"]))
    }
    for ticket in tickets:  # in the order in which they changed, so that the brake knows how far it came
        lines = logs.get(ticket.pk, [])
        for number, line in enumerate(lines, 1):
            if line.at < since or line.type not in ASKS_ON[rule.trigger]:
                continue
            why = why_asked(rule, lines[max(0, number - LONGEST) : number], channel=ticket.channel)
            if why is not None:
                yield Would(ticket, rule.trigger, line.at, why), ticket
        yield None, ticket


def _ask_of_hassle(rule: Rule, tickets: list[Ticket], since: datetime, policy: Policy) -> Found:
    """Reckoned ticket by ticket, which takes its time: only where something happened that can be hassle."""
    happened = Event.objects.filter(ticket__in=[ticket.pk for ticket in tickets], type__in=ASKS_ON[Trigger.HASSLE])
    busy = happened.values("ticket").annotate(count=Count("pk")).filter(count__gt=2)
    worth = set(busy.values_list("ticket", flat=True))
    currency = Desk.current().currency
    for ticket in tickets:
        if ticket.pk in worth:
            parts = hassle_of(ticket, now=ticket.updated_at, policy=policy, currency=currency)
            crossed = crossing(parts, rule.threshold)
            if crossed is not None and crossed[0] >= since:
                why = {"amount": str(crossed[1]), "currency": currency, "level": 1, "at": crossed[0].isoformat()}
                yield Would(ticket, rule.trigger, crossed[0], why), ticket
        yield None, ticket


def crossing(parts: tuple[HasslePart, ...], threshold: Decimal) -> tuple[datetime, Decimal] | None:
    """When the hassle came to the threshold, and to how much; None if it has not."""
    steps = sorted((one.at, one.count * part.price) for part in parts for one in part.evidence if one.dismissed is None)
    amount = Decimal(0)
    for at, more in steps:
        amount += more
        if amount >= threshold > 0:
            return at, amount
    return None


def _second_failures(rule: Rule, found: Preview, policy: Policy, end: float) -> Iterator[Would]:
    failures = Failure.objects.filter(noted_at__gte=found.since, ticket__trashed_at=None).exclude(is_our_fault=False)
    for failure in failures.select_related("ticket__customer").order_by("-noted_at").iterator():
        earlier = earlier_failure(failure.ticket, at=failure.noted_at, policy=policy)
        if earlier is not None:
            said = {"ticket": earlier.ticket, "at": earlier.at.isoformat(), "same_cause": earlier.is_same_cause}
            why: Why = {"earlier": said, "at": failure.noted_at.isoformat()}
            yield Would(failure.ticket, rule.trigger, failure.noted_at, why)
        if time.monotonic() > end:
            found.since, found.is_whole = failure.noted_at, False
            return


def _settle(would: Would, rule: Rule, found: Preview, policy: Policy) -> None:
    """Open it, or count what stood against it; `found` is what was opened before, in order."""
    person = person_of(would.ticket.customer)
    before = [one for one in reversed(found.opened) if person_of(one.ticket.customer) == person]
    standing = Standing(
        now=would.at,
        is_gone=would.ticket.merged_into_id is not None,
        is_blocked=would.ticket.customer.is_blocked,
        has_open_case=_had_case(would, rule) or any(one.ticket.pk == would.ticket.pk for one in before),
        last_at=before[0].at if before else None,
        arm=_arm(person, rule.trigger, policy),
        **_spared(would.ticket),
    )
    outcome = outcome_of(Rule(rule.trigger, True, rule.threshold, rule.cooldown), standing)
    if outcome == Outcome.OPENED:
        found.opened.append(would)
    else:
        found.others[outcome] += 1


def _had_case(would: Would, rule: Rule) -> bool:
    """Whether something else had opened a case on it that was open then."""
    cases = Case.objects.filter(ticket=would.ticket, opened_at__lt=would.at).exclude(trigger=rule.trigger)
    return cases.filter(Q(closed_at=None) | Q(closed_at__gt=would.at)).exists()


def _arm(person: int, trigger: str, policy: Policy) -> str:
    kept = Lot.objects.filter(customer=person, trigger=trigger).values_list("arm", flat=True).first()
    return kept or arm_drawn(person, trigger, policy=policy)


def _spared(ticket: Ticket) -> dict[str, Any]:
    failure = Failure.objects.filter(ticket=ticket).first()
    return {"is_spared": failure is not None and is_spared(failure)}
