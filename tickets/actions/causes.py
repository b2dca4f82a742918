"""Root causes: the tree that managers keep, and what became of each."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from tickets.actions._rules import clean_line, require
from tickets.models import Macro, RootCause, Ticket

PERMISSION = "tickets.change_root_causes"
NAME_CHARS, SLUG_CHARS, CHANGE_CHARS = 120, 50, 300
MOST_CAUSES, MOST_LEVELS = 500, 6
AT_ONCE = 500  # tickets that move over in one transaction, so that nobody waits long for a row
NO_CAUSES = frozenset({"none"})  # what a form says for “no cause to name”
State = RootCause.State


@transaction.atomic
def add_cause(*, by: User | None, name: str, parent: RootCause | None = None) -> RootCause:
    """A new cause, below `parent` or at the top. Its slug never changes.

    Errors: PermissionDenied; ValidationError with code `empty`, `invalid`, `taken` or `too_many`.
    """
    tree = _locked(by)
    if sum(cause.archived_at is None for cause in tree.values()) >= MOST_CAUSES:
        words = _("There are %(count)s causes already. Archive or merge some first.")
        raise ValidationError(words % {"count": MOST_CAUSES}, code="too_many")
    cause = RootCause(name=_clean_name(name), parent=_checked_parent(parent, tree))
    _check_level(cause, tree)
    _check_free(cause, tree)
    cause.slug = _free_slug(cause.name, {other.slug for other in tree.values()})
    cause.save()
    return cause


@transaction.atomic
def place_cause(cause: RootCause, *, by: User | None, name: str, parent: RootCause | None) -> RootCause:
    """Call it this, on all tickets at once, and put it there in the tree, with all that is below it.

    Errors: as in `add_cause`.
    """
    tree = _locked(by)
    cause = _found(cause, tree)
    cause.name = _clean_name(name)
    if parent is None or parent.pk != cause.parent_id:  # where it is, it may stay, even below an archived one
        parent = _checked_parent(parent, tree)
        if parent is not None and cause in _upwards(parent, tree):
            words = _("A cause cannot be below itself.")
            raise ValidationError({"parent": ValidationError(words, code="invalid")})
        cause.parent = parent
    _check_level(cause, tree)
    _check_free(cause, tree)
    cause.save(update_fields=["name", "parent"])
    return cause


@transaction.atomic
def merge_causes(cause: RootCause, *, by: User | None, into: RootCause) -> RootCause:
    """Let the other one go on for this one; what is below this one is below the other then. This cannot be undone.

    Its first tickets move at once, the others soon after (`move_merged_tickets`). This row stays, so that macros and
    searches that know its slug mean the other one. Errors: PermissionDenied; ValidationError code `invalid`.
    """
    tree = _locked(by)
    cause, into = _found(cause, tree), _found(into, tree)
    if cause.pk in {one.pk for one in _upwards(into, tree)}:
        raise ValidationError(_("A cause cannot be merged into itself, or into one that is below it."), code="invalid")
    for child in tree.values():
        if child.parent_id == cause.pk:
            child.parent = into
            child.save(update_fields=["parent"])
    RootCause.objects.filter(merged_into=cause).update(merged_into=into)
    cause.merged_into, cause.archived_at = into, cause.archived_at or timezone.now()
    cause.save(update_fields=["merged_into", "archived_at"])
    _follow_in_macros(cause, into)
    _move_tickets(cause, into)
    return into


def move_merged_tickets() -> int:
    """Let some more tickets have the cause that goes on for theirs; returns how many. Two clocks are harmless."""
    moved = 0
    for cause in RootCause.objects.exclude(merged_into=None).select_related("merged_into"):
        if cause.merged_into is not None:
            with transaction.atomic():
                moved += _move_tickets(cause, cause.merged_into)
    return moved


@transaction.atomic
def look_after_cause(
    cause: RootCause,
    *,
    by: User | None,
    state: str,
    owner: User | None,
    change: str,
    at: datetime | None = None,
) -> RootCause:
    """Say whether it is mended, and who sees to it. `change` is what we changed, in a sentence for customers.

    Fixed is only what says so. Errors: PermissionDenied; ValidationError with code `empty`, `too_long` or `invalid`.
    """
    cause = _found(cause, _locked(by))
    if state not in State.values:
        raise ValidationError(_("There is no such state."), code="invalid")
    if owner is not None and not owner.is_active and owner.pk != cause.owner_id:
        raise ValidationError(_("%(name)s does not work here any more.") % {"name": owner.name}, code="invalid")
    change = clean_line(change, CHANGE_CHARS + 1)
    if len(change) > CHANGE_CHARS:
        words = _("The sentence has %(count)s characters at most.") % {"count": CHANGE_CHARS}
        raise ValidationError({"change": ValidationError(words, code="too_long")})
    if state == State.FIXED and not change:
        words = _("Say in a sentence what you changed. Customers read it.")
        raise ValidationError({"change": ValidationError(words, code="empty")})
    if state != State.FIXED:
        cause.fixed_at = None
    elif cause.fixed_at is None:
        cause.fixed_at = at or timezone.now()
    cause.state, cause.owner, cause.change = state, owner, change
    cause.save(update_fields=["state", "owner", "change", "fixed_at"])
    return cause


@transaction.atomic
def archive_cause(cause: RootCause, *, by: User | None, is_archived: bool) -> RootCause:
    """Offer it no longer, with all that is below it; or again, with all that is above it. Tickets keep it.

    Errors: PermissionDenied; ValidationError with code `invalid` or `taken`.
    """
    tree = _locked(by)
    cause = _found(cause, tree)
    if cause.merged_into_id is not None:
        raise ValidationError(_("It goes on as another cause."), code="invalid")
    now = timezone.now()
    concerned = [one for one in tree.values() if cause in _upwards(one, tree)] if is_archived else _upwards(cause, tree)
    for one in concerned:
        if (one.archived_at is not None) == is_archived:
            continue
        if not is_archived:
            _check_free(one, tree)
        one.archived_at = now if is_archived else None
        one.save(update_fields=["archived_at"])
    return cause


def _locked(by: User | None) -> dict[int, RootCause]:
    """All causes that go on, locked in one order, by their keys: the tree is changed by one person at a time."""
    require(by, PERMISSION)
    rows = RootCause.objects.select_for_update(of=("self",)).order_by("pk")
    return {cause.pk: cause for cause in rows if cause.merged_into_id is None}


def _found(cause: RootCause, tree: dict[int, RootCause]) -> RootCause:
    found = tree.get(cause.pk)
    if found is None:
        raise ValidationError(_("It goes on as another cause."), code="invalid")
    return found


def _checked_parent(parent: RootCause | None, tree: dict[int, RootCause]) -> RootCause | None:
    if parent is None:
        return None
    found = _found(parent, tree)
    if found.archived_at is not None:
        raise ValidationError(_("“%(name)s” is archived.") % {"name": found.name}, code="invalid")
    return found


def _upwards(cause: RootCause, tree: dict[int, RootCause]) -> list[RootCause]:
    """It, and what it is below, from the nearest to the top."""
    found = [cause]
    while (parent := tree.get(found[-1].parent_id or 0)) is not None:
        found.append(parent)
    return found


def _check_level(cause: RootCause, tree: dict[int, RootCause]) -> None:
    """Errors: ValidationError code `invalid` if the tree would become too deep to be read."""
    above = _upwards(cause, tree)
    below = max((_upwards(one, tree).index(cause) for one in tree.values() if cause in _upwards(one, tree)), default=0)
    if len(above) + below > MOST_LEVELS:
        raise ValidationError(_("The tree has %(count)s levels at most.") % {"count": MOST_LEVELS}, code="invalid")


def _check_free(cause: RootCause, tree: dict[int, RootCause]) -> None:
    """Errors: ValidationError code `taken` if another one in the same place is called that."""
    for other in tree.values():
        is_neighbour = other.parent_id == cause.parent_id and other.archived_at is None and other.pk != cause.pk
        if is_neighbour and other.name.casefold() == cause.name.casefold():
            words = _("There is “%(name)s” here already. Merge the two instead.")
            raise ValidationError(words % {"name": other.name}, code="taken")


def _clean_name(name: str) -> str:
    name = clean_line(name, NAME_CHARS + 1)
    if not name:
        raise ValidationError(_("Give it a name."), code="empty")
    if len(name) > NAME_CHARS:
        raise ValidationError(_("A name has %(count)s characters at most.") % {"count": NAME_CHARS}, code="invalid")
    return name


def _free_slug(name: str, taken: set[str]) -> str:
    """A word for searches and programs, made of the name, that nothing else has."""
    base = slugify(name)[:SLUG_CHARS].strip("-_") or "cause"
    slug, number = base, 2
    while slug in taken or slug in NO_CAUSES:
        slug, number = f"{base}-{number}", number + 1
    return slug


def _follow_in_macros(cause: RootCause, into: RootCause) -> None:
    """What macros solve with this cause, they solve with the one that goes on."""
    old, new = {"do": "resolve", "value": cause.slug}, {"do": "resolve", "value": into.slug}
    for macro in Macro.objects.select_for_update().filter(steps__contains=[old]).order_by("pk"):
        macro.steps = [new if step == old else step for step in macro.steps]
        macro.save(update_fields=["steps"])


def _move_tickets(cause: RootCause, into: RootCause) -> int:
    """Some tickets, those that somebody is at left for the next time. What their events say stays as it was said."""
    some = Ticket.objects.filter(root_cause=cause).select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    numbers = list(some.values_list("pk", flat=True)[:AT_ONCE])
    return Ticket.objects.filter(pk__in=numbers).update(root_cause=into)
