"""What managers set: the company's own fields and statuses, and its tags."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, Q
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.actions._rules import clean_line, require
from tickets.field_values import check_options, new_options, one_line
from tickets.models import Field, NamedStatus, Status, Tag, Ticket

FIELD_CHARS, STATUS_CHARS, TAG_CHARS, HELP_CHARS = 60, 40, 50, 200
MOST_FIELDS, MOST_STATUSES = 60, 40
# What the search box calls otherwise.
RESERVED = frozenset(
    {"is", "has", "from", "customer", "assignee", "to", "team", "tag", "site", "cause", "file", "filename", "channel"}
    | {"priority", "status", "before", "after", "on", "in", "by", "subject", "note", "number", "reference", "field"}
)
PERMISSION = "tickets.shape"


# --- Fields --------------------------------------------------------------------------------
@transaction.atomic
def create_field(
    *,
    by: User | None,
    name: str,
    kind: str,
    help: str = "",  # noqa: A002
    team: Team | None = None,
    is_needed: bool = False,
    options: list[str] | None = None,
) -> Field:
    """A new field at the end of the others; `options` are the names of what can be chosen.

    Errors: PermissionDenied; ValidationError with code `empty`, `invalid` or `too_many`.
    """
    require(by, PERMISSION)
    others = list(Field.objects.select_for_update().all())
    if sum(other.archived_at is None for other in others) >= MOST_FIELDS:
        raise ValidationError(
            _("There are %(count)s fields already. Archive one first.") % {"count": MOST_FIELDS}, code="too_many"
        )
    if kind not in Field.Kind.values:
        raise ValidationError(_("There is no such kind of field."), code="invalid")
    name = _name(name, FIELD_CHARS)
    field = Field(name=name, kind=kind, slug=_free_slug(name, {other.slug for other in others}))
    field.position = min(max((other.position for other in others), default=-1) + 1, 32_000)
    _describe(field, help=help, team=team, is_needed=is_needed)
    field.options = _options(field, {}, options or [])
    field.save()
    return field


@transaction.atomic
def change_field(
    field: Field,
    *,
    by: User | None,
    name: str,
    help: str = "",  # noqa: A002
    team: Team | None = None,
    is_needed: bool = False,
    options: dict[str, str] | None = None,
    added: list[str] | None = None,
    kind: str | None = None,
) -> Field:
    """Change what a field is called, and whose it is. Its slug stays, so searches and programs still know it.

    `options` are the names of its choices by their keys: an empty one is no longer offered, and what tickets hold
    of it stays. `kind` can only be another one while no ticket holds a value. Errors as in `create_field`.
    """
    require(by, PERMISSION)
    field = Field.objects.select_for_update(of=("self",)).get(pk=field.pk)
    if kind is not None and kind != field.kind:
        if kind not in Field.Kind.values or is_filled(field):
            raise ValidationError(
                _("Tickets hold values of this kind already: it cannot become another one."), code="invalid"
            )
        field.kind = kind
    field.name = _name(name, FIELD_CHARS)
    _describe(field, help=help, team=team, is_needed=is_needed)
    field.options = _options(field, options or {}, added or [])
    field.save()
    return field


@transaction.atomic
def move_option(field: Field, *, by: User | None, key: str, step: int) -> Field:
    """Let a choice change places with its neighbour. Errors: PermissionDenied."""
    require(by, PERMISSION)
    field = Field.objects.select_for_update(of=("self",)).get(pk=field.pk)
    offered = [option for option in field.options if not option.get("is_gone")]
    gone = [option for option in field.options if option.get("is_gone")]
    at = next((place for place, option in enumerate(offered) if option["key"] == key), None)
    if at is not None:
        offered.insert(min(max(at + step, 0), len(offered) - 1), offered.pop(at))
        field.options = [*offered, *gone]
        field.save(update_fields=["options"])
    return field


def is_filled(field: Field) -> bool:
    """Whether any ticket holds a value in it."""
    return Ticket.objects.exclude(fields={}).filter(fields__has_key=field.slug).exists()


def move_field(field: Field, *, by: User | None, step: int) -> None:
    """Let a field change places with the one before it (-1) or after it (+1). Errors: PermissionDenied."""
    require(by, PERMISSION)
    _move(Field, field.pk, step)


def archive_field(field: Field, *, by: User | None, is_archived: bool) -> None:
    """Hide a field everywhere, or bring it back; what tickets hold in it stays. Errors: PermissionDenied."""
    require(by, PERMISSION)
    Field.objects.filter(pk=field.pk).update(archived_at=timezone.now() if is_archived else None)


def _describe(field: Field, *, help: str, team: Team | None, is_needed: bool) -> None:  # noqa: A002
    field.help = clean_line(help, HELP_CHARS)
    field.team, field.is_needed = team, is_needed


def _options(field: Field, names: dict[str, str], added: list[str]) -> list[dict[str, Any]]:
    """The choices as they are kept, of a kind that has some. Errors: ValidationError code `invalid`, `empty`."""
    if field.kind not in (Field.Kind.CHOICE, Field.Kind.CHOICES):
        return []
    kept = []
    for option in field.options:
        name = one_line(names.get(option["key"], option["name"]))
        is_gone = not name if option["key"] in names else option.get("is_gone", False)
        kept.append({"key": option["key"], "name": name or option["name"]} | ({"is_gone": True} if is_gone else {}))
    kept += new_options([name for name in map(one_line, added) if name], kept)
    check_options(kept)
    if all(option.get("is_gone") for option in kept):
        raise ValidationError(_("Say what can be chosen."), code="empty")
    return kept


def _free_slug(name: str, taken: set[str]) -> str:
    """A word for searches and programs, made of the name, that nothing else has."""
    base = slugify(name)[:50] or "field"
    if not base[0].isalpha():
        base = f"field-{base}"
    slug, number = base, 2
    while slug in taken or slug in RESERVED:
        slug, number = f"{base}-{number}", number + 1
    return slug


# --- Statuses ------------------------------------------------------------------------------
@transaction.atomic
def create_status(*, by: User | None, name: str, status: str) -> NamedStatus:
    """A word of the company's own for one of the four statuses; which one it is for never changes.

    Errors: PermissionDenied; ValidationError with code `empty`, `invalid` or `too_many`.
    """
    require(by, PERMISSION)
    others = list(NamedStatus.objects.select_for_update().all())
    if sum(other.archived_at is None for other in others) >= MOST_STATUSES:
        raise ValidationError(
            _("There are %(count)s already. Archive one first.") % {"count": MOST_STATUSES}, code="too_many"
        )
    if status not in Status.values:
        raise ValidationError(_("There is no such status."), code="invalid")
    position = min(max((other.position for other in others), default=-1) + 1, 32_000)
    return NamedStatus.objects.create(name=_status_name(name, others), status=status, position=position)


@transaction.atomic
def rename_status(named: NamedStatus, *, by: User | None, name: str) -> NamedStatus:
    """Call it something else, on all tickets at once. Errors as in `create_status`."""
    require(by, PERMISSION)
    others = list(NamedStatus.objects.select_for_update().all())
    named = next(other for other in others if other.pk == named.pk)
    named.name = _status_name(name, [other for other in others if other.pk != named.pk])
    named.save(update_fields=["name"])
    return named


def move_status(named: NamedStatus, *, by: User | None, step: int) -> None:
    """Let it change places with its neighbour of the same status. Errors: PermissionDenied."""
    require(by, PERMISSION)
    _move(NamedStatus, named.pk, step, Q(status=named.status))


@transaction.atomic
def archive_status(named: NamedStatus, *, by: User | None, is_archived: bool) -> None:
    """Offer it no longer, or again; tickets that have it keep it. Errors: PermissionDenied; ValidationError code
    `invalid` if another one has its name by now."""
    require(by, PERMISSION)
    others = list(NamedStatus.objects.select_for_update().exclude(pk=named.pk))
    if not is_archived:
        _status_name(named.name, others)
    NamedStatus.objects.filter(pk=named.pk).update(archived_at=timezone.now() if is_archived else None)


def _status_name(name: str, others: list[NamedStatus]) -> str:
    name = _name(name, STATUS_CHARS)
    taken = {other.name.casefold() for other in others if other.archived_at is None}
    if name.casefold() in taken | {label.casefold() for label in Status.labels}:
        raise ValidationError(_("There is a status “%(name)s” already.") % {"name": name}, code="invalid")
    return name


# --- Tags ----------------------------------------------------------------------------------
@transaction.atomic
def rename_tag(tag: Tag, *, by: User | None, name: str) -> Tag:
    """Call a tag something else, on all tickets at once. Errors: PermissionDenied; ValidationError code `empty`, or
    `taken` if another tag is called that: the two can be merged."""
    require(by, PERMISSION)
    tag = Tag.objects.select_for_update().get(pk=tag.pk)
    tag.name = _name(name.replace(",", " "), TAG_CHARS)
    if Tag.objects.exclude(pk=tag.pk).filter(name__iexact=tag.name).exists():
        raise ValidationError(
            _("There is a tag “%(tag)s” already. Merge the two instead.") % {"tag": tag.name}, code="taken"
        )
    tag.save(update_fields=["name"])
    return tag


@transaction.atomic
def merge_tags(tag: Tag, *, by: User | None, into: Tag) -> int:
    """Give every ticket with this tag the other one, and let this one go; returns on how many tickets it was.

    Errors: PermissionDenied; ValidationError code `invalid` (itself).
    """
    require(by, PERMISSION)
    if tag.pk == into.pk:
        raise ValidationError(_("A tag cannot be merged into itself."), code="invalid")
    # In one order for all, so that two who merge crosswise do not wait for each other.
    found = {row.pk: row for row in Tag.objects.select_for_update().filter(pk__in=[tag.pk, into.pk]).order_by("pk")}
    if len(found) < 2:
        raise ValidationError(_("One of the two is not there any more."), code="invalid")
    through = Ticket.tags.through.objects
    count = through.filter(tag=tag).count()
    both = through.filter(tag=into).values("ticket")
    through.filter(tag=tag).exclude(ticket__in=both).update(tag=into)
    found[tag.pk].delete()
    return count


@transaction.atomic
def delete_tag(tag: Tag, *, by: User | None) -> None:
    """For good, if no ticket has it. Errors: PermissionDenied; ValidationError code `invalid`."""
    require(by, PERMISSION)
    tag = Tag.objects.select_for_update().get(pk=tag.pk)
    if tag.tickets.exists():
        raise ValidationError(
            _("Tickets have the tag “%(tag)s”. Merge it into another one.") % {"tag": tag.name}, code="invalid"
        )
    tag.delete()


# --- What they share -----------------------------------------------------------------------
def _name(name: str, limit: int) -> str:
    name = clean_line(name, limit + 1)
    if not name:
        raise ValidationError(_("Give it a name."), code="empty")
    if len(name) > limit:
        raise ValidationError(_("A name has %(count)s characters at most.") % {"count": limit}, code="invalid")
    return name


@transaction.atomic
def _move(model: type[Model], pk: int, step: int, among: Q | None = None) -> None:
    rows: list[Any] = list(
        model._default_manager.select_for_update()
        .filter(among or Q(), archived_at=None)
        .order_by("position", "name", "pk")
    )
    at = next((place for place, row in enumerate(rows) if row.pk == pk), None)
    if at is None:
        return
    rows.insert(min(max(at + step, 0), len(rows) - 1), rows.pop(at))
    for place, row in enumerate(rows):
        if row.position != place:
            row.position = place
            row.save(update_fields=["position"])
