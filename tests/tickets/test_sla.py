"""The arithmetic of promises, on days that are not like the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Calendar
from tickets.sla import OpenHours, answer_due, due_after, open_between

ZONE = ZoneInfo("Europe/Amsterdam")
WEEK = {str(day): [["09:00", "12:00"], ["13:00", "17:00"]] for day in range(5)}


def calendar(**fields) -> Calendar:
    return Calendar(**{"name": "Shop", "time_zone": "Europe/Amsterdam", "hours": WEEK} | fields)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("since", "minutes", "due"),
    [
        ("2026-11-18T10:00", 30, "2026-11-18T10:30"),  # a Wednesday, open
        ("2026-11-18T08:00", 30, "2026-11-18T09:30"),  # before opening
        ("2026-11-18T11:50", 30, "2026-11-18T13:20"),  # over lunch
        ("2026-11-18T12:30", 30, "2026-11-18T13:30"),  # at lunch
        ("2026-11-18T16:50", 30, "2026-11-19T09:20"),  # over night
        ("2026-11-18T23:00", 30, "2026-11-19T09:30"),  # at night
        ("2026-11-20T16:50", 30, "2026-11-23T09:20"),  # over the weekend
        ("2026-11-21T11:00", 30, "2026-11-23T09:30"),  # on a Saturday
        ("2026-11-18T09:00", 420, "2026-11-18T17:00"),  # exactly until closing
        ("2026-11-18T17:00", 1, "2026-11-19T09:01"),  # at closing
        ("2026-11-18T09:00", 421, "2026-11-19T09:01"),  # a day and a minute
        ("2026-11-18T10:00", 2100, "2026-11-25T10:00"),  # a working week
    ],
)
def test_only_opening_hours_count(since, minutes, due):
    assert answer_due(local(since), minutes, calendar()) == local(due)


def test_nobody_answers_on_a_holiday():
    closed = calendar(holidays=["2026-11-19", "2026-11-20"])
    assert answer_due(local("2026-11-18T16:50"), 30, closed) == local("2026-11-23T09:20")
    assert answer_due(local("2026-11-19T10:00"), 30, closed) == local("2026-11-23T09:30")


@pytest.mark.parametrize("hours", [None, {}])
def test_without_hours_the_clock_never_stops(hours):
    open_always = None if hours is None else calendar(hours=hours)
    assert answer_due(local("2026-11-21T03:00"), 30, open_always) == local("2026-11-21T03:30")


@pytest.mark.parametrize("hours", [{"0": []}, {"9": [["09:00", "17:00"]]}, {"0": [["17:00", "09:00"]]}])
def test_a_calendar_that_never_opens_does_not_wait_for_ever(hours):
    assert answer_due(local("2026-11-21T03:00"), 30, calendar(hours=hours)) == local("2026-11-21T03:30")


def test_hours_are_hours_when_the_clocks_change():
    at_night = calendar(hours={"6": [["00:00", "06:00"]]})
    # 25 October 2026: between 0:00 and 6:00 seven hours pass; 29 March 2026: five.
    back = answer_due(local("2026-10-25T00:00"), 390, at_night)
    assert back.astimezone(ZONE) == datetime(2026, 10, 25, 5, 30, tzinfo=ZONE)
    assert back - local("2026-10-25T00:00").astimezone(UTC) == timedelta(minutes=390)
    ahead = answer_due(local("2026-03-29T00:00"), 290, at_night)
    assert ahead.astimezone(ZONE) == datetime(2026, 3, 29, 5, 50, tzinfo=ZONE)
    assert answer_due(local("2026-03-29T00:00"), 301, at_night) == local("2026-04-05T00:01")


def test_the_zone_is_the_calendars_whatever_the_moment_is_written_in():
    since = local("2026-11-18T16:50").astimezone(ZoneInfo("Pacific/Auckland"))
    assert answer_due(since, 30, calendar()) == local("2026-11-19T09:20")


def test_hours_in_any_order_mean_the_same():
    mixed = calendar(hours={"2": [["13:00", "17:00"], ["09:00", "12:00"]]})
    assert answer_due(local("2026-11-18T08:00"), 200, mixed) == local("2026-11-18T13:20")


moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(moments, st.integers(0, 5000), st.integers(0, 5000))
def test_a_later_start_or_a_longer_promise_is_never_due_earlier(since, minutes, more):
    shop = calendar(holidays=["2025-12-25", "2026-01-01"])
    due = answer_due(since, minutes, shop)
    assert due >= since + timedelta(minutes=minutes)
    assert answer_due(since, minutes + more, shop) >= due
    assert answer_due(since + timedelta(minutes=more), minutes, shop) >= due


@given(moments, st.integers(1, 5000))
def test_it_is_due_while_someone_is_there(since, minutes):
    shop = calendar()
    assert shop.is_open(answer_due(since, minutes, shop) - timedelta(microseconds=1))


NIGHT = {"5": [["20:00", "23:30"]], "6": [["00:00", "06:00"], ["05:00", "07:00"]]}  # over both changes of the clocks
calendars = (
    st.builds(
        lambda hours, zone, holidays: calendar(hours=hours, time_zone=zone, holidays=holidays),
        st.sampled_from([WEEK, NIGHT, {}, {"0": [["17:00", "09:00"]]}]),
        st.sampled_from(["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "UTC"]),
        st.lists(st.dates(datetime(2025, 1, 1).date(), datetime(2026, 12, 31).date()).map(str), max_size=5),
    )
    | st.none()
)
spans = st.timedeltas(timedelta(0), timedelta(hours=80))


@given(moments, spans, calendars)
def test_until_it_is_due_it_was_open_for_exactly_as_long_as_was_promised(since, length, shop):
    assert open_between(since, due_after(since, length, shop), shop) == length


@given(moments, spans, calendars)
def test_what_was_open_until_a_moment_is_due_then_or_when_it_last_closed(since, length, shop):
    until = since + length
    due = due_after(since, open_between(since, until, shop), shop)
    if due <= until:
        assert open_between(due, until, shop) == timedelta(0)
    else:  # it has not been open at all: due, at once, when it opens
        assert open_between(since, due, shop) == timedelta(0)


@given(moments, spans, spans, calendars)
def test_two_stretches_are_as_long_as_both_together(since, one, other, shop):
    middle, end = since + one, since + one + other
    together = open_between(since, middle, shop) + open_between(middle, end, shop)
    assert open_between(since, end, shop) == together <= end - since


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(moments, st.timedeltas(timedelta(-1), timedelta(days=500))), max_size=8), calendars)
def test_with_kept_sums_it_is_as_long(lengths, shop):
    hours = OpenHours(shop)
    for since, length in lengths:  # one after the other: what is kept of one must not change another
        assert hours.between(since, since + length) == open_between(since, since + length, shop)


@pytest.mark.parametrize("zone", ["Africa/Cairo", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Asia/Gaza"])
def test_with_kept_sums_it_is_as_long_where_clocks_change_at_midnight(zone):
    always = calendar(time_zone=zone, hours={str(day): [["00:00", "12:00"], ["11:30", "23:59"]] for day in range(7)})
    hours, begun = OpenHours(always), datetime(2010, 1, 1, 5, 30, tzinfo=UTC)
    for number in range(0, 3000, 7):  # through years in which these clocks were changed
        start, end = begun + timedelta(hours=13 * number), begun + timedelta(hours=13 * number + number % 500)
        assert hours.between(start, end) == open_between(start, end, always)


def test_it_is_never_open_backwards():
    assert open_between(local("2026-11-18T12:00"), local("2026-11-18T10:00"), calendar()) == timedelta(0)
    assert open_between(local("2026-11-18T12:00"), local("2026-11-18T10:00"), None) == timedelta(0)


def test_a_holiday_and_the_lunch_are_not_open():
    closed = calendar(holidays=["2026-11-19"])
    assert open_between(local("2026-11-18T11:00"), local("2026-11-20T10:00"), closed) == timedelta(hours=6)


def test_a_night_with_the_hour_that_comes_twice_is_an_hour_longer():
    at_night = calendar(hours={"6": [["00:00", "06:00"]]})
    assert open_between(local("2026-10-25T00:00"), local("2026-10-25T23:00"), at_night) == timedelta(hours=7)
    assert open_between(local("2026-03-29T00:00"), local("2026-03-29T23:00"), at_night) == timedelta(hours=5)


def test_hours_that_overlap_count_once():
    twice = calendar(hours={"2": [["09:00", "12:00"], ["11:00", "13:00"]]})
    assert open_between(local("2026-11-18T08:00"), local("2026-11-18T20:00"), twice) == timedelta(hours=4)
    assert due_after(local("2026-11-18T08:00"), timedelta(hours=4), twice) == local("2026-11-18T13:00")
