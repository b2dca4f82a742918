"""Who a guest is, because the site says so with its signature; and the secret that it signs with."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import Site, User
from accounts.tokens import new_secret
from chat.models import WidgetSettings


@transaction.atomic
def rotate_secret(site: Site, *, by: User | None) -> WidgetSettings:
    """A new secret for a site's signatures; what was signed with the old one is worth nothing from now on.

    Errors: PermissionDenied.
    """
    if by is not None and not by.has_perm("accounts.manage_sites"):
        raise PermissionDenied
    widget, is_new = WidgetSettings.objects.select_for_update().get_or_create(site=site)
    if not is_new:  # a new row has a new secret
        widget.secret = new_secret()
        widget.save(update_fields=["secret"])
    return widget
