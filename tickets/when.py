"""When a ticket comes back: what somebody types, such as "tomorrow 9" or "bis sie antworten", as a moment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from dateparser.date import DateDataParser
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

MAX_CHARS = 60
LONGEST = timedelta(days=2 * 365 + 1)
MORNING = time(9)  # of a day that is named without a time
_LATEST_TODAY = 20  # o'clock; later than that, nobody offers "later today"
_LANGUAGES = ["en", "de"]

_REPLY = re.compile(
    r"(?:until |till |when |once |bis |wenn )?"
    r"(?:(?:they|she|he|(?:the )?customer) (?:repl(?:y|ies)|answers?|writes?|responds?)"
    r"|(?:a |the )?(?:reply|answer)|(?:sie|er|(?:der )?kunde) (?:antworte[nt]|(?:sich )?melde[nt]|schreib(?:en|t))"
    r"|zur antwort)"
)
_LATER = re.compile(r"later today|heute später|später heute")
# What the library does not know, or takes for something else.
_PREFIX = re.compile(r"^(?:(?:until|till|bis|on|ab|zum|am(?= (?:[^\W\d]|\d+\.)))\s+)+")
_NEXT_WEEK = re.compile(r"\b(?:next week|(?:nächste|kommende) woche)\b")
_NEXT_DAY = re.compile(
    r"\b(?:nächste[nrms]?|kommende[nrms]?|diese[nrms]?|this|next) "
    r"(?=mon(?!at|th)|tue|wed|thu|fri|sat|sun|die|mitt|don|fre|sam|son)"
)
_HALF_HOUR = re.compile(r"\b(?:half an hour|einer halben stunde)\b")
_O_CLOCK = re.compile(r"\b(\d{1,2})(?:[.:](\d{2}))? ?uhr\b")
_PARTS = [
    (re.compile(r"\bfrüh\b|vormittags?\b"), "9:00"),
    (re.compile(r"nachmittags?\b"), "15:00"),
    (re.compile(r"\b(?:noon|midday)\b|mittags?\b"), "12:00"),
    (re.compile(r"abends?\b"), "18:00"),
]
_CLOCK = re.compile(r"\d:\d\d|\d ?[ap]m\b")
# What the library would leave out without a word: a bare number, a clock that none shows, a weekday beside a date.
_NO_TIME = re.compile(
    r"\d+|.*(?:(?<![\d:])(?:2[4-9]|[3-9]\d|\d{3,}):\d|:(?:[6-9]\d|\d(?!\d))).*"
    r"|(?=.*\d{4}-\d\d-\d\d)(?=.*[^\W\d_]{3}).*"
)
_ONLY_CLOCK = re.compile(r"(?:at |um |@ ?)?(\d{1,2}(?::\d\d)?(?: ?[ap]m)?)")
# A number behind a day is an hour; behind a month it is a day.
_HOUR = re.compile(r"(?P<day>.*\S) (?:at |um |@ ?)?(?P<hour>\d{1,2})")
_MONTH = re.compile(r"\D*\b(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]|jän|in)\w*\.?")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[t ](\d.*))?")


@dataclass(frozen=True)
class Wake:
    """When a snoozed ticket wakes: at a time (aware), or, without one, when its customer writes."""

    at: datetime | None


@dataclass(frozen=True)
class Choice:
    """A moment that is often meant."""

    label: str
    at: datetime | None

    @property
    def value(self) -> str:
        """What a form sends for it, as `read` reads it."""
        return self.at.isoformat() if self.at else "until they reply"


def read(words: str, *, now: datetime, zone: tzinfo) -> Wake | None:
    """The moment that is meant in this time zone; None for what means none, lies in the past, or beyond `LONGEST`.

    A day without a time means nine o'clock. Never raises, whatever the words are.
    """
    if len(words) > MAX_CHARS:
        return None
    now = now.astimezone(UTC)  # two times of one zone would be compared by their clocks, not by when they are
    words = " ".join(words.lower().split())
    if _REPLY.fullmatch(words):
        return Wake(None)
    at = _moment(words, now.astimezone(zone), zone)
    return Wake(at) if at is not None and now < at <= now + LONGEST else None


def choices(now: datetime, zone: tzinfo) -> list[Choice]:
    """Five of them, in order of time."""
    local = now.astimezone(zone)
    later = _later_today(local)
    tomorrow = local.date() + timedelta(days=1)
    # A Monday that is neither tomorrow nor in a week.
    away = (7 if 1 <= local.weekday() <= 5 else 10) - local.weekday()
    third = local.date() + timedelta(days=away % 7)
    return [
        Choice(_("Later today"), _real(later, zone))
        if later
        else Choice(_("In 2 hours"), _real_after(now, timedelta(hours=2), zone)),
        Choice(_("Tomorrow"), _real(datetime.combine(tomorrow, MORNING), zone)),
        Choice(str(WEEKDAYS[third.weekday()]), _real(datetime.combine(third, MORNING), zone)),
        Choice(_("In a week"), _real(datetime.combine(local.date() + timedelta(days=7), MORNING), zone)),
        Choice(_("Until they reply"), None),
    ]


def _later_today(local: datetime) -> datetime | None:
    """What clocks will show then; None in the evening."""
    later = (local + timedelta(hours=3, minutes=59)).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    return later if later.date() == local.date() and later.hour <= _LATEST_TODAY else None


def _moment(words: str, local: datetime, zone: tzinfo) -> datetime | None:
    if _LATER.fullmatch(words):
        later = _later_today(local)
        return _real(later, zone) if later else None
    if only := _ONLY_CLOCK.fullmatch(_simple(words, local)):
        return _next_at(only[1], local, zone)
    words = _simple(words, local)
    if _ISO.fullmatch(words):
        return _iso(words, zone)
    return None if _NO_TIME.fullmatch(words) else _parsed(words, local, zone)


def _simple(words: str, local: datetime) -> str:
    """The words as the library understands them."""
    words = _PREFIX.sub("", words)
    monday = local.date() + timedelta(days=7 - local.weekday())
    words = _NEXT_DAY.sub("", _NEXT_WEEK.sub(monday.isoformat(), words))
    words = _HALF_HOUR.sub("30 min", words)
    words = _O_CLOCK.sub(lambda found: f"{found[1]}:{found[2] or '00'}", words)
    for part, clock in _PARTS:
        words, count = part.subn("", words)
        if count and not _CLOCK.search(words):
            words = f"{words} {clock}"
    words = " ".join(words.split())
    hour = _HOUR.fullmatch(words)
    if hour and not _MONTH.fullmatch(hour["day"]):
        return f"{hour['day']} {hour['hour']}:00"
    return words


def _next_at(clock: str, local: datetime, zone: tzinfo) -> datetime | None:
    """The next time that clocks show this."""
    half = clock[-2:] if clock[-1] == "m" else ""
    hour, _colon, minute = clock.removesuffix(half).strip().partition(":")
    if half and not 1 <= int(hour) <= 12:
        return None
    try:
        at = time(int(hour) % 12 + 12 * (half == "pm") if half else int(hour), int(minute or 0))
    except ValueError:
        return None
    for days in (0, 1):
        moment = _real(datetime.combine(local.date() + timedelta(days=days), at), zone, after=local)
        if moment is not None and moment.astimezone(UTC) > local:
            return moment
    return None


def _iso(words: str, zone: tzinfo) -> datetime | None:
    day, clock = _ISO.fullmatch(words).groups()  # type: ignore[union-attr]
    try:
        at = datetime.fromisoformat(f"{day}T{clock or MORNING.isoformat()}".upper())
        return at.astimezone(zone) if at.tzinfo else _real(at, zone)
    except (ValueError, OverflowError):
        return None


def _parsed(words: str, local: datetime, zone: tzinfo) -> datetime | None:
    base = local.replace(tzinfo=None)
    found = _ask_library(words, base)
    if found is None or found.date_obj is None:
        return None
    at: datetime = found.date_obj
    has_time = "time" in found.parts
    if at.tzinfo is not None:
        return at.astimezone(zone)
    if has_time and not _CLOCK.search(words) and found.part_of_day is None:
        return _real_after(local, at - base, zone)  # counted from now: two hours are two hours, whatever clocks do
    if not {"day", "year"} & set(found.parts):
        return None
    return _real(at if has_time else datetime.combine(at, MORNING), zone, after=local)


def _ask_library(words: str, base: datetime) -> Any:
    """Its `DateData`, or None; the types that are published for it are of an older version."""
    options = {
        "DATE_ORDER": "DMY",
        "PARSERS": ["relative-time", "absolute-time"],
        "PREFER_DATES_FROM": "future",
        "RELATIVE_BASE": base,
        "TIMEZONE": "UTC",
    }
    try:
        return DateDataParser(languages=_LANGUAGES, settings=options).get_date_data(words)
    except Exception:  # noqa: BLE001  (it was made for texts of the web, and trips over some that are none)
        return None


def _real(wall: datetime, zone: tzinfo, after: datetime | None = None) -> datetime | None:
    """What clocks show, as a moment. In an hour that they leave out it is where it would have been; of one that comes
    twice it is the first that is still to come."""
    try:
        moments = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        moment = next((moment for moment in moments if after and moment > after), moments[0])
        return moment.astimezone(zone)
    except OverflowError:
        return None


def _real_after(now: datetime, span: timedelta, zone: tzinfo) -> datetime | None:
    try:
        return (now.astimezone(UTC) + span).replace(second=0, microsecond=0).astimezone(zone)
    except OverflowError:
        return None
