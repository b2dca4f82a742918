"""The company that runs this installation: its first day, and its settings."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actions._rules import require
from accounts.actions.sites import create_site
from accounts.models import Desk, Site, User
from accounts.origins import origin_of
from accounts.roles import Role

EDITABLE = (
    "name",
    "language",
    "time_zone",
    "currency",
    "follow_up_days",
    "reopen_days",
    "promise_minutes",
    "signature",
)


class Beginning(NamedTuple):
    desk: Desk
    admin: User
    site: Site


@transaction.atomic
def set_up_desk(
    *,
    by: None = None,
    company: str,
    time_zone: str,
    currency: str,
    name: str,
    email: str,
    password: str,
    site_name: str,
    site_url: str,
    language: str = "en",
) -> Beginning:
    """Company, first administrator and first site, all or none. ValidationError `set_up` if somebody was here before.

    Two at once: the desk is inserted first and can be there only once, so the second one waits and is refused.
    """
    if Desk.load() is not None or User.objects.exists():
        raise ValidationError(_("This desk is set up already."), code="set_up")
    desk = Desk(name=company.strip(), time_zone=time_zone, currency=currency, language=language)
    desk.full_clean(exclude=["only_row"])
    chosen = {"name": desk.name, "time_zone": time_zone, "currency": currency, "language": language}
    _known, is_first = Desk.objects.get_or_create(only_row=True, defaults=chosen)
    if not is_first:
        raise ValidationError(_("This desk is set up already."), code="set_up")
    admin = User(email=email.strip().lower(), name=name.strip(), role=Role.ADMIN)
    validate_password(password, admin)
    admin = User.objects.create_user(admin.email, password, name=admin.name, role=Role.ADMIN)
    site = create_site(by=by, name=site_name, url=site_url, allowed_origins=[origin_of(site_url)])
    return Beginning(Desk.objects.get(), admin, site)


@transaction.atomic
def update_desk(desk: Desk, *, by: User | None, **fields: Any) -> Desk:
    """Change settings of the company; `fields` are those of `EDITABLE`."""
    require(by, "accounts.manage_desk")
    unknown = fields.keys() - set(EDITABLE)
    if unknown:
        raise TypeError(f"not a setting of the company: {', '.join(sorted(unknown))}")
    desk = Desk.objects.select_for_update().get(pk=desk.pk)
    for name, value in fields.items():
        setattr(desk, name, value)
    desk.full_clean()
    desk.save()
    return desk
