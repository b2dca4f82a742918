"""Panels beside tickets, fed by the company's own systems: set by administrators."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.actions._rules import clean_line, require
from tickets.field_values import is_link
from tickets.models import Panel
from tickets.models.shaping import new_panel_secret

NAME_CHARS = 60
LOWEST, HIGHEST = 80, 1200  # CSS pixels
MOST = 10
PERMISSION = "accounts.manage_sites"


@transaction.atomic
def create_panel(*, by: User | None, **fields: Any) -> Panel:
    """A new panel at the end of the others; `fields` as in `change_panel`. Its secret is made with it.

    Errors: PermissionDenied; ValidationError with code `empty`, `invalid` or `too_many`.
    """
    require(by, PERMISSION)
    others = list(Panel.objects.select_for_update())
    if len(others) >= MOST:
        raise ValidationError(_("There are %(count)s panels already.") % {"count": MOST}, code="too_many")
    panel = Panel(position=max((other.position for other in others), default=-1) + 1)
    return _save(panel, **fields)


@transaction.atomic
def change_panel(panel: Panel, *, by: User | None, **fields: Any) -> Panel:
    """`name`, `url`, `kind`, `team`, `height` in CSS pixels, `is_shown`. Errors: PermissionDenied; ValidationError."""
    require(by, PERMISSION)
    return _save(Panel.objects.select_for_update(of=("self",)).get(pk=panel.pk), **fields)


@transaction.atomic
def renew_panel_secret(panel: Panel, *, by: User | None) -> str:
    """A new secret; the old one is good for nothing from now on. Errors: PermissionDenied."""
    require(by, PERMISSION)
    secret = new_panel_secret()
    Panel.objects.filter(pk=panel.pk).update(secret=secret)
    return secret


@transaction.atomic
def move_panel(panel: Panel, *, by: User | None, step: int) -> None:
    """Let it change places with the one before it (-1) or after it (+1). Errors: PermissionDenied."""
    require(by, PERMISSION)
    rows = list(Panel.objects.select_for_update(of=("self",)).order_by("position", "pk"))
    at = rows.index(panel)
    rows.insert(min(max(at + step, 0), len(rows) - 1), rows.pop(at))
    for place, row in enumerate(rows):
        Panel.objects.filter(pk=row.pk).exclude(position=place).update(position=place)


@transaction.atomic
def delete_panel(panel: Panel, *, by: User | None) -> None:
    """For good. Errors: PermissionDenied."""
    require(by, PERMISSION)
    Panel.objects.filter(pk=panel.pk).delete()


def _save(
    panel: Panel, *, name: str, url: str, kind: str, team: Team | None = None, height: int = 240, is_shown: bool = True
) -> Panel:
    panel.name, panel.url = clean_line(name, NAME_CHARS), clean_line(url, 500)
    if not panel.name:
        raise ValidationError({"name": _("Give it a name.")}, code="empty")
    if not is_link(panel.url) or "@" in panel.url.partition("//")[2].partition("/")[0]:
        raise ValidationError({"url": _("This takes an address that begins with https:// or http://.")}, code="invalid")
    if kind not in Panel.Kind.values or not LOWEST <= height <= HIGHEST:
        raise ValidationError(
            _("A panel is %(lowest)s to %(highest)s pixels high.") % {"lowest": LOWEST, "highest": HIGHEST},
            code="invalid",
        )
    panel.kind, panel.team, panel.height, panel.is_shown = kind, team, height, is_shown
    panel.save()
    return panel
