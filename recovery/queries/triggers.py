"""What opens a case by itself: one set of rules, for the events of today and for the preview of last month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from recovery.models import USUAL_THRESHOLDS, Arm, Decision, Policy, Trigger, TriggerRule
from tickets.models import Channel, Event, Ticket

Why = dict[str, Any]
Outcome = Decision.Outcome
SAME_BREATH = timedelta(minutes=2)  # what is written in a chat within this time of the line before is one message
NEVER_HELD_OUT = {Trigger.SECOND, Trigger.AGENT}  # there a person acts, and nothing happens by itself
BY_EVENTS = [trigger for trigger in Trigger if trigger != Trigger.AGENT]  # in the order in which they are shown
# What each of them reads of a ticket's log; the rest is not asked for.
READS: dict[str, set[str]] = {
    Trigger.RATING: {"rating.given"},
    Trigger.PROMISE: {"promise.broken"},
    Trigger.REOPENED: {"ticket.reopened"},
    Trigger.TRANSFERS: {"ticket.handed_over", "ticket.assigned"},
    Trigger.UNANSWERED: {"message.posted", "ticket.resolved"},
    Trigger.ABANDONED: {"chat.ended", "chat.abandoned", "message.posted", "agent.joined"},
}
# On what each of them asks.
ASKS_ON: dict[str, set[str]] = {
    Trigger.RATING: {"rating.given"},
    Trigger.PROMISE: {"promise.broken"},
    Trigger.REOPENED: {"ticket.reopened"},
    Trigger.TRANSFERS: {"ticket.handed_over", "ticket.assigned"},
    Trigger.UNANSWERED: {"message.posted"},
    Trigger.ABANDONED: {"chat.ended", "chat.abandoned"},
    Trigger.HASSLE: {
        "message.posted",
        "ticket.handed_over",
        "ticket.assigned",
        "ticket.reopened",
        "promise.broken",
        "hassle.marked",
        "hassle.restored",
    },
    Trigger.SECOND: {"failure.noted", "failure.changed", "ticket.resolved"},
}


# --- The rules as they are set -------------------------------------------------------------
@dataclass(frozen=True)
class Rule:
    """How a trigger is set. `threshold` is a rating, a count, minutes, or for the hassle an amount."""

    trigger: str
    is_on: bool = True
    threshold: Decimal = Decimal(1)
    cooldown: timedelta = timedelta(days=30)


def rules(policy: Policy | None = None) -> dict[str, Rule]:
    """All of them, as set or as usual."""
    kept = {row.trigger: row for row in TriggerRule.objects.all()}
    policy = policy or Policy.current()
    return {trigger: _rule(trigger, kept.get(trigger), policy) for trigger in Trigger.values}


def _rule(trigger: str, row: TriggerRule | None, policy: Policy) -> Rule:
    usual = Decimal(USUAL_THRESHOLDS.get(trigger, 1))
    threshold = Decimal(row.threshold) if row and row.threshold else usual
    if trigger == Trigger.HASSLE:
        threshold = policy.hassle_threshold
    row = row or TriggerRule(trigger=trigger)
    # Whoever is failed again is never told to come back later.
    days = 0 if trigger == Trigger.SECOND else row.cooldown_days
    return Rule(trigger, row.is_on, threshold, timedelta(days=days))


# --- Whether a trigger asks: pure functions of a ticket's log ------------------------------
@dataclass(frozen=True)
class Line:
    """A line of a ticket's log, as far as triggers read it."""

    id: int
    seq: int
    type: str
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    is_public: bool = True
    by_customer: bool = False
    by_user: bool = False


def why_asked(rule: Rule, lines: Sequence[Line], *, channel: str) -> Why | None:
    """Why the trigger asks on the last of these lines of one ticket, which are in order; None: it does not.

    What is counted asks when the count comes to the threshold, and again at each multiple of it: so a case that could
    not be opened is asked for again if it goes on, and not with every line.
    """
    asks = _ASKS.get(rule.trigger)
    if asks is None or not lines or lines[-1].type not in ASKS_ON[rule.trigger]:
        return None
    return asks(rule, lines, channel)


def _rating(rule: Rule, lines: Sequence[Line], channel: str) -> Why | None:
    data = lines[-1].data
    if int(data.get("score", 5)) > rule.threshold:
        return None
    return {"score": data["score"], "comment": data.get("comment", "")[:300], "at": lines[-1].at.isoformat()}


def _promise(rule: Rule, lines: Sequence[Line], channel: str) -> Why | None:
    why = _counted(rule, [line for line in lines if line.type == "promise.broken"])
    return why and why | {"words": lines[-1].data.get("words", "")}


def _reopened(rule: Rule, lines: Sequence[Line], channel: str) -> Why | None:
    if lines[-1].data.get("undo"):
        return None
    return _counted(rule, [line for line in lines if line.type == "ticket.reopened" and not line.data.get("undo")])


def _transfers(rule: Rule, lines: Sequence[Line], channel: str) -> Why | None:
    passed: list[Line] = []
    for line in lines:
        if line.data.get("undo"):
            passed = passed[:-1]  # what was undone a moment later never happened
        elif is_transfer(line):
            passed.append(line)
    return _counted(rule, passed) if passed and passed[-1] is lines[-1] else None


def is_transfer(line: Line) -> bool:
    """Handed over by somebody who had it, or moved from one team to another; sorting what nobody has had is neither."""
    if line.type not in ("ticket.handed_over", "ticket.assigned"):
        return False
    is_from_user = _has_changed(line.data.get("user")) and line.type == "ticket.handed_over"
    return _has_changed(line.data.get("team")) or is_from_user


def _has_changed(pair: dict[str, Any] | None) -> bool:
    return bool(pair and pair.get("from") and pair["from"] != pair.get("to"))


def _unanswered(rule: Rule, lines: Sequence[Line], channel: str) -> Why | None:
    last = lines[-1]
    if not (last.by_customer and last.is_public):
        return None
    run: list[Line] = []
    for line in reversed(lines):
        if line.type == "ticket.resolved" or (line.type == "message.posted" and line.is_public and line.by_user):
            break
        if line.type == "message.posted" and line.by_customer:
            run.append(line)
    run.reverse()
    if channel == Channel.CHAT:  # where one presses Enter after each line
        run = [line for before, line in zip([None, *run], run, strict=False) if _is_new_breath(before, line)]
        if not run or run[-1] is not last:
            return None
    return _counted(rule, run)


def _is_new_breath(before: Line | None, line: Line) -> bool:
    return before is None or line.at - before.at > SAME_BREATH


def _abandoned(rule: Rule, lines: Sequence[Line], channel: str) -> Why | None:
    last = lines[-1]
    if channel != Channel.CHAT or (last.type == "chat.ended" and not last.by_customer):
        return None
    if any(line.type == "agent.joined" or (line.by_user and line.is_public) for line in lines):
        return None
    asked = [line for line in lines if line.type == "message.posted" and line.by_customer]
    if not asked:
        return None
    # Who closed the page was found to have gone a while later, and has waited in opening hours only.
    left_at = last.at - timedelta(seconds=int(last.data.get("gone_seconds", 0)))
    waited = last.data.get("waited_seconds", (left_at - asked[0].at).total_seconds())
    minutes = int(waited // 60)
    if minutes < rule.threshold:
        return None
    return {"minutes": minutes, "at": left_at.isoformat()}


def _counted(rule: Rule, lines: Sequence[Line]) -> Why | None:
    count, threshold = len(lines), max(1, int(rule.threshold))
    if not count or count % threshold:
        return None
    return {"count": count, "at": lines[-1].at.isoformat()}


_ASKS: dict[str, Callable[[Rule, Sequence[Line], str], Why | None]] = {
    Trigger.RATING: _rating,
    Trigger.PROMISE: _promise,
    Trigger.REOPENED: _reopened,
    Trigger.TRANSFERS: _transfers,
    Trigger.UNANSWERED: _unanswered,
    Trigger.ABANDONED: _abandoned,
}


# --- What is decided: a pure function of how it stands -------------------------------------
@dataclass(frozen=True)
class Standing:
    """What a decision depends on, beside the rule."""

    now: datetime
    is_gone: bool = False
    is_blocked: bool = False
    has_open_case: bool = False
    last_at: datetime | None = None  # when this trigger last opened a case for this person, or held one out
    arm: str = Arm.FREE
    is_second: bool = False
    is_spared: bool = False  # severity 4 or 5, or something that law or contract grants: never held out


def outcome_of(rule: Rule, standing: Standing) -> Outcome:
    """Whether a case is opened, or why not."""
    if standing.is_gone:
        return Outcome.GONE
    if standing.is_blocked:
        return Outcome.BLOCKED
    if not rule.is_on:
        return Outcome.OFF
    if standing.has_open_case:
        return Outcome.OPEN_ALREADY
    if standing.last_at is not None and standing.now - standing.last_at < rule.cooldown:
        return Outcome.COOLING
    if standing.arm == Arm.HOLDOUT and may_hold_out(rule.trigger, standing):
        return Outcome.HELD_OUT
    return Outcome.OPENED


def may_hold_out(trigger: str, standing: Standing) -> bool:
    return trigger not in NEVER_HELD_OUT and not standing.is_second and not standing.is_spared


# --- Reading the log -----------------------------------------------------------------------
LONGEST = 200  # lines of one ticket that a trigger reads: the newest; who needs more has asked long before


def lines_of(ticket: Ticket, types: Iterable[str], *, upto: int) -> list[Line]:
    """The newest lines of these types up to this seq, in order."""
    rows = Event.objects.filter(ticket=ticket.pk, seq__lte=upto, type__in=list(types)).order_by("-seq")
    return [line_of(row) for row in reversed(rows.values(*LINE_FIELDS)[:LONGEST])]


LINE_FIELDS = ("pk", "seq", "type", "at", "data", "is_public", "by_customer", "by_user")


def line_of(row: dict[str, Any]) -> Line:
    return Line(
        row["pk"],
        row["seq"],
        row["type"],
        row["at"],
        row["data"],
        row["is_public"],
        row["by_customer"] is not None,
        row["by_user"] is not None,
    )
