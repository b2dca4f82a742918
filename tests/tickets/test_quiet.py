"""When somebody is left in peace, for any zone, any hours and the days on which the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.quiet import Quiet, next_hour, next_time

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NIGHT = Quiet(AMSTERDAM, time(20), time(8))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("quiet", "at", "over"),
    [
        (NIGHT, "2026-11-18T12:00", "2026-11-18T12:00"),
        (NIGHT, "2026-11-18T20:00", "2026-11-19T08:00"),
        (NIGHT, "2026-11-19T07:59", "2026-11-19T08:00"),
        (NIGHT, "2026-11-19T08:00", "2026-11-19T08:00"),
        (Quiet(AMSTERDAM, time(12), time(13)), "2026-11-18T12:30", "2026-11-18T13:00"),
        (Quiet(AMSTERDAM, at_weekends=True), "2026-11-20T23:59", "2026-11-20T23:59"),
        (Quiet(AMSTERDAM, at_weekends=True), "2026-11-21T00:00", "2026-11-23T00:00"),
        (Quiet(AMSTERDAM, time(20), time(8), at_weekends=True), "2026-11-20T21:00", "2026-11-23T08:00"),
        (Quiet(AMSTERDAM, time(1), time(2, 30)), "2026-03-29T01:30", "2026-03-29T03:30"),  # 2:30 is left out that day
    ],
)
def test_it_is_over_at_its_hour(quiet, at, over):
    assert quiet.over(local(at)) == local(over)


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
ZONES = st.sampled_from(["UTC", "Europe/Amsterdam", "America/St_Johns", "Asia/Kathmandu", "Pacific/Chatham"])
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


@given(MOMENTS, ZONES, CLOCKS, CLOCKS, st.booleans())
def test_after_quiet_it_is_not_quiet_and_before_it_was(moment, zone, start, end, weekends):
    if start == end:
        return
    quiet = Quiet(ZoneInfo(zone), start, end, weekends)
    over = quiet.over(moment)
    assert over >= moment
    assert not quiet.at(over)
    assert over - moment < timedelta(days=4)
    if over > moment:
        assert quiet.at(moment)
        assert all(quiet.at(moment + (over - moment) * part / 40) for part in range(40))


@given(MOMENTS, ZONES, CLOCKS)
def test_the_next_time_is_within_a_day(moment, zone, clock):
    found = next_time(moment, clock, ZoneInfo(zone))
    assert moment < found <= moment + timedelta(hours=26)
    assert moment < next_hour(moment) <= moment + timedelta(hours=1)
