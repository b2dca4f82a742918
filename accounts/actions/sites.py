"""The web presences that carry the widget."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actions._rules import require
from accounts.languages import LANGUAGES
from accounts.models import Calendar, Site, User
from accounts.origins import clean_origins

GREETING_CHARS = 200  # as Site.greeting
EDITABLE = frozenset(
    {"name", "url", "allowed_origins", "color", "position", "greeting", "greetings", "language", "languages", "team"}
)


@transaction.atomic
def create_site(*, by: User | None, **fields: Any) -> Site:
    """A new site; `fields` are those of `EDITABLE`."""
    require(by, "accounts.manage_sites")
    return _save(Site(), fields)


@transaction.atomic
def update_site(site: Site, *, by: User | None, **fields: Any) -> Site:
    require(by, "accounts.manage_sites")
    return _save(Site.objects.select_for_update().get(pk=site.pk), fields)


@transaction.atomic
def set_hours(
    site: Site, *, by: User | None, time_zone: str, hours: dict[str, list[list[str]]], holidays: list[str]
) -> Calendar:
    """When people answer on this site; empty `hours`: always. Other sites with the same calendar change along."""
    require(by, "accounts.manage_sites")
    site = Site.objects.select_for_update(of=("self",)).select_related("calendar").get(pk=site.pk)
    calendar = site.calendar or Calendar(name=site.name)
    calendar.time_zone, calendar.hours, calendar.holidays = time_zone, hours, holidays
    calendar.full_clean()
    calendar.save()
    if site.calendar_id != calendar.pk:
        site.calendar = calendar
        site.save(update_fields=["calendar"])
    return calendar


def _save(site: Site, fields: dict[str, Any]) -> Site:
    unknown = fields.keys() - EDITABLE
    if unknown:
        raise TypeError(f"not a setting of a site: {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        setattr(site, name, value)
    try:
        site.allowed_origins = clean_origins(site.allowed_origins)
    except ValidationError as error:
        raise ValidationError({"allowed_origins": error}) from error
    _check_languages(site)
    site.full_clean()
    site.save()
    return site


def _check_languages(site: Site) -> None:
    """Known languages in the table's order; the default is always among those offered. Greetings are short."""
    if {site.language, *site.languages, *site.greetings} - LANGUAGES.keys():
        raise ValidationError({"languages": _("The chat does not speak this language.")})
    if site.languages:
        site.languages = [code for code in LANGUAGES if code in {site.language, *site.languages}]
    if len(site.languages) == len(LANGUAGES):
        site.languages = []  # all, and those that will be added
    site.greetings = {code: words.strip() for code, words in site.greetings.items() if words.strip()}
    if any(len(words) > GREETING_CHARS for words in site.greetings.values()):
        raise ValidationError({"greetings": _("%(count)s characters at most.") % {"count": GREETING_CHARS}})
