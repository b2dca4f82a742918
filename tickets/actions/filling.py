"""What the company's own fields hold on a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from tickets.actions._rules import Actor, lock, require, undo_data
from tickets.events import record
from tickets.field_values import kept_words, one_line, read_value
from tickets.models import Field, Ticket
from tickets.queries.fields import fields_of

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
    fields = {field.slug: field for field in (Field.objects.all() if is_undo else fields_of(ticket))}
    wanted: dict[str, Any] = {}
    wrong: list[ValidationError] = []
    for slug, raw in values.items():
        field = fields.get(slug)
        try:
            if field is None:
                raise ValidationError(_("There is no such field on this ticket."))
            wanted[slug] = raw if is_undo else read_value(field.kind, _options(field, ticket), raw)
        except ValidationError as error:
            name = field.name if field else one_line(slug)[:60]
            wrong.append(ValidationError(f"{name}: {' '.join(error.messages)}", code="invalid"))
    if wrong:
        raise ValidationError(wrong)
    for slug in sorted(wanted, key=list(fields).index):
        _fill(ticket, fields[slug], wanted[slug], by=by, at=at, is_undo=is_undo)
    return ticket


def check_needed(ticket: Ticket) -> None:
    """Errors: ValidationError code `needed` that names the fields which must be filled before it is solved."""
    missing = [field.name for field in fields_of(ticket) if field.is_needed and field.slug not in ticket.fields]
    if missing:
        raise ValidationError(_("Fill in first: %(fields)s.") % {"fields": ", ".join(missing)}, code="needed")


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
