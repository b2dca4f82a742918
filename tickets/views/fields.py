"""What a ticket's page shows of the company's own fields, statuses and panels."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.forms import FieldsForm
from tickets.models import Status, Ticket
from tickets.queries.fields import filled

LABELS = {
    Status.OPEN: pgettext_lazy("status", "Open"),
    Status.PENDING: _("Pending: we wait for them"),
    Status.ON_HOLD: _("On hold"),
}


def shape_context(ticket: Ticket, shown: dict[str, forms.Form]) -> dict[str, Any]:
    """For the page of a ticket that `ticket_in_full` has found; `shown` are forms with what was typed in them."""
    found: Any = ticket  # with the annotations of `shape_rows`
    typed: dict[str, str] = {}
    for form in shown.values():
        if isinstance(form, FieldsForm) and form.errors:
            typed = {slug: value for slug, value in form.values.items() if isinstance(value, str)}
    return {
        "fields": filled(found.field_rows, ticket, typed),
        "panels": found.panel_rows,
        **status_choices(found.named_rows, ticket),
    }


def status_choices(rows: list[dict[str, Any]], ticket: Ticket | None = None) -> dict[str, Any]:
    """What a menu of statuses offers, by the one of four that it is; with what the ticket has, even if nobody is
    offered it any more."""
    rows = list(rows)
    held = ticket.named_status if ticket is not None else None
    if held is not None and held.pk not in {row["pk"] for row in rows}:
        rows.append({"pk": held.pk, "name": held.name, "status": held.status})
    groups = [
        {"status": status.value, "label": label, "words": [row for row in rows if row["status"] == status]}
        for status, label in LABELS.items()
    ]
    return {
        "status_groups": groups,
        "has_words": any(group["words"] for group in groups),
        "solved_words": [row for row in rows if row["status"] == Status.SOLVED],
    }
