"""Days as people count them, where the clocks change and midnight may not exist."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.periods import Period, last_days, midnight, month_of

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)  # it is Friday already in Amsterdam


def test_today_is_where_somebody_is():
    assert last_days(7, NOW, AMSTERDAM) == Period(date(2026, 11, 14), date(2026, 11, 20), AMSTERDAM)
    assert last_days(1, NOW, ZoneInfo("UTC")).first == date(2026, 11, 19)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)])
def test_a_day_is_as_long_as_the_clocks_say(day, hours):
    one = Period(day, day, AMSTERDAM)
    assert one.end - one.start == timedelta(hours=hours)


def test_a_midnight_that_does_not_exist_is_when_the_clocks_skip_it():
    zone = ZoneInfo("America/Asuncion")  # 00:00 became 01:00
    assert midnight(date(2023, 10, 1), zone) == datetime(2023, 10, 1, 4, tzinfo=UTC)


def test_the_period_before_is_as_long_and_ends_where_this_begins():
    period = last_days(30, NOW, AMSTERDAM)
    assert period.before.days == period.days == 30
    assert period.before.end == period.start


@pytest.mark.parametrize(
    ("days", "unit", "count"), [(1, "day", 1), (45, "day", 45), (90, "week", 14), (365, "month", 13)]
)
def test_its_steps_are_the_whole_without_a_gap(days, unit, count):
    period = last_days(days, NOW, AMSTERDAM)
    steps = list(period.steps())
    assert period.unit == unit
    assert len(steps) == count
    assert (steps[0].start, steps[-1].end) == (period.start, period.end)
    assert all(one.end == other.start for one, other in zip(steps, steps[1:], strict=False))


def test_months_have_their_own_lengths():
    assert month_of(date(2028, 2, 17), AMSTERDAM) == Period(date(2028, 2, 1), date(2028, 2, 29), AMSTERDAM)
    assert month_of(date(2026, 12, 31), AMSTERDAM).days == 31
