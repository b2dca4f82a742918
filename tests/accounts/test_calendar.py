"""When a site is open, and when it opens next: zones, clock changes, midnight, days off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Calendar

BERLIN, TOKYO = "Europe/Berlin", "Asia/Tokyo"
WEEK = {str(day): [["09:00", "17:00"]] for day in range(5)}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def opening(hours: dict, at: str, zone: str = "UTC", holidays: tuple[str, ...] = ()) -> str | None:
    """The next opening after `at` (UTC), as UTC."""
    found = Calendar(time_zone=zone, hours=hours, holidays=list(holidays)).next_opening(utc(at))
    return found.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if found else None


# 2026-11-20 is a Friday.
@pytest.mark.parametrize(
    ("at", "then"),
    [
        ("2026-11-20 08:59", "2026-11-20 09:00"),
        ("2026-11-20 17:00", "2026-11-23 09:00"),  # over the weekend
        ("2026-11-21 12:00", "2026-11-23 09:00"),
        ("2026-11-23 08:59:59", "2026-11-23 09:00"),
        ("2026-11-23 09:00", "2026-11-24 09:00"),  # it opens now: the next one is tomorrow's
    ],
)
def test_the_next_morning_on_which_somebody_is_there(at, then):
    assert opening(WEEK, at) == then


def test_a_lunch_break_is_a_closing_and_the_order_of_the_spans_does_not_matter():
    hours = {"0": [["13:30", "18:00"], ["09:00", "12:30"]]}
    assert opening(hours, "2026-11-23 08:00") == "2026-11-23 09:00"
    assert opening(hours, "2026-11-23 13:00") == "2026-11-23 13:30"
    assert opening(hours, "2026-11-23 18:00") == "2026-11-30 09:00"


def test_days_off_in_a_row_are_passed_over():
    off = ("2026-12-24", "2026-12-25", "2026-12-28", "2026-12-29", "2026-12-30", "2026-12-31", "2027-01-01")
    assert opening(WEEK, "2026-12-23 18:00", holidays=off) == "2027-01-04 09:00"
    assert opening(WEEK, "2026-12-25 10:00", holidays=off[:2]) == "2026-12-28 09:00"


def test_a_day_off_is_a_day_of_the_sites_zone():
    every_day = {str(day): [["09:00", "17:00"]] for day in range(7)}
    # 09:00 in Tokyo is midnight UTC: the 25th there begins at 15:00 UTC of the 24th.
    assert opening(every_day, "2026-12-24 15:30", TOKYO, ("2026-12-25",)) == "2026-12-26 00:00"
    assert opening(every_day, "2026-12-24 14:30", TOKYO, ("2026-12-25",)) == "2026-12-26 00:00"
    assert opening(every_day, "2026-12-23 14:30", TOKYO, ("2026-12-25",)) == "2026-12-24 00:00"


@pytest.mark.parametrize(
    ("zone", "at", "then"),
    [
        ("Asia/Kathmandu", "2026-11-22 20:00", "2026-11-23 03:15"),  # 5:45 before UTC
        ("America/St_Johns", "2026-11-23 11:00", "2026-11-23 12:30"),  # 3:30 behind
        ("Pacific/Kiritimati", "2026-11-22 18:00", "2026-11-22 19:00"),  # Monday there, Sunday in Greenwich
        ("Pacific/Honolulu", "2026-11-21 04:00", "2026-11-23 19:00"),  # still Friday evening there
        (TOKYO, "2026-11-20 08:00", "2026-11-23 00:00"),
    ],
)
def test_hours_are_those_of_the_sites_zone(zone, at, then):
    assert opening(WEEK, at, zone) == then


def test_the_answer_is_in_the_sites_zone():
    found = Calendar(time_zone=BERLIN, hours=WEEK).next_opening(utc("2026-11-21 12:00"))
    assert found.isoformat() == "2026-11-23T09:00:00+01:00"


def test_the_clock_goes_forward_between_closing_and_opening():
    # Germany's clocks go from 02:00 to 03:00 on Sunday 29 March 2026: Monday's nine o'clock is an hour earlier.
    assert opening(WEEK, "2026-03-26 20:00", BERLIN) == "2026-03-27 08:00"
    assert opening(WEEK, "2026-03-27 20:00", BERLIN) == "2026-03-30 07:00"


def test_the_clock_goes_back_between_closing_and_opening():
    # From 03:00 to 02:00 on Sunday 25 October 2026.
    assert opening(WEEK, "2026-10-22 20:00", BERLIN) == "2026-10-23 07:00"
    assert opening(WEEK, "2026-10-23 20:00", BERLIN) == "2026-10-26 08:00"


def test_an_hour_that_the_clock_leaves_out_counts_from_before_it():
    """02:30 does not exist on that night; by RFC 5545 it is what it would have been, half an hour after the change."""
    night = {"6": [["02:30", "05:00"]]}
    assert opening(night, "2026-03-28 22:00", BERLIN) == "2026-03-29 01:30"
    gone = {"6": [["02:15", "02:45"]]}  # all of it left out: the next Sunday
    assert opening(gone, "2026-03-28 22:00", BERLIN) == "2026-04-05 00:15"


def test_an_hour_that_comes_twice_opens_twice():
    night = {"6": [["02:30", "05:00"]]}
    assert opening(night, "2026-10-24 22:00", BERLIN) == "2026-10-25 00:30"
    # Closed again at 02:00 of the second time round, and open at its half past.
    assert opening(night, "2026-10-25 01:10", BERLIN) == "2026-10-25 01:30"
    in_its_own_zone = utc("2026-10-25 01:10").astimezone(ZoneInfo(BERLIN))
    found = Calendar(time_zone=BERLIN, hours=night).next_opening(in_its_own_zone)
    assert found.astimezone(UTC) == utc("2026-10-25 01:30")


def test_a_night_shift_is_two_spans_with_midnight_between():
    hours = {"4": [["18:00", "24:00"]], "5": [["00:00", "02:00"]]}
    calendar = Calendar(time_zone="UTC", hours=hours)
    assert calendar.is_open(utc("2026-11-20 23:59:59"))
    assert calendar.is_open(utc("2026-11-21 00:00"))
    assert not calendar.is_open(utc("2026-11-21 02:00"))
    assert opening(hours, "2026-11-20 12:00") == "2026-11-20 18:00"
    assert opening(hours, "2026-11-21 02:00") == "2026-11-27 18:00"
    assert opening(hours, "2026-11-20 12:00", holidays=("2026-11-20",)) == "2026-11-21 00:00"


def test_round_the_clock_on_one_day():
    hours = {"5": [["00:00", "24:00"]]}
    assert opening(hours, "2026-11-20 23:59") == "2026-11-21 00:00"
    assert opening(hours, "2026-11-22 00:00") == "2026-11-28 00:00"


def test_a_leap_day_and_the_turn_of_the_year():
    only_monday = {"0": [["09:00", "17:00"]]}
    assert opening(only_monday, "2027-12-31 12:00") == "2028-01-03 09:00"
    tuesday = {"1": [["09:00", "17:00"]]}
    assert opening(tuesday, "2028-02-28 12:00") == "2028-02-29 09:00"  # a Tuesday that only leap years have


def test_nobody_knows_when_it_is_never_open():
    assert opening({}, "2026-11-20 12:00") is None  # always open: it does not open
    assert opening({"0": []}, "2026-11-20 12:00") is None
    year = tuple((datetime(2026, 11, 20) + timedelta(days=days)).date().isoformat() for days in range(400))
    assert opening(WEEK, "2026-11-20 12:00", holidays=year) is None
    assert opening(WEEK, "2026-11-20 12:00", holidays=year[:300]) == "2027-09-16 09:00"


@pytest.mark.parametrize("zone", [BERLIN, TOKYO, "America/St_Johns", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"])
@pytest.mark.parametrize("begin", ["2026-03-27 00:00", "2026-10-23 00:00", "2026-04-03 00:00"])
def test_what_is_promised_while_closed_is_when_it_opens(zone, begin):
    """Quarter by quarter over five days, clock changes among them: closed until then, open at that moment."""
    hours = {str(day): [["07:30", "12:00"], ["13:15", "24:00"]] for day in range(6)}
    calendar = Calendar(time_zone=zone, hours=hours, holidays=["2026-03-30", "2026-10-26"])
    closed = 0
    for quarter in range(5 * 96):
        at = utc(begin) + timedelta(minutes=15 * quarter)
        if calendar.is_open(at):
            continue
        closed += 1
        then = calendar.next_opening(at)
        assert then > at
        assert calendar.is_open(then)
        assert not calendar.is_open(then - timedelta(minutes=1))
        between = at + (then - at) / 2
        assert not calendar.is_open(between)
    assert closed > 50
