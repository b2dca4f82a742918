"""What people type when they say when: understood in their own time zone, never in the past, and never an error."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tickets.when import LONGEST, MAX_CHARS, Wake, choices, read

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 10, 20, tzinfo=BERLIN)  # a Wednesday


def said(words: str, *, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> str:
    """What is understood, as "2026-11-26 09:00"; "reply", or "" for nothing."""
    wake = read(words, now=now, zone=zone)
    if wake is None:
        return ""
    return f"{wake.at:%Y-%m-%d %H:%M}" if wake.at else "reply"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("later today", "2026-11-25 14:00"),
        ("Heute später", "2026-11-25 14:00"),
        # A day, with a time or at nine.
        ("tomorrow", "2026-11-26 09:00"),
        ("tomorrow 9", "2026-11-26 09:00"),
        ("tomorrow 14", "2026-11-26 14:00"),
        ("tomorrow at 9:30", "2026-11-26 09:30"),
        ("tomorrow at 5 pm", "2026-11-26 17:00"),
        ("  TOMORROW   9 ", "2026-11-26 09:00"),
        ("9:30 tomorrow", "2026-11-26 09:30"),
        ("at 9am on friday", "2026-11-27 09:00"),
        ("day after tomorrow", "2026-11-27 09:00"),
        ("monday", "2026-11-30 09:00"),
        ("until friday", "2026-11-27 09:00"),
        ("friday 14", "2026-11-27 14:00"),
        ("fri 14:30", "2026-11-27 14:30"),
        ("wednesday", "2026-12-02 09:00"),
        ("next monday", "2026-11-30 09:00"),
        ("next week", "2026-11-30 09:00"),
        ("next week 14", "2026-11-30 14:00"),
        ("next month", "2026-12-25 09:00"),
        ("1 dec", "2026-12-01 09:00"),
        ("dec 1", "2026-12-01 09:00"),
        ("dec 24", "2026-12-24 09:00"),
        ("1 dec 14", "2026-12-01 14:00"),
        ("december 1 14", "2026-12-01 14:00"),
        ("1st of december", "2026-12-01 09:00"),
        ("1 nov", "2027-11-01 09:00"),
        ("1/12", "2026-12-01 09:00"),
        ("2026-12-01", "2026-12-01 09:00"),
        ("2026-12-01 10", "2026-12-01 10:00"),
        ("2026-12-01 10:00", "2026-12-01 10:00"),
        ("2026-12-01T10:00", "2026-12-01 10:00"),
        ("2026-12-01T10:00:00Z", "2026-12-01 11:00"),
        ("2026-12-01T10:00+09:00", "2026-12-01 02:00"),
        # A part of the day, or only a time.
        ("tonight", "2026-11-25 20:00"),
        ("this evening", "2026-11-25 18:00"),
        ("tomorrow morning", "2026-11-26 09:00"),
        ("tomorrow afternoon", "2026-11-26 15:00"),
        ("tomorrow noon", "2026-11-26 12:00"),
        ("noon", "2026-11-25 12:00"),
        ("today 17", "2026-11-25 17:00"),
        ("17:30", "2026-11-25 17:30"),
        ("17", "2026-11-25 17:00"),
        ("9", "2026-11-26 09:00"),
        ("9am", "2026-11-26 09:00"),
        ("12 am", "2026-11-26 00:00"),
        ("12 pm", "2026-11-25 12:00"),
        ("at 14", "2026-11-25 14:00"),
        # From now on.
        ("in 2 hours", "2026-11-25 12:20"),
        ("2h", "2026-11-25 12:20"),
        ("in 90 minutes", "2026-11-25 11:50"),
        ("in 1 hour 30 minutes", "2026-11-25 11:50"),
        ("in half an hour", "2026-11-25 10:50"),
        ("in 3 days", "2026-11-28 09:00"),
        ("in a week", "2026-12-02 09:00"),
        ("in a month", "2026-12-25 09:00"),
        # The same in German.
        ("morgen", "2026-11-26 09:00"),
        ("morgen 14", "2026-11-26 14:00"),
        ("morgen um 9 Uhr", "2026-11-26 09:00"),
        ("morgen um 9.30 Uhr", "2026-11-26 09:30"),
        ("morgen früh", "2026-11-26 09:00"),
        ("14 uhr morgen", "2026-11-26 14:00"),
        ("heute Abend", "2026-11-25 18:00"),
        ("heute 17 uhr", "2026-11-25 17:00"),
        ("übermorgen", "2026-11-27 09:00"),
        ("Montag", "2026-11-30 09:00"),
        ("am Montag um 9", "2026-11-30 09:00"),
        ("bis Freitag 12 Uhr", "2026-11-27 12:00"),
        ("Freitagnachmittag", "2026-11-27 15:00"),
        ("nächsten Montag", "2026-11-30 09:00"),
        ("nächste Woche", "2026-11-30 09:00"),
        ("nächsten Monat", "2026-12-25 09:00"),
        ("1. Dezember", "2026-12-01 09:00"),
        ("am 1.12. um 14 Uhr", "2026-12-01 14:00"),
        ("24.12.", "2026-12-24 09:00"),
        ("24.12.2026 9", "2026-12-24 09:00"),
        ("in zwei Stunden", "2026-11-25 12:20"),
        ("in einer halben Stunde", "2026-11-25 10:50"),
        ("in 3 Tagen", "2026-11-28 09:00"),
        ("in einer Woche", "2026-12-02 09:00"),
        # Until they write.
        ("until they reply", "reply"),
        ("they reply", "reply"),
        ("until the customer answers", "reply"),
        ("when she writes", "reply"),
        ("until reply", "reply"),
        ("bis sie antworten", "reply"),
        ("bis er antwortet", "reply"),
        ("bis der Kunde sich meldet", "reply"),
        ("bis zur Antwort", "reply"),
    ],
)
def test_what_people_say(words, meant):
    assert said(words) == meant


@pytest.mark.parametrize(
    "words",
    ["", " ", "rubbish", "a", "in", "in 5", "tomorow", "until", "until they leave", "99", "24", "2027", "december",
     "tomorrow 24", "tomorrow 25", "tomorrow 9:75", "tomorrow 9:5", "9:75", "13 pm", "31 feb", "next week wednesday",
     "2026-13-01", "2026-02-30 10:00", "2026-12-01T25:00", "9999-12-31T23:59-23:59", "\x00"],
)  # fmt: skip
def test_what_means_no_time(words):
    assert said(words) == ""


@pytest.mark.parametrize(
    "words", ["yesterday", "gestern", "now", "jetzt", "today", "today 9", "heute um 9", "2 hours ago", "vor 2 Stunden",
              "2020-01-01", "2026-11-25 10:20", "last monday", "in 3 years", "2029-01-01", "in 99999999999 years"],
)  # fmt: skip
def test_neither_the_past_nor_what_is_too_far_away(words):
    assert said(words) == ""


def test_the_end_of_what_can_be_said():
    assert said((NOW + LONGEST).isoformat()) != ""
    assert said((NOW + LONGEST + timedelta(minutes=1)).isoformat()) == ""
    assert said("tomorrow 9".rjust(MAX_CHARS)) != ""
    assert said("tomorrow 9".rjust(MAX_CHARS + 1)) == ""


def test_the_day_is_that_of_who_says_it():
    night = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)  # half past midnight in Berlin, the afternoon in New York
    assert said("tomorrow 9", now=night) == "2026-11-27 09:00"
    assert said("tomorrow 9", now=night, zone=ZoneInfo("America/New_York")) == "2026-11-26 09:00"
    wake = read("tomorrow 9", now=night, zone=ZoneInfo("Asia/Kolkata"))
    assert wake is not None
    assert wake.at == datetime(2026, 11, 27, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "words", "meant"),
    [
        # The last Sunday of March: two o'clock is three.
        ("2027-03-27T10:00+01:00", "tomorrow 2:30", "2027-03-28T03:30:00+02:00"),
        ("2027-03-27T10:00+01:00", "tomorrow", "2027-03-28T09:00:00+02:00"),
        ("2027-03-28T01:30+01:00", "in 2 hours", "2027-03-28T04:30:00+02:00"),
        ("2027-03-28T01:59+01:00", "in 1 minute", "2027-03-28T03:00:00+02:00"),
        # The last Sunday of October: half past two comes twice.
        ("2026-10-24T10:00+02:00", "tomorrow 2:30", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T01:30+02:00", "in 2 hours", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T02:45+02:00", "2:30", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T02:45+02:00", "today 2:30", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T02:45+01:00", "2:30", "2026-10-26T02:30:00+01:00"),
    ],
)
def test_when_the_clocks_change(now, words, meant):
    wake = read(words, now=datetime.fromisoformat(now), zone=BERLIN)
    assert wake is not None
    assert wake.at is not None
    assert wake.at.isoformat() == meant


SOME_WORDS = st.sampled_from(
    [
        "tomorrow",
        "monday",
        "friday",
        "morgen",
        "montag",
        "next",
        "in",
        "until",
        "bis",
        "at",
        "um",
        "uhr",
        "am",
        "pm",
        "week",
        "woche",
        "dec",
        "dezember",
        "1.",
        "24.12.",
        "9",
        "14:30",
        "2026-12-01",
        "-1",
        "99999999999",
        "hours",
        "stunden",
        "ago",
        "they",
        "reply",
        "utc",
        "est",
        "+14:00",
        "T",
        "Z",
        "/",
        ".",
        ":",
        "0",
        "½",
        "²",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=MAX_CHARS + 5) | st.lists(SOME_WORDS, max_size=6).map(" ".join))
@example("in 9999999999 hours")
@example("0001-01-01")
@example("9999-12-31 23:59")
@example("1e400 hours")
@example("January 1 0 12:00 utc+99")
def test_anything_at_all_is_a_time_to_come_or_none(words):
    wake = read(words, now=NOW, zone=BERLIN)
    assert wake is None or wake.at is None or NOW < wake.at <= NOW + LONGEST


@settings(deadline=None)  # the first word that is said reads all of its language
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe"]
    ),
)
def test_the_moments_that_are_offered_are_to_come_and_mean_what_they_say(now, name):
    zone = ZoneInfo(name)
    offered = choices(now, zone)
    assert [choice.at is None for choice in offered] == [False] * 4 + [True]
    times = [choice.at for choice in offered if choice.at]
    assert times == sorted(times)
    assert len(set(times)) == 4
    assert all(now < at < now + timedelta(days=9) for at in times)
    for choice in offered:
        assert read(choice.value, now=now, zone=zone) == Wake(choice.at)
        if choice.label in ("Monday", "Thursday") and choice.at:
            assert f"{choice.at:%A}" == choice.label
    assert offered[1].at is not None
    assert offered[1].at.astimezone(zone).date() - now.astimezone(zone).date() == timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "labels"),
    [
        ("2026-11-25 10:20", "Later today 25 14:00, Tomorrow 26 09:00, Monday 30 09:00, In a week 02 09:00"),
        ("2026-11-25 17:00", "Later today 25 20:00, Tomorrow 26 09:00, Monday 30 09:00, In a week 02 09:00"),
        ("2026-11-25 17:01", "In 2 hours 25 19:01, Tomorrow 26 09:00, Monday 30 09:00, In a week 02 09:00"),
        ("2026-11-25 23:30", "In 2 hours 26 01:30, Tomorrow 26 09:00, Monday 30 09:00, In a week 02 09:00"),
        ("2026-11-29 12:00", "Later today 29 15:00, Tomorrow 30 09:00, Thursday 03 09:00, In a week 06 09:00"),
        ("2026-11-30 08:00", "Later today 30 11:00, Tomorrow 01 09:00, Thursday 03 09:00, In a week 07 09:00"),
    ],
)
def test_the_moments_that_are_offered(now, labels):
    offered = choices(datetime.fromisoformat(now).replace(tzinfo=BERLIN), BERLIN)
    assert ", ".join(f"{choice.label} {choice.at:%d %H:%M}" for choice in offered if choice.at) == labels
    assert re.sub(r"\W+", " ", offered[4].label) == "Until they reply"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("now", ["2026-11-25T10:20", "2026-11-28T23:10"])
def test_what_is_offered_can_be_typed_as_it_is_called(language, now):
    at = datetime.fromisoformat(now).replace(tzinfo=BERLIN)
    with override(language):
        for choice in choices(at, BERLIN):
            assert read(choice.label, now=at, zone=BERLIN) == Wake(choice.at)
