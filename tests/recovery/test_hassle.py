"""The arithmetic of the hassle: the rules one by one, and what holds whatever happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Calendar
from recovery.hassle import (
    MOST_HOURS,
    PARTS,
    Happening,
    HasslePart,
    Late,
    Mark,
    What,
    hassle_parts,
    quarters,
)
from recovery.models import USUAL_PRICES, Part
from recovery.money import is_exact, places

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
PRICES = {part: Decimal(price) for part, price in USUAL_PRICES.items()}


def said(hours: float, *, seq: int = 1, ticket: int = 1, channel: str = "chat", **more: object) -> Happening:
    return Happening(ticket, seq, MONDAY + timedelta(hours=hours), What.ASKED, channel=channel, **more)  # type: ignore[arg-type]


def did(what: What, hours: float, *, seq: int = 1, ticket: int = 1) -> Happening:
    return Happening(ticket, seq, MONDAY + timedelta(hours=hours), what)


def parts(
    *happenings: Happening, lates: list[Late] | None = None, marks: list[Mark] | None = None
) -> dict[str, HasslePart]:
    found = hassle_parts(happenings, lates or [], marks or [], prices=PRICES, currency="EUR")
    return {part.part: part for part in found}


def test_every_part_of_the_settings_is_counted_in_its_order() -> None:
    assert list(PARTS) == Part.values


def test_a_conversation_is_no_hassle() -> None:
    assert parts(said(0), did(What.ANSWERED, 0.1, seq=2), said(0.2, seq=3), did(What.ANSWERED, 3, seq=4)) == {}


@pytest.mark.parametrize(("after", "counts"), [(3.9, False), (4, True), (24 * 7, True), (24 * 7 + 0.1, False)])
def test_whoever_writes_again_within_seven_days_had_to(after: float, counts: bool) -> None:
    found = parts(said(0), did(What.ANSWERED, 1, seq=2), said(1 + after, seq=3))
    assert ("repeat_contact" in found) is counts


def test_they_had_to_write_again_because_nobody_answered() -> None:
    found = parts(said(0), said(5, seq=2), said(30, seq=3))
    assert found["repeat_contact"].count == 2
    assert [one.seq for one in found["repeat_contact"].evidence] == [2, 3]


def test_what_we_had_asked_for_is_no_repeat_contact() -> None:
    assert parts(said(0), did(What.ANSWERED, 1, seq=2), said(30, seq=3, was_asked=True)) == {}


def test_a_message_that_reopens_counts_once() -> None:
    found = parts(said(0), did(What.ANSWERED, 1, seq=2), did(What.CAME_BACK, 30, seq=4), said(30, seq=5))
    assert set(found) == {"reopened"}
    assert found["reopened"].amount == 5


def test_each_further_channel_counts_once() -> None:
    found = parts(
        said(0), said(1, seq=2, ticket=2, channel="email"), said(2, seq=2), said(3, seq=3, ticket=2, channel="email")
    )
    assert found["channel_change"].count == 1
    assert found["channel_change"].evidence[0].ticket == 2


def test_waiting_counts_open_hours_in_full_quarters() -> None:
    shop = Calendar(time_zone="UTC", hours={"0": [["08:00", "12:00"]], "1": [["08:00", "12:00"]]})
    late = Late(1, 1, MONDAY, MONDAY + timedelta(days=1, minutes=20), shop)  # 3 h on Monday, 1 h 20 min on Tuesday
    found = parts(lates=[late])["waiting"]
    assert (found.count, found.amount) == (Decimal("4.25"), Decimal("17.00"))


def test_less_than_a_quarter_is_nothing() -> None:
    assert parts(lates=[Late(1, 1, MONDAY, MONDAY + timedelta(minutes=14, seconds=59))]) == {}


def test_one_stretch_counts_a_working_day_at_most() -> None:
    assert parts(lates=[Late(1, 1, MONDAY, MONDAY + timedelta(days=9))])["waiting"].count == MOST_HOURS


def test_time_that_two_promises_were_late_is_counted_once() -> None:
    hour = timedelta(hours=1)
    lates = [Late(1, 1, MONDAY, MONDAY + 2 * hour), Late(1, 2, MONDAY + hour, MONDAY + 3 * hour)]
    found = parts(lates=lates)["waiting"]
    assert found.count == 3
    assert [one.count for one in found.evidence] == [2, 1]


def test_marks_are_counted_as_they_were_made() -> None:
    marks = [Mark(1, 3, MONDAY, "trip", "I drove forty minutes", 7), Mark(1, 3, MONDAY, "asked_twice", "", 7)]
    found = parts(marks=marks)
    assert found["trip"].amount == 15
    assert found["trip"].evidence[0].anchor == "entry-3"


def test_a_foreign_amount_is_exact_in_its_own_coins() -> None:
    (part,) = hassle_parts([did(What.PASSED_ON, 1)], [], [], prices=PRICES, currency="JPY", rate=Decimal("0.0061"))
    assert part.amount == Decimal(328)  # 2 ÷ 0.0061 = 327.87, and there is no hundredth of a yen
    assert part.price == 2


# --- Whatever happened -----------------------------------------------------------------------
moments = st.integers(0, 60 * 24 * 30).map(lambda minutes: MONDAY + timedelta(minutes=minutes))
happenings = st.lists(
    st.builds(
        Happening,
        ticket=st.integers(1, 3),
        seq=st.integers(1, 60),
        at=moments,
        what=st.sampled_from(What),
        channel=st.sampled_from(["chat", "email", "phone"]),
        was_asked=st.booleans(),
    ),
    max_size=25,
    unique_by=lambda one: (one.ticket, one.seq),
)
calendars = st.sampled_from(
    [None, Calendar(time_zone="UTC", hours={str(day): [["09:00", "17:30"]] for day in range(5)})]
)
late_list = st.lists(
    st.builds(Late, ticket=st.just(1), seq=st.integers(1, 60), start=moments, end=moments, calendar=calendars),
    max_size=8,
    unique_by=lambda one: one.seq,
)
marks = st.lists(
    st.builds(
        Mark, ticket=st.just(1), seq=st.integers(1, 60), at=moments, part=st.sampled_from(["trip", "asked_twice"])
    ),
    max_size=6,
    unique_by=lambda one: (one.seq, one.part),
)
prices = st.fixed_dictionaries({part: st.decimals(0, 500, places=2) for part in PARTS})
rates = st.decimals("0.0001", 1000, places=6)
currencies = st.sampled_from(["EUR", "JPY", "KWD", "USD"])


@given(happenings, late_list, marks, prices, rates, currencies, st.randoms())
def test_no_order_of_reading_changes_anything(log, lates, seen, worth, rate, currency, random) -> None:
    once = hassle_parts(log, lates, seen, prices=worth, currency=currency, rate=rate)
    for rows in (log, lates, seen):
        random.shuffle(rows)
    assert hassle_parts(log, lates, seen, prices=worth, currency=currency, rate=rate) == once


@given(happenings, late_list, marks, prices, rates, currencies)
def test_nothing_is_negative_and_all_of_it_can_be_seen(log, lates, seen, worth, rate, currency) -> None:
    for part in hassle_parts(log, lates, seen, prices=worth, currency=currency, rate=rate):
        assert part.count > 0
        assert part.amount >= 0
        assert is_exact(part.amount, currency)
        assert part.count == sum(one.count for one in part.evidence)
        half_a_coin = Decimal(1).scaleb(-places(currency)) / 2
        assert abs(part.amount - part.count * part.price / rate) <= half_a_coin


@given(happenings, late_list, marks, prices)
def test_no_entry_is_counted_twice_in_one_part(log, lates, seen, worth) -> None:
    for part in hassle_parts(log, lates, seen, prices=worth, currency="EUR"):
        entries = [(one.ticket, one.seq) for one in part.evidence]
        assert len(entries) == len(set(entries))


@given(late_list)
def test_waiting_is_never_longer_than_the_time_that_passed(lates) -> None:
    found = hassle_parts([], lates, [], prices=PRICES, currency="EUR")
    covered = [late for late in lates if late.end > late.start]
    if covered:
        span = max(late.end for late in covered) - min(late.start for late in covered)
        assert sum(part.count for part in found) <= quarters(span) + Decimal("0.25")


# --- What does not count ---------------------------------------------------------------------
def test_what_was_dismissed_is_shown_and_counts_nothing() -> None:
    log = [did(What.PASSED_ON, 1, seq=2), did(What.PASSED_ON, 2, seq=3)]
    (part,) = hassle_parts(log, [], [], prices=PRICES, currency="EUR", dismissed={(1, 2, "transfer"): "our own desk"})
    assert (part.count, part.amount) == (1, 2)
    assert [one.dismissed for one in part.evidence] == ["our own desk", None]


def test_what_was_dismissed_of_one_part_still_counts_as_another() -> None:
    log = [said(0), did(What.ANSWERED, 1, seq=2), said(30, seq=3, channel="email")]
    found = hassle_parts(log, [], [], prices=PRICES, currency="EUR", dismissed={(1, 3, "repeat_contact"): "thanks"})
    assert {part.part: part.count for part in found} == {"repeat_contact": 0, "channel_change": 1}


def test_waiting_that_was_dismissed_hides_no_other_waiting() -> None:
    hour = timedelta(hours=1)
    lates = [Late(1, 1, MONDAY, MONDAY + 2 * hour), Late(1, 2, MONDAY + hour, MONDAY + 3 * hour)]
    (part,) = hassle_parts([], lates, [], prices=PRICES, currency="EUR", dismissed={(1, 1, "waiting"): "on holiday"})
    assert part.count == 2
    assert [(one.seq, one.count, one.dismissed) for one in part.evidence] == [(1, 2, "on holiday"), (2, 2, None)]
