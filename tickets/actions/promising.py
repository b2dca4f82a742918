"""Promises are measured: from the log of events, one after the other, and from nothing else.

The rules, in words, are in docs/architecture.md ("Promises"). What an event does to a ticket's runs depends on what
happened before it, never on when it is read; a worker that was away for a day comes to the same runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Desk, Team
from tickets.actions._rules import lock
from tickets.actions.sweeping import read_log
from tickets.events import record
from tickets.models import Channel, Event, EventMark, Promise, PromiseRun, Status, Ticket, TicketLink
from tickets.queries.promises import ANSWERS, all_promises, calendar_of_site
from tickets.sla import due_after, open_between

log = logging.getLogger(__name__)
READER = "promises"
BATCH = 500
_CHANGES_OF_HANDS = ("ticket.assigned", "ticket.handed_over")
Measure, State = Promise.Measure, PromiseRun.State


@Desk.read_once()
def read_promises() -> int:
    """Measure what happened since the last time; returns how many events it was. Two clocks are harmless."""
    return read_log(READER, _read, types=TYPES if Promise.objects.exists() else ())


def _read(event: Event) -> int:
    measure(event)
    return 1


@Desk.read_once()
def break_promises(now: datetime | None = None, *, is_history: bool = False) -> int:
    """Say on their tickets which promises are broken; returns how many. Two clocks are harmless: each is claimed under
    its ticket's lock. With `is_history` (demo) it is said as of when they broke, and announced to nobody."""
    at, broken = now or timezone.now(), 0
    for run in _late(at)[:BATCH]:
        try:
            broken += _break(run, at, is_history=is_history)
        except Exception:
            log.exception("run %s of a promise could not be decided", run.pk)  # it stays late; the others go on
    return broken


def measure_history(now: datetime) -> None:
    """Measure what is written, at once, up to `now`: for data that one transaction makes, as the demo does."""
    mark, _is_new = EventMark.objects.get_or_create(reader=READER, defaults={"done_id": 0, "seen_id": 0, "seen_xid": 0})
    events = Event.objects.filter(pk__gt=mark.done_id).order_by("pk").select_related("ticket", "message")
    for event in events:
        if event.type in TYPES:
            measure(event)
        mark.done_id = mark.seen_id = event.pk
    mark.save()
    break_promises(now, is_history=True)


def measure(event: Event) -> int:
    """Begin, end and void the runs that this event concerns; returns how many. Once for each event, in their order."""
    return _MEASURES[event.type](event)


# --- What events mean ----------------------------------------------------------------------
def _posted(event: Event) -> int:
    """The customer's words begin; our people's answer ends. A note, and what the system says, is neither."""
    if not event.is_public or event.data.get("imported"):  # it was there before us
        return 0
    if event.by_customer_id is not None:
        return _begin(event, event.at, [*_answers(event), Measure.SOLVED])
    if event.by_user_id is not None:
        return _end(_open_runs(event).filter(promise__measure__in=ANSWERS), event)
    return 0


def _opened(event: Event) -> int:
    """A call is a matter to be solved although nobody wrote. So is what is split off, and its customer may wait."""
    if "split_from" in event.data:
        return _split_off(event)
    if event.data.get("channel") == Channel.PHONE and event.by_user_id is not None:
        return _begin(event, event.at, [Measure.SOLVED])
    return 0


def _split_off(event: Event) -> int:
    began = _begin(event, event.at, [Measure.SOLVED])
    link = TicketLink.objects.filter(ticket=event.ticket_id, kind=TicketLink.Kind.SPLIT).select_related("message")
    message = next((one.message for one in link if one.message), None)
    if message is None or message.by_customer_id is None:
        return began
    said = Event.objects.filter(message=message).values("seq")[:1]
    since = Event.objects.filter(ticket=message.ticket_id, seq__gt=said, pk__lt=event.pk)
    answers = Q(type="message.posted", is_public=True, by_user__isnull=False) | Q(type="ticket.resolved")
    return began if since.filter(answers).exists() else began + _begin(event, message.created_at, _answers(event))


def _resolved(event: Event) -> int:
    """In time, it keeps what was to be solved; an answer that was not due yet was not needed, and was not given."""
    runs = _open_runs(event)
    solved = _end(runs.filter(promise__measure=Measure.SOLVED), event)
    return solved + _end(runs.filter(promise__measure__in=ANSWERS), event, in_time=State.VOID)


def _reopened(event: Event) -> int:
    """By us: there is something to be solved again. By the customer: their words follow, and say so. Undone: as if it
    had never been solved."""
    if event.data.get("undo"):
        return _revive(event, "ticket.resolved")
    return _begin(event, event.at, [Measure.SOLVED]) if event.by_customer_id is None else 0


def _trashed(event: Event) -> int:
    return sum(_void(run, event) for run in _open_runs(event))


def _restored(event: Event) -> int:
    return _revive(event, "ticket.trashed")


def _merged(event: Event) -> int:
    """Its customer waits on the one that goes on, and has waited since then. What was past due stays broken."""
    if "into" in event.data:
        return _end(_open_runs(event), event, in_time=State.VOID)
    gone = _merge_of(event.data.get("taken"), event)
    return sum(_take_over(run, event) for run in PromiseRun.objects.filter(ended=gone, state=State.VOID)) if gone else 0


def _take_over(gone: PromiseRun, event: Event) -> int:
    """Of two who wait for the same, whoever has waited longer counts."""
    here = _open_runs(event).filter(promise=gone.promise_id).first()
    if here is not None and here.began_at <= gone.began_at:
        return 0
    if here is not None:
        _void(here, event)
    times = {"began_at": gone.began_at, "due_at": gone.due_at, "left": gone.left, "warn_at": gone.warn_at}
    PromiseRun.objects.create(promise_id=gone.promise_id, ticket_id=event.ticket_id, began=event, **times)
    return 1


def _unmerged(event: Event) -> int:
    """As before the merge, where nobody has answered meanwhile. Told on the one that goes on, it is told of both."""
    merged = Event.objects.filter(ticket=event.ticket_id, type="ticket.merged", pk__lt=event.pk)
    here = merged.filter(data__taken=event.data.get("given_back")).order_by("pk").last()
    gone = _merge_of(event.data.get("given_back"), here) if here else None
    if here is None or gone is None:
        return 0
    taken = list(PromiseRun.objects.filter(began=here))
    answered = [run.promise_id for run in taken if run.ended_at is not None and run.state != State.VOID]
    touched = sum(_void(run, event) for run in taken if run.ended_at is None)
    back = PromiseRun.objects.filter(ended__in=[gone, here]).exclude(promise__in=answered)
    return touched + sum(_run_again(run) for run in back)


def _merge_of(number: int | None, told: Event) -> Event | None:
    """The event by which that ticket went into the one on whose timeline this was told."""
    events = Event.objects.filter(ticket=number, type="ticket.merged", data__into=told.ticket_id, pk__lt=told.pk)
    return events.order_by("pk").last()


def _handed_over(event: Event) -> int:
    """In a chat that goes to a team the customer waits from then on; the next one needs a word on how it stands."""
    is_to_team = event.data["user"]["to"] is None and event.ticket.channel == Channel.CHAT
    began = _begin(event, event.at, _answers(event)) if is_to_team else 0
    return began + _transfer(event, is_kept=bool(event.data.get("note")))


def _assigned(event: Event) -> int:
    """From one person to another it is a transfer, without a word. Whoever takes it has read it; what the system or
    an undo does is none."""
    if event.data.get("undo"):
        return _untransfer(event)
    user, team = event.data["user"], event.data["team"]
    is_other = user["to"] not in (None, user["from"]) or (user["to"] is None and team["to"] not in (None, team["from"]))
    if user["from"] is None or not is_other or event.by_user_id in (None, user["id"]):
        return 0
    return _transfer(event, is_kept=False)


def _transfer(event: Event, *, is_kept: bool) -> int:
    promises = _that_hold(event, [Measure.HANDED_OVER])
    for promise in promises:
        times = {"began_at": event.at, "ended_at": event.at, "ended": event}
        state = State.KEPT if is_kept else State.RUNNING  # `break_promises` says so
        times |= {"ticket_id": event.ticket_id, "state": state}
        PromiseRun.objects.get_or_create(promise=promise, began=event, defaults=times)
    return len(promises)


def _untransfer(event: Event) -> int:
    """The last change of hands is taken back."""
    changes = Event.objects.filter(ticket=event.ticket_id, type__in=_CHANGES_OF_HANDS, seq__lt=event.seq)
    last = changes.order_by("-seq").first()
    runs = PromiseRun.objects.filter(began=last, promise__measure=Measure.HANDED_OVER).exclude(state=State.VOID)
    return sum(_void(run, event) for run in runs) if last else 0


def _status_changed(event: Event) -> int:
    """Pending, we wait for them: that time counts unless the company has said that it does not."""
    runs = _open_runs(event).filter(promise__measure=Measure.SOLVED, promise__is_paused_while_pending=True)
    pauses = event.data.get("to") == Status.PENDING
    return sum(_pause(run, event) if pauses else _go_on(run, event) for run in runs.select_related("promise__calendar"))


def _pause(run: PromiseRun, event: Event) -> int:
    if run.due_at is None or run.is_late(event.at):
        return 0
    hours = run.promise.hours(calendar_of_site(event.ticket.site_id))
    run.left, run.due_at = open_between(event.at, run.due_at, hours), None
    run.save(update_fields=["left", "due_at"])
    return 1


def _go_on(run: PromiseRun, event: Event) -> int:
    if run.left is None:
        return 0
    hours = run.promise.hours(calendar_of_site(event.ticket.site_id))
    if run.warn_at is not None:
        run.warn_at = run.promise.warn_at(event.at, hours, left=run.left)
    run.due_at, run.left = due_after(event.at, run.left, hours), None
    run.save(update_fields=["left", "due_at", "warn_at"])
    return 1


_MEASURES: dict[str, Callable[[Event], int]] = {
    "message.posted": _posted,
    "status.changed": _status_changed,
    "ticket.assigned": _assigned,
    "ticket.handed_over": _handed_over,
    "ticket.merged": _merged,
    "ticket.opened": _opened,
    "ticket.reopened": _reopened,
    "ticket.resolved": _resolved,
    "ticket.restored": _restored,
    "ticket.trashed": _trashed,
    "ticket.unmerged": _unmerged,
}
TYPES = tuple(_MEASURES)


# --- Runs ----------------------------------------------------------------------------------
def _answers(event: Event) -> list[str]:
    """What an answer to this event would keep."""
    answered_at = event.ticket.first_answered_at
    is_first = answered_at is None or answered_at >= event.at
    return [Measure.NEXT_ANSWER, Measure.FIRST_ANSWER] if is_first else [Measure.NEXT_ANSWER]


def _open_runs(event: Event) -> QuerySet[PromiseRun]:
    """Those of the event's ticket that nothing has ended yet, broken or not."""
    return PromiseRun.objects.filter(
        ticket=event.ticket_id, ended_at=None, state__in=[State.RUNNING, State.BROKEN]
    ).order_by("pk")


def _begin(event: Event, at: datetime, measures: Iterable[str]) -> int:
    """Begin what the event begins, as of `at`; what runs already goes on."""
    promises = _that_hold(event, measures)
    running = set(_open_runs(event).values_list("promise", flat=True)) if promises else set()
    hours = calendar_of_site(event.ticket.site_id) if promises else None
    begun = [promise for promise in promises if promise.pk not in running]
    for promise in begun:
        times = {"ticket_id": event.ticket_id, "began_at": at, "due_at": promise.due_at(at, hours)}
        times["warn_at"] = promise.warn_at(at, hours)
        PromiseRun.objects.get_or_create(promise=promise, began=event, defaults=times)
    return len(begun)


def _that_hold(event: Event, measures: Iterable[str]) -> list[Promise]:
    """The promises of these kinds that were given when it happened, on a ticket as it was then."""
    wanted = set(measures)
    given = [one for one in all_promises() if one.measure in wanted and one.is_in_force(event.at)]
    given = [one for one in given if one.channel in ("", event.ticket.channel)]
    if not any(one.team_id or one.priority for one in given):
        return given
    team_id, priority = _team_and_priority(event)
    return [one for one in given if one.concerns(event.ticket.channel, team_id, priority)]


def _team_and_priority(event: Event) -> tuple[int | None, int]:
    """Whose the ticket was and how urgent, just before the event: as it is now, but for what has changed since."""
    team_id, priority = event.ticket.team_id, event.ticket.priority
    types = ["priority.changed", *_CHANGES_OF_HANDS]
    since = Event.objects.filter(ticket=event.ticket_id, seq__gte=event.seq, type__in=types).order_by("-seq")
    for change in since:
        if change.type == "priority.changed":
            priority = change.data["from"]
        elif change.data["team"]["from"] != change.data["team"]["to"]:
            was = Team.objects.filter(name=change.data["team"]["from"]).values_list("pk", flat=True)
            team_id = was.first()
    return team_id, priority


def _end(runs: Iterable[PromiseRun], event: Event, *, in_time: str = State.KEPT) -> int:
    """The event ends them: in time, they are `in_time`; late, they are broken, which `break_promises` says."""
    count = 0
    for run in runs:
        if run.state == State.RUNNING and not run.is_late(event.at):
            run.state = in_time
        run.ended, run.ended_at = event, event.at
        run.save(update_fields=["state", "ended", "ended_at"])
        count += 1
    return count


def _void(run: PromiseRun, event: Event) -> int:
    run.state, run.broken_at, run.ended, run.ended_at = State.VOID, None, event, event.at
    run.save(update_fields=["state", "broken_at", "ended", "ended_at"])
    return 1


def _revive(event: Event, type: str) -> int:  # noqa: A002
    """What the last event of this type on the ticket has ended goes on as if it had not happened."""
    last = Event.objects.filter(ticket=event.ticket_id, type=type, seq__lt=event.seq).order_by("-seq").first()
    return sum(_run_again(run) for run in PromiseRun.objects.filter(ended=last)) if last else 0


def _run_again(run: PromiseRun) -> int:
    others = PromiseRun.objects.filter(promise=run.promise_id, ticket=run.ticket_id, ended_at=None)
    if run.began_id == run.ended_id or others.exists():
        return 0
    run.state, run.broken_at, run.ended, run.ended_at = State.RUNNING, None, None, None
    run.save(update_fields=["state", "broken_at", "ended", "ended_at"])
    return 1


# --- Broken --------------------------------------------------------------------------------
def _late(now: datetime) -> QuerySet[PromiseRun]:
    """What is past due, or was ended late, or was done otherwise than promised, and nobody has said so."""
    by_deed = Q(due_at=None, ended_at__isnull=False)
    late = PromiseRun.objects.filter(Q(due_at__lt=now) | by_deed, state=State.RUNNING)
    return late.select_related("ticket").order_by("due_at", "pk")


@transaction.atomic
def _break(late: PromiseRun, now: datetime, *, is_history: bool) -> bool:
    """Claim it under its ticket's lock, and say so. Not yet while something on the ticket is unread: it may have been
    in time."""
    ticket = lock(late.ticket)
    rows = PromiseRun.objects.select_for_update(of=("self",), skip_locked=True).select_related("promise__calendar")
    run = rows.filter(pk=late.pk, state=State.RUNNING).first()
    if run is None or has_unread(ticket):
        return False
    is_by_deed = run.due_at is None and run.ended_at is not None and run.left is None
    if not is_by_deed and not run.is_late(run.ended_at or now):
        return False
    if ticket.customer.is_blocked:
        run.state = State.VOID
        run.ended_at = run.ended_at or now
        run.save(update_fields=["state", "ended_at"])
        return False
    run.state, run.broken_at = State.BROKEN, run.due_at or run.ended_at
    run.save(update_fields=["state", "broken_at"])
    if not Event.objects.filter(ticket=ticket, type="promise.broken", data__run=run.pk).exists():
        data = _broken_data(run, ticket)
        at = max(run.broken_at or now, ticket.updated_at) if is_history else None
        record(ticket, "promise.broken", by=None, at=at, data=data)
    return True


def has_unread(ticket: Ticket) -> bool:
    """Whether something happened on the ticket that was not measured yet."""
    done = EventMark.objects.filter(reader=READER).values("done_id")[:1]
    return Event.objects.filter(ticket=ticket, pk__gt=done, type__in=TYPES).exists()


def _broken_data(run: PromiseRun, ticket: Ticket) -> dict[str, object]:
    """What the event says. `late` is in seconds of the promise's hours, or None while it goes on."""
    data: dict[str, object] = {"promise": run.promise_id, "run": run.pk, "words": run.promise.words}
    data |= {"measure": run.promise.measure, "began_at": run.began_at.isoformat()}
    if run.due_at is None:
        return data
    hours = run.promise.hours(calendar_of_site(ticket.site_id))
    late = open_between(run.due_at, run.ended_at, hours).total_seconds() if run.ended_at else None
    return data | {"due_at": run.due_at.isoformat(), "late": late}
