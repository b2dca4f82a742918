"""What happens on tickets is considered: whether a case is to be opened by itself, and why, or why not.

Two steps, so that nothing is lost and nobody waits: whoever reads the log only writes down what a trigger asks, once
for each event (`ask_about`); each question is then decided in a transaction of its own (`decide`), which locks
ticket → lot → case. A worker that dies between the two leaves a question, which the next one decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Desk, User
from recovery.actions.cases import escalate_case, open_case
from recovery.hassle import REPEAT_WITHIN, SAME_CONTACT
from recovery.models import Arm, Case, Decision, Failure, Lot, Policy, Trigger, Watch
from recovery.queries.cases import arm_drawn, earlier_failure, is_spared, person_of
from recovery.queries.hassle import hassle_of
from recovery.queries.triggers import (
    ASKS_ON,
    READS,
    Rule,
    Standing,
    Why,
    lines_of,
    outcome_of,
    rules,
    why_asked,
)
from tickets.actions import assign_ticket, set_priority
from tickets.actions._rules import lock
from tickets.events import record
from tickets.models import Channel, Event, Priority, Ticket

Outcome = Decision.Outcome
STALE = timedelta(days=7)  # what was brought in from elsewhere happened long ago, and opens nothing
WATCHED = "ticket.opened"
READ = {WATCHED}.union(*ASKS_ON.values())


# --- Reading the log -----------------------------------------------------------------------
def consider(event: Event) -> int:
    """What an event means for making good: what triggers ask is written down, and a watched customer's new ticket goes
    first. Returns how much it was. Considering an event again changes nothing."""
    if event.at < timezone.now() - STALE:
        return 0
    done = sum(ask_about(event, rule=rule) for rule in rules().values() if event.type in ASKS_ON.get(rule.trigger, ()))
    if event.type == WATCHED:
        done += look_after(event)
    return done


def ask_about(event: Event, *, rule: Rule) -> bool:
    """Write down what the trigger asks on this event, once; whether it asks. What is switched off is said, too."""
    why = _why(event, rule)
    if why is None:
        return False
    kept = {"ticket": event.ticket, "outcome": Outcome.ASKED, "why": why, "at": event.at}
    return Decision.objects.get_or_create(trigger=rule.trigger, event=event, defaults=kept)[1]


def _why(event: Event, rule: Rule) -> Why | None:
    if rule.trigger == Trigger.SECOND:
        return _why_second(event)
    if rule.trigger == Trigger.HASSLE:
        return _why_hassle(event, rule)
    if event.type == "message.posted" and not event.by_customer_id:
        return None
    lines = lines_of(event.ticket, READS[rule.trigger], upto=event.seq)
    return why_asked(rule, lines, channel=event.ticket.channel)


def _why_second(event: Event) -> Why | None:
    """Something went wrong here, by our fault or perhaps so, and not for the first time."""
    failure = Failure.objects.filter(ticket=event.ticket_id).exclude(is_our_fault=False).first()
    if failure is None:
        return None
    earlier = earlier_failure(event.ticket, at=failure.noted_at, policy=Policy.current())
    if earlier is None:
        return _why_not_held_out(event, failure)
    known = Case.objects.filter(ticket=event.ticket_id).first()
    if known is not None and known.is_second_failure:
        return None
    said = {"ticket": earlier.ticket, "at": earlier.at.isoformat(), "same_cause": earlier.is_same_cause}
    return {"earlier": said, "at": event.at.isoformat()}


def _why_not_held_out(event: Event, failure: Failure) -> Why | None:
    """A case that was held out, until it turned out how bad it is, or that it is owed: it is opened after all."""
    if not is_spared(failure):
        return None
    held = Decision.objects.filter(ticket=event.ticket_id, outcome=Outcome.HELD_OUT).order_by("at").first()
    if held is None or Case.objects.filter(ticket=event.ticket_id).exists():
        return None
    return {"instead": held.trigger, "why": held.why}


def _why_hassle(event: Event, rule: Rule) -> Why | None:
    """The hassle has come to the threshold; and again at each multiple of it."""
    if not _may_raise_hassle(event):
        return None
    currency, policy = Desk.current().currency, Policy.current()
    parts = hassle_of(event.ticket, now=event.at, policy=policy, currency=currency)
    amount = sum((part.amount for part in parts), Decimal(0))
    level = int(amount // rule.threshold) if rule.threshold > 0 else 0
    if level < 1:
        return None
    before = Decision.objects.filter(ticket=event.ticket_id, trigger=Trigger.HASSLE).order_by("-pk").first()
    if before is not None and int(before.why.get("level", 0)) >= level:
        return None
    return {"amount": str(amount), "currency": currency, "level": level, "at": event.at.isoformat()}


def _may_raise_hassle(event: Event) -> bool:
    """Most messages are part of a conversation that goes on, and cannot: to reckon with each would be dear."""
    if event.type != "message.posted":
        return True
    if not event.by_customer_id or not event.is_public:
        return bool(event.is_public and event.by_user_id)  # our answer may have come late
    before = lines_of(event.ticket, {"message.posted"}, upto=event.seq - 1)
    said = [line for line in before if line.is_public]
    return not said or SAME_CONTACT <= event.at - said[-1].at <= REPEAT_WITHIN


# --- Deciding ------------------------------------------------------------------------------
@transaction.atomic
def decide(decision: Decision, *, at: datetime | None = None) -> Decision | None:
    """Open a case, or say why not; None if another worker has the question, or has decided it."""
    ticket = lock(decision.ticket)
    mine = Decision.objects.select_for_update(of=("self",), skip_locked=True).filter(
        pk=decision.pk, outcome=Outcome.ASKED
    )
    found = mine.first()
    if found is None:
        return None
    found.ticket = ticket
    instead = found.why.get("instead")
    trigger, why = (instead, found.why["why"]) if instead else (found.trigger, found.why)
    rule = rules()[found.trigger]
    lot = _lot_of(ticket, trigger)
    standing = _standing(ticket, found, lot, rule, now=at or timezone.now())
    found.outcome = outcome_of(rule, standing)
    if found.outcome == Outcome.OPENED:
        arm = lot.arm if lot and not standing.is_spared and not standing.is_second else Arm.FREE
        event = Event.objects.filter(pk=found.event_id).first() if found.event_id else None
        found.case = open_case(ticket, by=None, trigger=trigger, why=why, event=event, arm=arm, at=at)
    elif found.outcome == Outcome.OPEN_ALREADY:
        found.case = Case.objects.filter(ticket=ticket).first()
        _make_senior(found, at)
    found.save(update_fields=["outcome", "case"])
    return found


def _standing(ticket: Ticket, decision: Decision, lot: Lot | None, rule: Rule, *, now: datetime) -> Standing:
    policy = Policy.current()
    failure = Failure.objects.filter(ticket=ticket).first()
    return Standing(
        now=now,
        is_gone=ticket.merged_into_id is not None or ticket.trashed_at is not None,
        is_blocked=ticket.customer.is_blocked,
        has_open_case=Case.objects.open().filter(ticket=ticket).exists(),
        last_at=_last_at(ticket, decision) if rule.cooldown else None,
        arm=lot.arm if lot else Arm.FREE,
        is_second=earlier_failure(ticket, at=now, policy=policy) is not None,
        is_spared=failure is not None and is_spared(failure),
    )


def _last_at(ticket: Ticket, decision: Decision) -> datetime | None:
    """When this trigger last had a case opened for the same person, or held one out, on whichever ticket."""
    theirs = Ticket.objects.of_person(ticket.customer)
    before = Decision.objects.filter(trigger=decision.trigger, ticket__in=theirs).exclude(pk=decision.pk)
    before = before.filter(outcome__in=[Outcome.OPENED, Outcome.HELD_OUT])
    return before.order_by("-at").values_list("at", flat=True).first()


def _lot_of(ticket: Ticket, trigger: str) -> Lot | None:
    """What the person has drawn for this trigger, drawn now if they have not; locked, so that two questions about one
    person are decided one after the other."""
    if trigger not in Trigger.values or trigger == Trigger.AGENT:
        return None
    person = person_of(ticket.customer)
    arm = arm_drawn(person, trigger, policy=Policy.current())
    Lot.objects.get_or_create(customer_id=person, trigger=trigger, defaults={"arm": arm})
    return Lot.objects.select_for_update(of=("self",)).get(customer_id=person, trigger=trigger)


def _make_senior(decision: Decision, at: datetime | None) -> None:
    """There is a case already; what is known now may make it the second failure."""
    if decision.trigger != Trigger.SECOND or decision.case is None or not decision.case.is_open:
        return
    earlier = earlier_failure(decision.ticket, at=decision.case.opened_at, policy=Policy.current())
    if earlier is not None:
        escalate_case(decision.case, by=None, earlier=earlier, at=at)


# --- What else an event may mean -----------------------------------------------------------
@transaction.atomic
def look_after(event: Event) -> bool:
    """A customer with whom it was made good not long ago writes again: their new ticket goes first, and to whoever has
    their case, once. Whether it was so. Records `customer.watched`."""
    ticket = lock(event.ticket)
    if ticket.is_solved or ticket.trashed_at is not None:
        return False
    theirs = Ticket.objects.of_person(ticket.customer)
    cases = Case.objects.filter(ticket__in=theirs, watch_until__gte=event.at).exclude(ticket=ticket)
    case = cases.select_related("owner", "ticket__assignee").order_by("-watch_until", "-pk").first()
    if case is None or not Watch.objects.get_or_create(case=case, ticket=ticket)[1]:
        return False
    agent = _who_knows_them(case, ticket)
    data: dict[str, Any] = {"case": case.pk, "ticket": case.ticket_id, "agent": agent.name if agent else None}
    record(ticket, "customer.watched", by=None, data=data)
    if ticket.priority < Priority.URGENT:
        set_priority(ticket, by=None, priority=ticket.priority + 1)
    if agent is not None:
        assign_ticket(ticket, by=None, user=agent)
    return True


def _who_knows_them(case: Case, ticket: Ticket) -> User | None:
    """Who had the ticket, or the case, if they are here. A ticket that somebody has stays theirs, and a live chat rings
    for everybody: to give it to one who may be busy would leave the customer waiting."""
    if ticket.assignee_id is not None or ticket.channel == Channel.CHAT:
        return None
    for agent in (case.ticket.assignee, case.owner):
        if agent is not None and agent.is_active and agent.availability == User.Availability.ONLINE:
            return agent
    return None


def questions(*, limit: int) -> list[Decision]:
    """What is to be decided, the oldest first."""
    return list(Decision.objects.filter(outcome=Outcome.ASKED).select_related("ticket").order_by("pk")[:limit])
