"""Macros are kept, and their steps are done: at once, or together with the words that are sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.actions._rules import check_client_id, clean_body, clean_line, lock, require
from tickets.actions.posting import find_posted, post_message
from tickets.macros import Step, Steps
from tickets.models import Macro, Message, Ticket

NAME_CHARS = 80
COPY = " (copy)"
MAX_OWN = 500


# --- Keeping -----------------------------------------------------------------------------
@transaction.atomic
def create_macro(
    *,
    by: User,
    name: str,
    body: str = "",
    kind: str = Message.Kind.REPLY,
    steps: Iterable[object] = (),
    owner: User | None,
    team: Team | None = None,
) -> Macro:
    """Keep words and steps for again: one's own (`owner`), a team's, or everybody's (neither).

    Errors: PermissionDenied; ValidationError with code `empty`, `too_long` or `invalid`.
    """
    require(by, "tickets.reply")
    fields = _checked(by, name=name, body=body, kind=kind, steps=steps, owner=owner, team=team)
    if owner is not None:
        _check_room(owner)
    return Macro.objects.create(**fields)


@transaction.atomic
def change_macro(
    macro: Macro,
    *,
    by: User,
    name: str,
    body: str = "",
    kind: str = Message.Kind.REPLY,
    steps: Iterable[object] = (),
    owner: User | None,
    team: Team | None = None,
) -> Macro:
    """Say all of a macro anew. Errors as in `create_macro`."""
    macro = _lock(macro, by)
    fields = _checked(by, name=name, body=body, kind=kind, steps=steps, owner=owner, team=team)
    for field, value in fields.items():
        setattr(macro, field, value)
    macro.save(update_fields=list(fields))
    return macro


@transaction.atomic
def copy_macro(macro: Macro, *, by: User) -> Macro:
    """One's own copy of a macro that one sees, to make it different. Errors: PermissionDenied; ValidationError."""
    if not Macro.objects.visible_to(by).filter(pk=macro.pk).exists():
        raise PermissionDenied
    require(by, "tickets.reply")
    _check_room(by)
    name = macro.name[: NAME_CHARS - len(COPY)] + COPY
    # Its steps as they are: what has gone from them meanwhile is said when they are used.
    return Macro.objects.create(name=name, body=macro.body, kind=macro.kind, steps=macro.steps, owner=by)


@transaction.atomic
def delete_macro(macro: Macro, *, by: User) -> None:
    """For good. Errors: PermissionDenied."""
    _lock(macro, by).delete()


def _check_room(owner: User) -> None:
    if Macro.objects.filter(owner=owner).count() >= MAX_OWN:
        raise ValidationError(
            _("You have %(count)s macros of your own. Delete some first.") % {"count": MAX_OWN}, code="invalid"
        )


def _lock(macro: Macro, by: User) -> Macro:
    require(by, "tickets.reply")
    if not Macro.objects.changeable_by(by).filter(pk=macro.pk).exists():
        raise PermissionDenied
    return Macro.objects.select_for_update().get(pk=macro.pk)


def _checked(
    by: User, *, name: str, body: str, kind: str, steps: Iterable[object], owner: User | None, team: Team | None
) -> dict[str, Any]:
    """The columns of a macro, if this person may keep it like this."""
    _check_whose(by, owner, team)
    name = clean_line(name, NAME_CHARS + 1)
    if not name:
        raise ValidationError({"name": _("Give it a name.")}, code="empty")
    if len(name) > NAME_CHARS:
        words = _("A name has %(count)s characters at most.") % {"count": NAME_CHARS}
        raise ValidationError({"name": words}, code="too_long")
    if kind not in Message.Kind.values:
        raise ValidationError(_("There is no such kind of message."), code="invalid")
    body, checked = clean_body(body, may_be_empty=True), Steps().check(steps)
    if not body and not checked:
        raise ValidationError(_("Write some words, or choose a step."), code="empty")
    return {"name": name, "body": body, "kind": kind, "steps": checked, "owner": owner, "team": team}


def _check_whose(by: User, owner: User | None, team: Team | None) -> None:
    if owner is not None:
        if owner.pk != by.pk or team is not None:
            raise PermissionDenied
        return
    require(by, "tickets.share")
    if team is not None and not by.has_perm("tickets.view_all") and team not in by.teams.all():
        raise ValidationError(_("You are not in this team."), code="invalid")


# --- Using -------------------------------------------------------------------------------
@transaction.atomic
def apply_macro(ticket: Ticket, *, by: User, macro: Macro, client_id: str = "") -> Ticket:
    """Do all steps of a macro, or none. Its words are not sent: they are for the person's eyes first.

    Errors: PermissionDenied; ValidationError as the steps' own actions say.
    """
    return apply_steps(ticket, by=by, steps=macro.steps, macros=[macro.pk], client_id=client_id)


@transaction.atomic
def apply_steps(
    ticket: Ticket, *, by: User, steps: Iterable[object], macros: Iterable[int] = (), client_id: str = ""
) -> Ticket:
    """Do these steps, all or none, and count the macros they came from. A repeated `client_id` adds no second note.

    Errors: PermissionDenied; ValidationError as the steps' own actions say.
    """
    require(by, "tickets.reply")
    check_client_id(client_id)
    ticket = lock(ticket)
    known = Steps()
    for number, step in enumerate(known.check(steps)):
        once = _once(client_id, number, step) if client_id else ""
        known.kinds[step["do"]].do(ticket, step["value"], by=by, once=once)
    count_use(macros, by=by)
    return lock(ticket)


def _once(client_id: str, number: int, step: Step) -> str:
    return "macro-" + hashlib.sha256(f"{client_id}\n{number}\n{step['do']}".encode()).hexdigest()[:32]


def post_with_steps(
    ticket: Ticket,
    *,
    by: User,
    body: str,
    steps: Sequence[object] = (),
    macros: Sequence[int] = (),
    kind: str = Message.Kind.REPLY,
    client_id: str = "",
    attachments: tuple[str, ...] = (),
    format: str = Message.Format.PLAIN,
) -> Message:
    """Add a message and do these steps: both or neither. The same `client_id` again does neither a second time.

    Errors as in `post_message` and `apply_steps`.
    """
    post: dict[str, Any] = {"by": by, "body": body, "kind": kind, "client_id": client_id}
    post |= {"attachments": attachments, "format": format}
    if not steps and not macros:
        return post_message(ticket, **post)
    check_client_id(client_id)
    with transaction.atomic():
        lock(ticket)  # whoever sends the same twice at once waits here, and then sees that it is stored
        is_known = client_id in find_posted(by, [client_id])
        message = post_message(ticket, **post)
        if not is_known:
            apply_steps(message.ticket, by=by, steps=steps, macros=macros, client_id=client_id)
    return message


def count_use(macros: Iterable[int], *, by: User) -> None:
    """Note that these macros were used, those of them that this person sees."""
    for pk in sorted(set(macros)):  # always in the same order, so that two people cannot wait for each other
        Macro.objects.visible_to(by).filter(pk=pk).update(used=F("used") + 1, used_at=timezone.now())
