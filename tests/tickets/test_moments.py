"""Moments as pages say them are remembered, but not for another zone or language."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone
from django.utils.translation import override

from tickets.templatetags.moments import ago, clock

AT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize("_again", [1, 2])
def test_the_time_of_day_is_that_of_the_reader(_again):
    with timezone.override("UTC"), override("en"):
        assert clock(AT) == '<time datetime="2026-03-01T23:30:00+00:00" title="1 March 2026, 23:30">23:30</time>'
    with timezone.override("Europe/Berlin"), override("de"):
        assert clock(AT) == '<time datetime="2026-03-02T00:30:00+01:00" title="2. März 2026, 00:30">00:30</time>'


@pytest.mark.parametrize("_again", [1, 2])
def test_the_day_of_a_row_is_that_of_the_reader(_again):
    with timezone.override("UTC"), override("en"):
        assert ago(AT, css="last") == '<time class="last" datetime="2026-03-01T23:30:00+00:00" data-ago>1 Mar</time>'
    with timezone.override("Asia/Tokyo"), override("en"):
        assert ago(AT, css="last") == '<time class="last" datetime="2026-03-02T08:30:00+09:00" data-ago>2 Mar</time>'
