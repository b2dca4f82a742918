"""What somebody did to tickets a moment ago is noted, and can be put back as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import Team, User
from accounts.templatetags.grammar import mid_sentence
from tickets.actions.checking_off import put_item_back
from tickets.actions.copying_in import add_copied
from tickets.actions.filling import set_fields
from tickets.actions.forwarding import take_back_forward
from tickets.actions.planning import change_follow_up, drop_follow_up, restore_follow_up
from tickets.actions.relating import link_ticket, unlink_ticket
from tickets.actions.snoozing import snooze_ticket, wake_ticket
from tickets.actions.solving import BeforeSolving, reopen_ticket
from tickets.actions.sorting import assign_ticket, set_priority, set_status, tag_ticket
from tickets.actions.trashing import restore_ticket, trash_ticket
from tickets.models import FollowUp, NamedStatus, Priority, RootCause, Status, Ticket, TicketLink, Undo

UNDO_FOR = timedelta(minutes=10)
State = dict[str, Any]  # what can be undone of a ticket, as it is kept: keys, numbers, words, and times as text
Step = dict[str, Any]  # {ticket, do, was, is}, and `also`: tickets that it takes as well
# What is put back together, and by which of our own actions.
GROUPS = {
    "assign": ("user", "team"),
    "status": ("status", "named_status"),
    "priority": ("priority",),
    "tags": ("tags",),
    "snooze": ("snoozed_at", "snoozed_until"),
    "trash": ("trashed_at",),
}
TOGETHER = ("snooze", "status")  # one of the two says nothing without the other
FIELD = "field:"  # before the slug of a field of the company's own
_TIMES = ("waiting_since", "answer_due_at", "snoozed_at", "snoozed_until")
BEFORE_SOLVING = ("status", "named_status", "root_cause", *_TIMES)


@dataclass
class Noted:
    """What `remembering` has noted, once its block is over; None if nothing changed."""

    undo: Undo | None = None


@dataclass(frozen=True)
class Undone:
    """The tickets that are as they were, and those that were left alone, with why."""

    done: list[int] = field(default_factory=list)
    left: dict[int, str] = field(default_factory=dict)


@contextmanager
def remembering(tickets: Iterable[Ticket], *, by: User) -> Iterator[Noted]:
    """What happens to these tickets in the block can be undone by whoever does it.

    The block is one transaction, and holds the rows of all these tickets, locked in the order of their keys as
    every batch does, so that two of them cannot wait for each other.
    """
    numbers = [ticket.pk for ticket in tickets]
    noted = Noted()
    with transaction.atomic():
        before = _look(numbers)
        yield noted
        steps = _steps(before, _look(numbers))
        if steps:
            noted.undo = Undo.objects.create(user=by, label=_label(steps), steps=steps)


@transaction.atomic
def undo(row: Undo, *, by: User) -> Undone:
    """Put back exactly what was there, once, within ten minutes, and only one's own.

    A ticket on which anything of it has changed since is left alone. It need not be visible to them any more:
    who has just moved one out of their own sight must be able to take that back. Errors: PermissionDenied;
    ValidationError code `closed` (too late) or `again` (undone before).
    """
    if row.user_id != by.pk:
        raise PermissionDenied
    now = timezone.now()
    mine = Undo.objects.filter(pk=row.pk, user=by)
    if not mine.filter(undone_at=None, created_at__gt=now - UNDO_FOR).update(undone_at=now):
        if mine.filter(undone_at__isnull=False).exists():
            raise ValidationError(_("That is undone already."), code="again")
        raise ValidationError(_("It is too late to undo that."), code="closed")
    by_ticket: dict[int, list[Step]] = {}
    for step in row.steps:
        by_ticket.setdefault(step["ticket"], []).append(step)
    states = _look({*by_ticket, *(number for step in row.steps for number in step.get("also", []))})
    undone = Undone()
    for number in sorted(by_ticket):
        try:
            with transaction.atomic():
                _put_back(number, by_ticket[number], states.get(number), by)
        except ValidationError as error:
            undone.left[number] = " ".join(error.messages)
        except PermissionDenied:
            undone.left[number] = _("You may not do that any more.")
        else:
            undone.done.append(number)
    return undone


def offer_to_undo(ticket: Ticket, *, by: User, do: str, was: State, label: str, also: Iterable[int] = ()) -> Undo:
    """Note what `remembering` cannot see, because it is in no column of a ticket, so that it can be undone.

    `do` names how, `was` is what that needs; `also` are tickets whose rows it takes, too.
    """
    step = {"ticket": ticket.pk, "do": do, "was": was, "is": {}, "also": list(also)}
    return Undo.objects.create(user=by, label=label[:200], steps=[step])


def offer_to_undo_each(was: dict[int, State], *, by: User, do: str, label: str) -> Undo:
    """As `offer_to_undo`, for several tickets at once: `was` by the number of each."""
    steps = [{"ticket": number, "do": do, "was": was[number], "is": {}, "also": []} for number in sorted(was)]
    return Undo.objects.create(user=by, label=label[:200], steps=steps)


def newest_undo(*, by: User) -> Undo | None:
    """The last thing that somebody did and can still undo."""
    fresh = Undo.objects.filter(user=by, created_at__gt=timezone.now() - UNDO_FOR)
    newest = fresh.order_by("-created_at", "-pk").first()
    return newest if newest is not None and newest.undone_at is None else None


def forget_undos(*, older_than: datetime) -> int:
    """Delete what nobody can undo any more; returns how many rows it was."""
    return Undo.objects.filter(created_at__lt=older_than).delete()[0]


def _look(numbers: Iterable[int]) -> dict[int, State]:
    """The tickets' states, with their rows locked in one order for all."""
    wanted = Ticket.objects.filter(pk__in=list(numbers)).select_for_update(of=("self",)).order_by("pk")
    states: dict[int, State] = {ticket.pk: _state(ticket) for ticket in wanted}
    tagged = Ticket.tags.through.objects.filter(ticket__in=list(states)).order_by("tag__name")
    for number, name in tagged.values_list("ticket", "tag__name"):
        states[number]["tags"].append(name)
    return states


def _state(ticket: Ticket) -> State:
    times = {
        name: _text(getattr(ticket, name))
        for name in ("waiting_since", "answer_due_at", "solved_at", "snoozed_at", "snoozed_until", "trashed_at")
    }
    fields = {FIELD + slug: value for slug, value in ticket.fields.items()}
    return (
        times
        | fields
        | {
            "user": ticket.assignee_id,
            "team": ticket.team_id,
            "status": ticket.status,
            "named_status": ticket.named_status_id,
            "priority": ticket.priority,
            "tags": [],
            "root_cause": ticket.root_cause_id,
        }
    )


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _time(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def _steps(before: dict[int, State], after: dict[int, State]) -> list[Step]:
    """What can be undone of what became of the tickets, ticket by ticket, in the order of their keys."""
    return [step for number in sorted(before) for step in _steps_of(number, before[number], after[number])]


def _steps_of(number: int, was: State, is_: State) -> Iterator[Step]:
    if Status.SOLVED in (was["status"], is_["status"]) and was["status"] != is_["status"]:
        groups = {name: GROUPS[name] for name in ("assign", "priority", "tags")}
    else:
        groups = GROUPS
    for do, names in groups.items():
        changed = [name for name in names if was[name] != is_[name]]
        if changed:
            kept = names if do in TOGETHER else changed
            yield {"ticket": number, "do": do, "was": _only(was, kept), "is": _only(is_, kept)}
    slugs = sorted({name for name in was.keys() | is_.keys() if name.startswith(FIELD)})
    filled = [name for name in slugs if was.get(name) != is_.get(name)]
    if filled:
        yield {"ticket": number, "do": "fields", "was": _only(was, filled), "is": _only(is_, filled)}
    if is_["status"] == Status.SOLVED != was["status"]:
        made = _only(is_, ("status", "named_status", "solved_at", "root_cause"))
        yield {"ticket": number, "do": "resolve", "was": _only(was, BEFORE_SOLVING), "is": made}


def _only(state: State, names: Iterable[str]) -> State:
    return {name: state.get(name) for name in names}


def _put_back(number: int, steps: list[Step], now: State | None, by: User) -> None:
    """Undo all steps on a locked ticket, the last one first; or none, if it is not what we made of it any more."""
    if now is None:
        raise ValidationError(_("It is not there any more."), code="invalid")
    if any(now.get(name) != value for step in steps for name, value in step["is"].items()):
        raise ValidationError(_("It has changed since."), code="invalid")
    if now["trashed_at"] is not None and all(step["do"] != "trash" for step in steps):
        raise ValidationError(_("It is in the trash. Restore it first."), code="trashed")
    for step in reversed(steps):
        way = _UNDO.get(step["do"]) or import_string(settings.UNDO_STEPS[step["do"]])
        way(Ticket(pk=number), step["was"], by)  # each action reads the row anew


def _unassign(ticket: Ticket, was: State, by: User) -> None:
    chosen: dict[str, Any] = {}
    for name, model in (("user", User), ("team", Team)):
        if name in was:
            chosen[name] = _still_there(model, was[name])
    assign_ticket(ticket, by=by, is_undo=True, **chosen)


def _still_there(model: Any, pk: int | None) -> Any:
    found = model.objects.filter(pk=pk).first() if pk is not None else None
    if found is None and pk is not None:
        raise ValidationError(_("Who had it is not here any more."), code="invalid")
    return found


def _unsolve(ticket: Ticket, was: State, by: User) -> None:
    times = {name: _time(was[name]) for name in _TIMES}
    cause = RootCause.objects.filter(pk=was["root_cause"]).first() if was["root_cause"] else None
    before = BeforeSolving(status=was["status"], root_cause=cause, named_status=_named(was), **times)
    reopen_ticket(ticket, by=by, as_before=before)


def _named(was: State) -> NamedStatus | None:
    """The company's own word that a ticket had, if there is one."""
    pk = was.get("named_status")
    return NamedStatus.objects.filter(pk=pk).first() if pk else None


def _restatus(ticket: Ticket, was: State, by: User) -> None:
    set_status(ticket, by=by, status=was["status"], named=_named(was), is_undo=True)


def _refill(ticket: Ticket, was: State, by: User) -> None:
    set_fields(ticket, by=by, values={name.removeprefix(FIELD): was[name] for name in was}, is_undo=True)


def _unsnooze(ticket: Ticket, was: State, by: User) -> None:
    if was["snoozed_at"] is None:
        wake_ticket(ticket, by=by, is_undo=True)
    else:
        snooze_ticket(ticket, by=by, until=_time(was["snoozed_until"]), is_undo=True)


def _untrash(ticket: Ticket, was: State, by: User) -> None:
    if was["trashed_at"] is None:
        restore_ticket(ticket, by=by, is_undo=True)
    else:
        trash_ticket(ticket, by=by, since=_time(was["trashed_at"]), is_undo=True)


def _relink(ticket: Ticket, was: State, by: User) -> None:
    link_ticket(ticket, by=by, other=Ticket(pk=was["other"]), kind=was["kind"], is_undo=True)


def _unlink(ticket: Ticket, was: State, by: User) -> None:
    link = TicketLink.objects.filter(pk=was["link"]).first()
    if link is not None:
        unlink_ticket(link, by=by, is_undo=True)


def _put_item_back(ticket: Ticket, was: State, by: User) -> None:
    put_item_back(ticket, by=by, was=was)


def _follow_up(was: State) -> FollowUp:
    row = FollowUp.objects.planned().filter(pk=was["follow_up"]).first()
    if row is None:
        raise ValidationError(_("It is not there any more."), code="invalid")
    return row


def _unplan(ticket: Ticket, was: State, by: User) -> None:
    drop_follow_up(_follow_up(was), by=by, is_undo=True)


def _replan(ticket: Ticket, was: State, by: User) -> None:
    restore_follow_up(_follow_up(was), by=by, is_undo=True)


def _rechange(ticket: Ticket, was: State, by: User) -> None:
    """What it said before; whose words they were is kept with them."""
    whose = User.objects.filter(pk=was["assignee"]).first() if was["assignee"] else None
    row, author = _follow_up(was), User.objects.filter(pk=was["by"]).first()
    told: dict[str, Any] = {"body": was["body"], "due_at": _time(was["due_at"]), "unless": was["unless"]}
    if row.is_task:
        told["assignee"] = whose
    change_follow_up(row, by=by, author=author, is_undo=True, **told)


_UNDO = {
    "plan": _unplan,
    "replan": _replan,
    "rechange": _rechange,
    "copy": lambda ticket, was, by: add_copied(ticket, by=by, email=was["email"], name=was["name"]),
    "forward": lambda ticket, was, by: take_back_forward(ticket, by=by, mail=was["mail"]),
    "assign": _unassign,
    "status": _restatus,
    "fields": _refill,
    "priority": lambda ticket, was, by: set_priority(ticket, by=by, priority=was["priority"], is_undo=True),
    "tags": lambda ticket, was, by: tag_ticket(ticket, by=by, tags=was["tags"], is_undo=True),
    "snooze": _unsnooze,
    "trash": _untrash,
    "link": _relink,
    "unlink": _unlink,
    "item": _put_item_back,
    "resolve": _unsolve,
}


def _label(steps: list[Step]) -> str:
    """What was done, in a few words: `Solved`, `3 tickets assigned to Bob Bakker`."""
    words = list(dict.fromkeys(_words(step) for step in steps))
    said = ", ".join(words)
    many = len({step["ticket"] for step in steps})
    if many > 1:
        said = ngettext("%(count)s ticket %(done)s", "%(count)s tickets %(done)s", many) % {"count": many, "done": said}
    return (said[:1].upper() + said[1:])[:200]


def _words(step: Step) -> str:
    made = step["is"]
    if step["do"] == "assign":
        return _assigned(made)
    if step["do"] == "status":
        named = _named(made)
        if named is not None:
            return _("set to %(status)s") % {"status": named.name}
        waits = {Status.PENDING: _("set to pending"), Status.ON_HOLD: _("put on hold")}
        return waits.get(made["status"], _("set to open"))
    if step["do"] == "priority":
        return _("set to %(priority)s priority") % {"priority": mid_sentence(str(Priority(made["priority"]).label))}
    if step["do"] == "snooze":
        return pgettext("done", "snoozed") if made["snoozed_at"] else pgettext("done", "woken")
    if step["do"] == "trash":
        return _("moved to the trash") if made["trashed_at"] else pgettext("done", "restored")
    others = {"tags": _("tagged"), "fields": pgettext("done", "changed"), "resolve": pgettext("done", "solved")}
    return others[step["do"]]


def _assigned(made: State) -> str:
    parts = []
    if "user" in made:
        user = User.objects.filter(pk=made["user"]).first() if made["user"] else None
        parts.append(_("assigned to %(name)s") % {"name": user.name} if user else _("assigned to nobody"))
    if "team" in made:
        team = Team.objects.filter(pk=made["team"]).first() if made["team"] else None
        parts.append(_("moved to %(team)s") % {"team": team.name} if team else _("moved to no team"))
    return _("%(one)s and %(other)s") % {"one": parts[0], "other": parts[1]} if len(parts) == 2 else parts[0]
