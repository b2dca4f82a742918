"""Limits in Postgres, and the addresses that they go by."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.limits import take
from accounts.models import RateLimit
from accounts.net import clean_address, client_address, network_of


@pytest.mark.django_db
def test_amounts_are_used_up_and_a_refusal_uses_nothing():
    asked = [take("k", amount, limit=50, seconds=60) for amount in (30, 25, 20, 1, 0)]
    assert asked == [True, False, True, False, True]
    assert RateLimit.objects.get(key="k").count == 50


@pytest.mark.django_db
def test_more_than_the_whole_limit_never_fits():
    assert not take("k", 51, limit=50, seconds=60)
    assert not RateLimit.objects.exists()


@pytest.mark.django_db
def test_a_new_window_begins_empty():
    assert take("k", 50, limit=50, seconds=60)
    RateLimit.objects.update(window_ends_at=timezone.now() - timedelta(seconds=1))
    assert take("k", 40, limit=50, seconds=60)
    row = RateLimit.objects.get(key="k")
    assert (row.count, row.window_ends_at > timezone.now()) == (40, True)


@pytest.mark.parametrize(
    ("text", "address", "network"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("2001:DB8:1:2:aaaa::7", "2001:db8:1:2:aaaa::7", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2:bbbb::9", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::1", "fe80::"),
        ("", None, None),
        ("unknown", None, None),
        ("203.0.113.7, 10.0.0.1", None, None),
        ("\x00", None, None),
    ],
)
def test_an_address_and_the_network_that_it_stands_for(text, address, network):
    assert (clean_address(text), network_of(text)) == (address, network)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [(0, "198.51.100.1", "10.0.0.9"), (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
     (2, "198.51.100.1, 203.0.113.7", "198.51.100.1"), (2, "203.0.113.7", "10.0.0.9"), (1, "", "10.0.0.9")],
)  # fmt: skip
def test_a_forwarded_address_counts_as_far_as_our_proxies_wrote_it(settings, proxies, forwarded, client):
    settings.TRUSTED_PROXIES = proxies
    assert client_address(forwarded, "10.0.0.9") == client
