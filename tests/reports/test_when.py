"""When a report goes by mail: whole hours on its maker's clock, also where clocks jump."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.when import end_of_yesterday, next_time

BERLIN = ZoneInfo("Europe/Berlin")
APIA = ZoneInfo("Pacific/Apia")
SANTIAGO = ZoneInfo("America/Santiago")


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("every", "hour", "after", "found"),
    [
        ("day", 7, "2026-11-22T06:59", "2026-11-22T07:00"),
        ("day", 7, "2026-11-22T07:00", "2026-11-23T07:00"),
        ("day", 0, "2026-12-31T23:59", "2027-01-01T00:00"),
        ("week", 7, "2026-11-22T12:00", "2026-11-23T07:00"),  # a Sunday
        ("week", 7, "2026-11-23T07:00", "2026-11-30T07:00"),
        ("month", 7, "2026-11-22T12:00", "2026-12-01T07:00"),
        ("month", 7, "2026-12-01T06:00", "2026-12-01T07:00"),
        ("month", 7, "2026-12-01T07:00", "2027-01-01T07:00"),
        # Summer time begins on 29 March and ends on 25 October 2026.
        ("day", 2, "2026-03-28T12:00", "2026-03-29T03:00"),
        ("day", 2, "2026-03-29T03:00", "2026-03-30T02:00"),
        ("day", 7, "2026-03-28T07:00", "2026-03-29T07:00"),
        ("day", 2, "2026-10-24T12:00", "2026-10-25T02:00"),
    ],
)
def test_it_is_the_next_such_hour(every: str, hour: int, after: str, found: str) -> None:
    assert next_time(every, hour, at(after), BERLIN) == at(found)


def test_an_hour_that_comes_twice_counts_once() -> None:
    first = at("2026-10-25T02:00")
    assert next_time("day", 2, first, BERLIN) == at("2026-10-26T02:00")
    assert next_time("day", 2, first + timedelta(hours=1), BERLIN) == at("2026-10-26T02:00")


@pytest.mark.parametrize("every", ["day", "week", "month"])
@pytest.mark.parametrize("zone", [BERLIN, APIA, SANTIAGO, ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")])
def test_one_follows_the_other_through_years(every: str, zone: ZoneInfo) -> None:
    times = [datetime(2026, 1, 1, tzinfo=UTC)]
    for _ in range(800 if every == "day" else 60):
        times.append(next_time(every, 0, times[-1], zone))
    days = [one.astimezone(zone).date() for one in times[1:]]
    assert len(set(days)) == len(days)
    assert all(earlier < later for earlier, later in zip(times, times[1:], strict=False))
    if every == "day":
        assert {(later - earlier).days for earlier, later in zip(days, days[1:], strict=False)} == {1}


def test_a_mail_is_about_the_days_that_are_over() -> None:
    now = at("2026-11-23T00:00")
    assert end_of_yesterday(now, BERLIN).astimezone(BERLIN).date().isoformat() == "2026-11-22"
    assert end_of_yesterday(now - timedelta(seconds=1), BERLIN).astimezone(BERLIN).date().isoformat() == "2026-11-21"
