"""Follow-ups that are planned often are kept as templates: everybody's, or a team's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Team
from tickets import when as times
from tickets.actions._rules import Actor, clean_body, clean_line, require, too_long
from tickets.actions.planning import NEEDED
from tickets.models import FollowUpTemplate, Unless
from tickets.models.follow_up import BODY_CHARS

NAME_CHARS = 80


@transaction.atomic
def create_template(
    *, by: Actor, name: str, kind: str, body: str, when: str, unless: Iterable[str] = (), team: Team | None = None
) -> FollowUpTemplate:
    """Keep a follow-up for again. Errors: PermissionDenied; ValidationError code `empty`, `too_long` or `invalid`."""
    require(by, "tickets.shape")
    told = _checked(name=name, kind=kind, body=body, when=when, unless=unless)
    return FollowUpTemplate.objects.create(**told, team=team)


@transaction.atomic
def change_template(
    template: FollowUpTemplate,
    *,
    by: Actor,
    name: str,
    kind: str,
    body: str,
    when: str,
    unless: Iterable[str] = (),
    team: Team | None = None,
) -> FollowUpTemplate:
    """Say all of it anew; what was planned with it stays as it is. Errors as in `create_template`."""
    require(by, "tickets.shape")
    template = FollowUpTemplate.objects.select_for_update().get(pk=template.pk)
    told = _checked(name=name, kind=kind, body=body, when=when, unless=unless) | {"team": team}
    for field, value in told.items():
        setattr(template, field, value)
    template.save(update_fields=list(told))
    return template


@transaction.atomic
def archive_template(template: FollowUpTemplate, *, by: Actor, is_archived: bool) -> FollowUpTemplate:
    """Offer it no more, or again. Errors: PermissionDenied."""
    require(by, "tickets.shape")
    template = FollowUpTemplate.objects.select_for_update().get(pk=template.pk)
    if (template.archived_at is not None) != is_archived:
        template.archived_at = timezone.now() if is_archived else None
        template.save(update_fields=["archived_at"])
    return template


def _checked(*, name: str, kind: str, body: str, when: str, unless: Iterable[str]) -> dict[str, Any]:
    name, body, when = clean_line(name, NAME_CHARS + 1), clean_body(body, may_be_empty=True), clean_line(when, 200)
    if not name:
        raise ValidationError({"name": _("Give it a name.")}, code="empty")
    if len(name) > NAME_CHARS:
        words = _("A name has %(count)s characters at most.") % {"count": NAME_CHARS}
        raise ValidationError({"name": words}, code="too_long")
    if kind not in NEEDED or set(unless := list(unless)) - set(Unless.values):
        raise ValidationError(_("There is no such kind of follow-up."), code="invalid")
    if not body:
        raise ValidationError({"body": _("Write something first.")}, code="empty")
    if len(body) > BODY_CHARS:
        raise too_long(BODY_CHARS)
    wake = times.read(when, now=timezone.now(), zone=ZoneInfo("UTC"))
    if wake is None or wake.at is None:
        words = _("This is no time that we understand. Try “in 3 days”, “friday 9” or “tomorrow 14:30”.")
        raise ValidationError({"when": words}, code="invalid")
    return {
        "name": name,
        "kind": kind,
        "body": body,
        "when": when,
        "unless": [value for value in Unless.values if value in unless],
    }
