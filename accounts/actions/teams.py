"""Teams: who answers what."""

from __future__ import annotations

from django.db import transaction
from django.utils.text import slugify

from accounts.actions._rules import require
from accounts.models import Team, User


@transaction.atomic
def create_team(*, by: User | None, name: str) -> Team:
    require(by, "accounts.manage_people")
    team = Team(name=name.strip(), slug=_free_slug(name))
    team.full_clean()
    team.save()
    return team


@transaction.atomic
def rename_team(team: Team, *, by: User | None, name: str) -> Team:
    """Another name; the slug stays, because addresses and programs hold on to it."""
    require(by, "accounts.manage_people")
    team = Team.objects.select_for_update().get(pk=team.pk)
    team.name = name.strip()
    team.full_clean()
    team.save(update_fields=["name"])
    return team


def _free_slug(name: str) -> str:
    base = slugify(name)[:70] or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)
