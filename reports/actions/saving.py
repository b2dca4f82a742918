"""Questions that are kept: a page of figures with its filters, under a name."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Team, User
from reports.models import SavedReport
from reports.pages import PAGES
from tickets.actions._rules import clean_line, require

NAME_CHARS = 80
QUERY_CHARS = 500
MOST = 50  # of one person, of one team, of everybody


@transaction.atomic
def save_report(
    *, by: User, name: str, page: str, query: str = "", team: Team | None = None, is_shared: bool = False
) -> SavedReport:
    """Keep a page with its filters (as `Question.query` says them): the saver's own, a team's, or (`is_shared` without
    a team) everybody's. Errors: PermissionDenied; ValidationError with code `empty`, `invalid` or `too_many`."""
    require(by, "reports.view")
    whose = _whose(by, team=team, is_shared=is_shared)
    # All rows of the same people, locked, so that two at once cannot get past the limit.
    if len(SavedReport.objects.select_for_update().filter(**whose)) >= MOST:
        raise ValidationError(
            _("There are %(count)s saved reports already. Delete one first.") % {"count": MOST}, code="too_many"
        )
    name = clean_line(name, NAME_CHARS)
    if not name:
        raise ValidationError(_("Give it a name."), code="empty")
    if page not in SAVABLE or len(query) > QUERY_CHARS:
        raise ValidationError(_("There is no such page of figures."), code="invalid")
    return SavedReport.objects.create(name=name, page=page, query=query, **whose)


@transaction.atomic
def delete_report(report: SavedReport, *, by: User) -> None:
    """For good, for all who had it; what goes by mail of it, goes no more. Errors: PermissionDenied."""
    found = SavedReport.objects.changeable_by(by).select_for_update(of=("self",)).filter(pk=report.pk).first()
    if found is None or not by.has_perm("reports.view"):
        raise PermissionDenied
    found.delete()


def _whose(by: User, *, team: Team | None, is_shared: bool) -> dict[str, Any]:
    """The columns that say whose it is. Errors: PermissionDenied."""
    if team is None and not is_shared:
        return {"owner": by, "team": None}
    require(by, "tickets.share")
    if team is not None and not by.has_perm("tickets.view_all") and not by.teams.filter(pk=team.pk).exists():
        raise PermissionDenied
    return {"owner": None, "team": team}


CHANGES = "changes"  # the page that says in words what is not as it was
SAVABLE = {*PAGES, CHANGES}
