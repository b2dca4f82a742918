"""Searches that are kept as views: one's own, or shared with a team or everybody."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.actions._rules import clean_line, require
from tickets.models import SavedView
from tickets.queries.searching import SORTS
from tickets.queries.viewing import column_choices
from tickets.search_words import MAX_CHARS, parse

NAME_CHARS = 80
MOST = 50  # views of one person, of one team, of everybody


@transaction.atomic
def save_view(
    *,
    by: User,
    name: str,
    query: str,
    sort: str = "",
    columns: list[str] | None = None,
    team: Team | None = None,
    is_shared: bool = False,
) -> SavedView:
    """Keep a search as a view: the saver's own, a team's, or (`is_shared` without a team) everybody's.

    Errors: PermissionDenied; ValidationError with code `empty`, `invalid` or `too_many`.
    """
    require(by, "tickets.view")
    whose = _whose(by, team=team, is_shared=is_shared)
    # All rows of the same people, locked, so that two at once cannot get past the limit or take the same place.
    others = list(SavedView.objects.select_for_update().filter(**whose))
    if len(others) >= MOST:
        raise ValidationError(
            _("There are %(count)s views already. Delete one first.") % {"count": MOST}, code="too_many"
        )
    position = max((other.position for other in others), default=-1) + 1
    return SavedView.objects.create(**_cleaned(name, query, sort, columns), **whose, position=min(position, 32_000))


@transaction.atomic
def change_view(
    view: SavedView,
    *,
    by: User,
    name: str,
    query: str,
    sort: str = "",
    columns: list[str] | None = None,
    team: Team | None = None,
    is_shared: bool = False,
) -> SavedView:
    """Make a view this one. Errors: PermissionDenied, also for a view of other people that one may not share;
    ValidationError as in `save_view`."""
    view = _lock(view, by)
    whose = _whose(by, team=team, is_shared=is_shared) if _is_shared_otherwise(view, team, is_shared) else {}
    for field, value in {**_cleaned(name, query, sort, columns), **whose}.items():
        setattr(view, field, value)
    view.save()
    return view


@transaction.atomic
def delete_view(view: SavedView, *, by: User) -> None:
    """Take a view out of the rail, for all who had it; no ticket is touched. Errors: PermissionDenied."""
    _lock(view, by).delete()


@transaction.atomic
def move_view(view: SavedView, *, by: User, step: int) -> None:
    """Let a view change places with the one before it (-1) or after it (+1), among those of the same people.

    Errors: PermissionDenied.
    """
    view = _lock(view, by)
    same = SavedView.objects.select_for_update().filter(owner=view.owner_id, team=view.team_id)
    row = sorted(same, key=lambda one: (one.position, one.name.casefold(), one.pk))
    at = row.index(view)
    to = min(max(at + step, 0), len(row) - 1)
    row.insert(to, row.pop(at))
    for place, one in enumerate(row):
        if one.position != place:
            one.position = place
            one.save(update_fields=["position"])


def _lock(view: SavedView, by: User) -> SavedView:
    """The view as it is now, locked. Errors: PermissionDenied."""
    locked = SavedView.objects.changeable_by(by).select_for_update(of=("self",)).filter(pk=view.pk).first()
    if locked is None:
        raise PermissionDenied
    return locked


def _whose(by: User, *, team: Team | None, is_shared: bool) -> dict[str, Any]:
    """The columns that say whose it is. Errors: PermissionDenied."""
    if team is None and not is_shared:
        return {"owner": by, "team": None}
    require(by, "tickets.share")
    if team is not None and not by.has_perm("tickets.view_all") and not by.teams.filter(pk=team.pk).exists():
        raise PermissionDenied
    return {"owner": None, "team": team}


def _is_shared_otherwise(view: SavedView, team: Team | None, is_shared: bool) -> bool:
    return (view.is_private, view.team_id) != (team is None and not is_shared, team.pk if team else None)


def _cleaned(name: str, query: str, sort: str, columns: list[str] | None) -> dict[str, Any]:
    name, query = clean_line(name, NAME_CHARS), clean_line(query, MAX_CHARS)
    if not name:
        raise ValidationError(_("Give it a name."), code="empty")
    if not parse(query, date(2000, 1, 1)).parts:
        raise ValidationError(_("Say what it shows: words, or a filter such as is:open."), code="empty")
    known = column_choices() if columns else {}
    if (sort and sort not in SORTS) or any(column not in known for column in columns or []):
        raise ValidationError(_("There is no such order or column."), code="invalid")
    return {"name": name, "query": query, "sort": sort, "columns": [c for c in known if c in (columns or [])]}
