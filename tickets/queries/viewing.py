"""Saved views: searches that somebody keeps in the rail."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django.db.models import Exists, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from tickets.field_values import say_value
from tickets.models import Field, SavedView, Ticket
from tickets.queries import fields as company
from tickets.queries.filtering import asked_fields, keep_of, understand
from tickets.queries.inbox import View, count_views, counted, counts_by_name, inbox_views, rail_slots
from tickets.queries.prepared import KINDS, Kind, Prepared, keys_of
from tickets.search_words import Search

KEY = "saved-"
COUNTED = 15  # of them at most say how many they hold
COLUMNS = {
    "channel": _("Channel"),
    "priority": _("Priority"),
    "status": _("Waiting, or how it stands"),
    "assignee": _("Whose it is"),
    "number": _("Number"),
    "team": _("Team"),
    "tags": _("Tags"),
}
USUAL_COLUMNS = ["channel", "priority", "status", "assignee"]
FIELDS = "has_fields"
# Filters whose question reads the same tomorrow: it looks nothing up before it is asked, and names no days.
_LASTING = {"is", "assignee", "team", "channel", "priority", "status"}
FIELD = "field:"  # before the slug of a field of the company's own


def shown_columns(names: Iterable[str]) -> dict[str, bool]:
    """What rows show, as their template asks for it; `fields` if there is any field of the company's own."""
    chosen = set(names)
    shown = {name: name in chosen for name in COLUMNS}
    return shown | {"fields": any(name.startswith(FIELD) for name in chosen)}


def column_choices() -> dict[str, str]:
    """What a row can show, by its name: also the company's own fields."""
    fields = Field.objects.filter(archived_at=None).values_list("slug", "name")
    return {name: str(said) for name, said in COLUMNS.items()} | {FIELD + slug: name for slug, name in fields}


def know_fields(tickets: Iterable[Ticket], columns: list[str]) -> None:
    """Let rows know what the fields among their columns hold, in words."""
    slugs = [column.removeprefix(FIELD) for column in columns if column.startswith(FIELD)]
    fields = list(Field.objects.filter(slug__in=slugs, archived_at=None)) if slugs else []
    for ticket in tickets if fields else ():
        words = ((field.name, say_value(field.kind, field.options, ticket.fields.get(field.slug))) for field in fields)
        ticket.field_words = [(name, said) for name, said in words if said]  # type: ignore[attr-defined]  # for the row


def saved_views(viewer: User) -> list[SavedView]:
    """Those that the viewer may use: their own, their teams', everybody's, each in its order; one query."""
    found = _prepared_saved(Kind.of(viewer)).rows(keys_of(viewer))
    return sorted(found, key=lambda saved: (_group(saved), saved.position, saved.name.casefold(), saved.pk))


@lru_cache(KINDS)
def _prepared_saved(kind: Kind) -> Prepared[SavedView]:
    return Prepared(SavedView.objects.visible_to(kind.stand_in()).select_related("team"))


def _group(saved: SavedView) -> int:
    return 0 if saved.is_private else 1 if saved.team_id else 2


def key_of(saved: SavedView) -> str:
    return f"{KEY}{saved.pk}"


def opened_view(key: str, saved: list[SavedView]) -> SavedView | None:
    """The saved view that an address names, among those that the viewer may use."""
    return next((one for one in saved if key_of(one) == key), None)


def rail_views(viewer: User, saved: list[SavedView]) -> list[View]:
    """Their places in the rail. Only what can hold no solved ticket is counted: no count ever reads the past."""
    views: list[View] = []
    fields = asked_fields(one.query for one in saved)
    for one in saved:
        search = understand(one.query, viewer, fields)
        is_counted = search.is_of_unsolved and sum(view.is_counted for view in views) < COUNTED
        keep = kept_in_view(search, viewer) if is_counted else Q()
        place = View(key_of(one), one.name, "bookmark", keep, is_counted=is_counted, search=search)
        views.append(place)
    return views


def count_rail(viewer: User, teams: list[Team], views: Iterable[View]) -> dict[str, int]:
    """How many tickets each place of their rail holds that is counted, and whether there are fields (`has_fields`):
    `count_views`, prepared if it can be. The rail has `inbox_views` of these teams first, then `rail_views`."""
    places = [view for view in views if view.is_counted]
    searches = tuple(view.search for view in places if view.search)
    if not all(part.key in _LASTING for search in searches for part in search.parts):
        return count_views(Ticket.objects.visible_to(viewer), viewer, places, **_has_fields())
    prepared = _prepared_counts(Kind.of(viewer), len(teams), searches)
    row = prepared.rows(keys_of(viewer, *(team.pk for team in teams)))[0]
    return counts_by_name(row, places, [FIELDS])


@lru_cache(KINDS)
def _prepared_counts(kind: Kind, teams: int, searches: tuple[Search, ...]) -> Prepared[User]:
    somebody = kind.stand_in()
    places = [view for view in inbox_views(somebody, rail_slots(kind, teams)).values() if view.is_counted]
    places += [View("", "", "", kept_in_view(search, somebody)) for search in searches]
    tickets = Ticket.objects.visible_to(somebody)
    return Prepared(counted(tickets, somebody, places, **_has_fields()))


def _has_fields() -> dict[str, Exists]:
    return {FIELDS: Exists(company.asked_fields())}


def kept_in_view(search: Search, viewer: User) -> Q:
    """What a view of this query holds."""
    return keep_of(search, viewer) & awake_for(search)


def awake_for(search: Search) -> Q:
    """What is snoozed is out of every list of work, unless it is asked for."""
    asks_for_snoozed = any(part.key == "is" and part.value == "snoozed" for part in search.parts)
    return Q() if asks_for_snoozed or not search.is_of_unsolved else Q(snoozed_at=None)
