"""What the company's own fields hold on a ticket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Team
from tickets.actions._rules import Actor, lock, require, undo_data
from tickets.events import record
from tickets.field_values import kept_words, one_line, read_value
from tickets.models import Field, Ticket
from tickets.queries.fields import asked_fields, fields_of

SAID_CHARS = 200  # of a value in an event


@transaction.atomic
def set_fields(
    ticket: Ticket, *, by: Actor, values: Mapping[str, Any], at: datetime | None = None, is_undo: bool = False
) -> Ticket:
    """Fill fields by their slugs, as typed or sent; nothing empties one. Each change is an event `field.changed`.

    All of it or nothing. Errors: PermissionDenied; ValidationError code `invalid` that says each field's trouble.
    """
    ticket = lock(ticket)
    require(by, "tickets.set_fields")
    fields = {field.slug: field for field in (Field.objects.all() if is_undo else asked_fields())}

    def read(slug: str, raw: Any) -> Any:
        field = fields.get(slug)
        if field is None:
            raise ValidationError(_("There is no such field on this ticket."))
        if is_undo:
            return raw
        _check_team(field, ticket.team_id)
        return read_value(field.kind, _options(field, ticket), raw)

    wanted = _each(values, fields.values(), read)
    for slug in sorted(wanted, key=list(fields).index):
        _fill(ticket, fields[slug], wanted[slug], by=by, at=at, is_undo=is_undo)
    return ticket


def read_fields(values: Mapping[str, Any], *, team: Team | None) -> dict[str, Any]:
    """What a new ticket of this team will hold of these values; what is empty is left out.

    Errors: ValidationError code `invalid` that says each field's trouble.
    """
    given = {slug: raw for slug, raw in values.items() if raw not in (None, "", [])}
    fields = {field.slug: field for field in asked_fields()} if given else {}

    def read(slug: str, raw: Any) -> Any:
        field = fields.get(slug)
        if field is None:
            raise ValidationError(_("This field is not there any more."))
        value = read_value(field.kind, field.options, raw)
        if value is not None:
            _check_team(field, team.pk if team else None)
        return value

    wanted = _each(given, fields.values(), read)
    return {slug: value for slug, value in wanted.items() if value is not None}


def read_field(slug: str, raw: Any) -> dict[str, Any]:
    """One field with what is to be put into it on tickets whatever they hold now, as `set_fields` takes it.

    Errors: ValidationError code `invalid`.
    """
    field = asked_fields().filter(slug=slug).first()
    if field is None:
        raise ValidationError(_("This field is not there any more."), code="invalid")
    return _each({slug: raw}, [field], lambda _slug, value: read_value(field.kind, field.options, value))


def check_needed(ticket: Ticket) -> None:
    """Errors: ValidationError code `needed` that names the fields which must be filled before it is solved."""
    missing = [field.name for field in fields_of(ticket) if field.is_needed and field.slug not in ticket.fields]
    if missing:
        raise ValidationError(_("Fill in first: %(fields)s.") % {"fields": ", ".join(missing)}, code="needed")


def _each(values: Mapping[str, Any], fields: Iterable[Field], read: Callable[[str, Any], Any]) -> dict[str, Any]:
    """All values as `read` makes them; what it refuses is said under the fields' names, all of it at once."""
    names = {field.slug: field.name for field in fields}
    wanted: dict[str, Any] = {}
    wrong: list[ValidationError] = []
    for slug, raw in values.items():
        try:
            wanted[slug] = read(slug, raw)
        except ValidationError as error:
            name = names.get(slug) or one_line(slug)[:60]
            wrong.append(ValidationError(f"{name}: {' '.join(error.messages)}", code="invalid"))
    if wrong:
        raise ValidationError(wrong)
    return wanted


def _check_team(field: Field, team_id: int | None) -> None:
    if field.team is not None and field.team.pk != team_id:
        raise ValidationError(_("Only tickets of %(team)s have this.") % {"team": field.team.name}, code="invalid")


def _options(field: Field, ticket: Ticket) -> list[dict[str, Any]]:
    """What can be chosen; what the ticket holds already may stay, even if it is no longer offered."""
    held = ticket.fields.get(field.slug)
    kept = held if isinstance(held, list) else [held]
    return [
        option | {"is_gone": option.get("is_gone", False) and option["key"] not in kept} for option in field.options
    ]


def _fill(ticket: Ticket, field: Field, value: Any, *, by: Actor, at: datetime | None, is_undo: bool) -> None:
    had = ticket.fields.get(field.slug)
    if had == value:
        return
    ticket.fields = {slug: held for slug, held in ticket.fields.items() if slug != field.slug}
    if value is not None:
        ticket.fields[field.slug] = value
    data = {
        "field": field.slug,
        "name": field.name,
        "from": kept_words(field.kind, field.options, had)[:SAID_CHARS],
        "to": kept_words(field.kind, field.options, value)[:SAID_CHARS],
    }
    record(ticket, "field.changed", by=by, at=at, changed=["fields"], data=data | undo_data(is_undo))
