"""Who a guest is, because their site says so with its signature."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from chat.actions.identifying import rotate_secret
from chat.models import WidgetSettings

pytestmark = pytest.mark.django_db


def test_a_secret_is_made_and_made_anew_by_who_manages_sites(site, adam, sue):
    first = rotate_secret(site, by=adam).secret
    assert WidgetSettings.of(site).secret == first
    second = rotate_secret(site, by=None).secret
    assert len({first, second}) == 2
    assert WidgetSettings.of(site).secret == second
    with pytest.raises(PermissionDenied):
        rotate_secret(site, by=sue)
    assert WidgetSettings.of(site).secret == second
