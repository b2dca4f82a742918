"""What administrators decide about the chat of a site: what it offers and keeps, and what it says first."""

from __future__ import annotations

import logging
import re
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Site, User
from chat.models import ProactiveMessage, WidgetSettings

log = logging.getLogger(__name__)
MAX_ACTIVE = 20  # of a site: every page that carries the chat loads them
MAX_CONDITIONS = 5
MAX_SECONDS = 3600
MAX_HOURS = 365 * 24
SWITCHES = frozenset(field.name for field in WidgetSettings._meta.fields if field.get_internal_type() == "BooleanField")
_EDITABLE = frozenset({"name", "text", "page", "seconds", "conditions", "hours_between", "is_active"})
_PAGE = re.compile(r"(/|\*)[^\s?#\\]*\Z")
_CONDITION = re.compile(r"[A-Za-z_][\w.-]{0,39}\Z", re.ASCII)


@transaction.atomic
def change_widget(site: Site, *, by: User | None, **switches: bool) -> WidgetSettings:
    """Turn what the chat of a site offers and keeps on or off; `switches` are those of `SWITCHES`."""
    _require(by)
    if unknown := switches.keys() - SWITCHES:
        raise TypeError(f"not a switch of the chat: {', '.join(sorted(unknown))}")
    widget = _stored(site)
    for name, is_on in switches.items():
        setattr(widget, name, bool(is_on))
    widget.save(update_fields=list(switches))
    return widget


@transaction.atomic
def reveal_secret(site: Site, *, by: User | None) -> str:
    """What the site signs identities with, for a person to copy; who asked is written to the log."""
    _require(by)
    secret = _stored(site).secret
    log.warning("secret of site %s shown to %s", site.key, by.pk if by else "the system")
    return secret


@transaction.atomic
def create_proactive_message(site: Site, *, by: User | None, **fields: Any) -> ProactiveMessage:
    """Words that the chat of this site says first. Errors: ValidationError by field; code `too_many`."""
    _require(by)
    Site.objects.select_for_update().get(pk=site.pk)  # so that two at once are counted one after the other
    return _save(ProactiveMessage(site=site), fields)


@transaction.atomic
def update_proactive_message(message: ProactiveMessage, *, by: User | None, **fields: Any) -> ProactiveMessage:
    """Change some of its fields, or switch it on and off. Errors: as `create_proactive_message`."""
    _require(by)
    Site.objects.select_for_update().get(pk=message.site_id)
    return _save(ProactiveMessage.objects.get(pk=message.pk), fields)


@transaction.atomic
def delete_proactive_message(message: ProactiveMessage, *, by: User | None) -> None:
    _require(by)
    ProactiveMessage.objects.filter(pk=message.pk).delete()


def _stored(site: Site) -> WidgetSettings:
    """The settings of a site as a locked row; made with the defaults where nobody has changed any."""
    WidgetSettings.objects.get_or_create(site=site)
    return WidgetSettings.objects.select_for_update().get(site=site)


def _require(by: User | None) -> None:
    if by is not None and not by.has_perm("accounts.manage_sites"):
        raise PermissionDenied


def _save(message: ProactiveMessage, fields: dict[str, Any]) -> ProactiveMessage:
    if unknown := fields.keys() - _EDITABLE:
        raise TypeError(f"not a field of a proactive message: {', '.join(sorted(unknown))}")
    was_active = message.pk is not None and message.is_active
    for name, value in fields.items():
        setattr(message, name, value.strip() if isinstance(value, str) else value)
    _check(message)
    if message.is_active and not was_active:
        _check_room(message)
    message.save()
    return message


def _check(message: ProactiveMessage) -> None:
    wrong: dict[str, str] = {}
    if message.page and not _PAGE.match(message.page):
        wrong["page"] = _(
            "Write a path such as /cart or /shop/*, without the address of the website and without ? or #."
        )
    elif message.page.count("*") > 5:
        wrong["page"] = _("Five stars at most.")
    if not 0 <= int(message.seconds) <= MAX_SECONDS:
        wrong["seconds"] = _("Between 0 and %(limit)s seconds.") % {"limit": MAX_SECONDS}
    if not 0 <= int(message.hours_between) <= MAX_HOURS:
        wrong["hours_between"] = _("Between 0 and %(limit)s hours.") % {"limit": MAX_HOURS}
    if problem := _problem_of(message.conditions):
        wrong["conditions"] = problem
    if wrong:
        raise ValidationError(wrong)
    message.full_clean()


def _problem_of(conditions: Any) -> str:
    if not isinstance(conditions, dict) or len(conditions) > MAX_CONDITIONS:
        return _("%(limit)s conditions at most.") % {"limit": MAX_CONDITIONS}
    for name, value in conditions.items():
        if not _CONDITION.match(name):
            wrong = _("“%(name)s” cannot be a name: use letters, digits, dots, hyphens and underscores.")
            return wrong % {"name": name[:40]}
        if not isinstance(value, str) or not 0 < len(value) <= 100:
            return _("Say what “%(name)s” must be, in 100 characters at most.") % {"name": name}
    return ""


def _check_room(message: ProactiveMessage) -> None:
    active = ProactiveMessage.objects.filter(site=message.site_id, is_active=True).exclude(pk=message.pk).count()
    if active >= MAX_ACTIVE:
        full = _("%(limit)s at most can be on at once; switch one off first.")
        raise ValidationError(full % {"limit": MAX_ACTIVE}, code="too_many")
