"""The company's own fields, statuses and panels: which of them a ticket has, without a question more for its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from tickets.field_values import say_value
from tickets.models import Field, NamedStatus, Panel, Ticket


def asked_fields() -> QuerySet[Field]:
    """Those that are asked on any ticket, with their teams."""
    return Field.objects.filter(archived_at=None).select_related("team")


def fields_of(ticket: Ticket) -> QuerySet[Field]:
    """Those that are asked on a ticket: everybody's and its team's."""
    return Field.objects.filter(Q(team=None) | Q(team=ticket.team_id), archived_at=None)


@dataclass(frozen=True)
class Filled:
    """A field as a page shows it: what it is, what a ticket holds in it, and that in words."""

    slug: str
    name: str
    kind: str
    help: str
    is_needed: bool
    options: list[dict[str, Any]]
    value: Any = None
    was_typed: str | None = None  # and refused
    team: int | None = None  # whose tickets alone have it, where no ticket says so
    team_name: str = ""

    @property
    def words(self) -> str:
        return say_value(self.kind, self.options, self.value)

    @property
    def chosen(self) -> list[str]:
        """The keys of what is chosen."""
        return self.value if isinstance(self.value, list) else [] if self.value is None else [str(self.value)]

    @property
    def offered(self) -> list[dict[str, Any]]:
        """What can be chosen; what is chosen, too, where it is no longer offered to others."""
        return [option for option in self.options if not option.get("is_gone") or option["key"] in self.chosen]

    @property
    def typed(self) -> str:
        """For a control that takes text, or one of yes and no."""
        if self.was_typed is not None:
            return self.was_typed
        return str({True: "yes", False: "no", None: ""}.get(self.value, self.value)) if self.kind != "choices" else ""

    @property
    def is_missing(self) -> bool:
        return self.is_needed and self.value is None


_SHOWN = ("slug", "name", "kind", "help", "is_needed", "options")


def shape_rows() -> dict[str, ArraySubquery]:
    """Annotations of a ticket: its fields, the company's statuses and the panels beside it, as JSON; no query more."""
    here = Q(team=None) | Q(team=OuterRef("team"))
    fields = Field.objects.filter(here, archived_at=None).values(row=JSONObject(**{name: name for name in _SHOWN}))
    named = NamedStatus.objects.filter(archived_at=None).values(row=JSONObject(pk="pk", name="name", status="status"))
    panels = Panel.objects.filter(here, is_shown=True).values(
        row=JSONObject(pk="pk", name="name", kind="kind", height="height")
    )
    return {
        "field_rows": ArraySubquery(fields.order_by("position", "name", "pk")),
        "named_rows": ArraySubquery(named.order_by("position", "name", "pk")),
        "panel_rows": ArraySubquery(panels.order_by("position", "pk")),
    }


def named_rows() -> list[dict[str, Any]]:
    """The company's statuses, as `shape_rows` finds them."""
    used = NamedStatus.objects.filter(archived_at=None)
    return [{"pk": one.pk, "name": one.name, "status": one.status} for one in used]


def filled(rows: list[dict[str, Any]], ticket: Ticket, typed: dict[str, str]) -> list[Filled]:
    """The fields that `shape_rows` has found, with what the ticket holds in them, or what was `typed` and refused."""
    return [Filled(**row, value=ticket.fields.get(row["slug"]), was_typed=typed.get(row["slug"])) for row in rows]


def unfilled(typed: Mapping[str, str | list[str]]) -> list[Filled]:
    """Every field that is asked anywhere, for a form that knows no ticket: empty, or with what was `typed` there."""
    return [_unfilled(field, typed.get(field.slug, "")) for field in asked_fields()]


def _unfilled(field: Field, typed: str | list[str]) -> Filled:
    facts: dict[str, Any] = {name: getattr(field, name) for name in _SHOWN}
    facts |= {"team": field.team_id, "team_name": field.team.name if field.team else ""}
    if field.kind != Field.Kind.CHOICES:
        return Filled(**facts, was_typed=typed if isinstance(typed, str) else "")
    keys = [typed] if isinstance(typed, str) else typed
    offered = [option["key"] for option in field.options if not option.get("is_gone")]
    return Filled(**facts, value=[key for key in offered if key in keys])
