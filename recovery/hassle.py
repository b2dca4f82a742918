"""What it took the customer, beside the loss itself: counted from what happened, part by part. Pure arithmetic.

The rules, exactly. Everything of one *matter* is read together: a ticket, those merged into it, those that it
continues or that continue it, and those linked as the same. `docs/recovery.md` says them to the people who use them.

- **repeat_contact**: the customer wrote again, from 4 hours to 7 days after the last word on the matter, theirs or
  ours. Not when we had asked them something (the ticket was pending), and not when it reopened the ticket, which is
  counted as that.
- **channel_change**: each channel that they wrote through beyond the first.
- **transfer**: the ticket was handed over, or assigned from one team to another; one that was undone never was.
- **reopened**: the ticket was taken up again after it was solved, or another one continues it.
- **waiting**: hours of opening time beyond what was promised, in full quarters of an hour. Stretches that overlap
  count once, and one stretch counts 8 hours at most: beyond a working day the delay is the failure, not its hassle.
- **asked_twice** and **trip**: as our people marked them on messages.

What one of us dismissed (it did not happen, or was no trouble) is still shown, with the reason, and counts nothing; nor
does a stretch of waiting that was dismissed hide another one beside it.

A repeat contact is within 7 days as in the field's "first contact resolution"; what each part is worth is a setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum

from accounts.models import Calendar
from recovery.money import exact
from tickets.sla import open_between

REPEAT_CONTACT, CHANNEL_CHANGE, TRANSFER = "repeat_contact", "channel_change", "transfer"
ASKED_TWICE, REOPENED, WAITING, TRIP = "asked_twice", "reopened", "waiting", "trip"
# The order in which they are told.
PARTS = (REPEAT_CONTACT, CHANNEL_CHANGE, TRANSFER, ASKED_TWICE, REOPENED, WAITING, TRIP)

SAME_CONTACT = timedelta(hours=4)  # a pause shorter than this is one conversation
REPEAT_WITHIN = timedelta(days=7)
Entry = tuple[int, int, str]  # of a timeline: the ticket, the event's place in it, and the part that was seen in it
MOST_HOURS = Decimal(8)  # of one stretch of waiting
QUARTER = timedelta(minutes=15)


class What(Enum):
    """What of all that happens on a ticket can be hassle, or says when it began."""

    ASKED = "asked"  # the customer said something
    ANSWERED = "answered"  # one of us said something to them
    PASSED_ON = "passed_on"
    CAME_BACK = "came_back"


@dataclass(frozen=True)
class Happening:
    """One line of the log of a matter, as far as it counts. (`ticket`, `seq`) names it."""

    ticket: int
    seq: int
    at: datetime
    what: What
    channel: str = ""
    words: str = ""
    was_asked: bool = False  # the customer answers what we had asked
    event_id: int | None = None
    message_id: int | None = None


@dataclass(frozen=True)
class Late:
    """A stretch of time by which the customer waited longer than promised, and whose opening hours count."""

    ticket: int
    seq: int
    start: datetime
    end: datetime
    calendar: Calendar | None = None
    words: str = ""
    event_id: int | None = None
    message_id: int | None = None


@dataclass(frozen=True)
class Mark:
    """What somebody of ours saw in a message: `part` is asked_twice or trip."""

    ticket: int
    seq: int
    at: datetime
    part: str
    words: str = ""
    message_id: int | None = None


@dataclass(frozen=True)
class Evidence:
    """Where it can be seen: an entry of a ticket's timeline. `count` is how much of the part it is."""

    ticket: int
    seq: int
    at: datetime
    count: Decimal = Decimal(1)
    words: str = ""
    event_id: int | None = None
    message_id: int | None = None
    dismissed: str | None = None  # why it does not count

    @property
    def anchor(self) -> str:
        """Of the entry, on the page of its own ticket."""
        return f"entry-{self.seq}"

    def anchor_on(self, ticket: int) -> str:
        """Of the entry, on the page of the ticket that it was merged into, or its own."""
        return self.anchor if ticket == self.ticket else f"entry-{self.ticket}-{self.seq}"


@dataclass(frozen=True)
class HasslePart:
    """A part of the hassle: how often or how long, at what price, and where it can be seen."""

    part: str
    count: Decimal  # times; of waiting, hours; without what was dismissed
    price: Decimal  # for one, in the company's currency
    amount: Decimal  # count × price, in the currency that was asked for
    evidence: tuple[Evidence, ...]


def hassle_parts(
    happenings: Iterable[Happening],
    lates: Iterable[Late],
    marks: Iterable[Mark],
    *,
    prices: Mapping[str, Decimal],
    currency: str,
    rate: Decimal = Decimal(1),
    dismissed: Mapping[Entry, str] | None = None,
) -> tuple[HasslePart, ...]:
    """The parts that there are, in the order of PARTS; what is read in which order makes no difference.

    `prices` are in the company's currency, of which one unit of `currency` is worth `rate`. Each amount is exact in
    the decimals of `currency`, so that the hassle is the sum of what is shown. `dismissed` says what does not count,
    and why.
    """
    not_counted = dismissed or {}
    log = sorted(happenings, key=lambda one: (one.at, one.ticket, one.seq))
    found: dict[str, list[Evidence]] = {
        REPEAT_CONTACT: [_seen(one) for one in _repeated(log)],
        CHANNEL_CHANGE: [_seen(one) for one in _changed_channel(log)],
        TRANSFER: [_seen(one) for one in log if one.what is What.PASSED_ON],
        REOPENED: [_seen(one) for one in log if one.what is What.CAME_BACK],
        WAITING: _waited(lates, not_counted),
        ASKED_TWICE: [],
        TRIP: [],
    }
    for mark in sorted(marks, key=lambda one: (one.at, one.ticket, one.seq, one.part)):
        found[mark.part].append(Evidence(mark.ticket, mark.seq, mark.at, words=mark.words, message_id=mark.message_id))
    told = {
        part: [replace(one, dismissed=not_counted.get((one.ticket, one.seq, part))) for one in evidence]
        for part, evidence in found.items()
    }
    return tuple(
        _priced(part, told[part], price=prices[part], currency=currency, rate=rate) for part in PARTS if told[part]
    )


def _priced(part: str, evidence: list[Evidence], *, price: Decimal, currency: str, rate: Decimal) -> HasslePart:
    count = sum((one.count for one in evidence if one.dismissed is None), Decimal(0))
    return HasslePart(part, count, price, exact(count * price / rate, currency), tuple(evidence))


def _repeated(log: list[Happening]) -> list[Happening]:
    """The words of the customer that begin another contact about what was not settled."""
    came_back = {(one.ticket, one.at) for one in log if one.what is What.CAME_BACK}
    found: list[Happening] = []
    last: datetime | None = None
    for one in log:
        if one.what is What.ASKED:
            is_another = last is not None and SAME_CONTACT <= one.at - last <= REPEAT_WITHIN
            if is_another and not one.was_asked and (one.ticket, one.at) not in came_back:
                found.append(one)
        if one.what in (What.ASKED, What.ANSWERED):
            last = one.at
    return found


def _changed_channel(log: list[Happening]) -> list[Happening]:
    """The first words through each channel but the first."""
    first: dict[str, Happening] = {}
    for one in log:
        if one.what is What.ASKED and one.channel:
            first.setdefault(one.channel, one)
    return list(first.values())[1:]


def _waited(lates: Iterable[Late], dismissed: Mapping[Entry, str]) -> list[Evidence]:
    """Each stretch with its hours; what was dismissed hides nothing of the others."""
    both: tuple[list[Late], list[Late]] = ([], [])
    for late in lates:
        both[(late.ticket, late.seq, WAITING) in dismissed].append(late)
    return sorted([*_stretches(both[0]), *_stretches(both[1])], key=lambda one: (one.at, one.ticket, one.seq))


def _stretches(lates: Iterable[Late]) -> list[Evidence]:
    """Each with its hours; where two overlap, the time belongs to the one that began first."""
    found: list[Evidence] = []
    reached: datetime | None = None
    for late in sorted(lates, key=lambda one: (one.start, one.end, one.ticket, one.seq)):
        start = late.start if reached is None else max(late.start, reached)
        if late.end <= start:
            continue
        reached = late.end
        hours = min(quarters(open_between(start, late.end, late.calendar)), MOST_HOURS)
        if hours:
            found.append(Evidence(late.ticket, late.seq, late.start, hours, late.words, late.event_id, late.message_id))
    return found


def quarters(length: timedelta) -> Decimal:
    """Hours in full quarters; what is less is nothing."""
    return Decimal(length // QUARTER) / 4


def _seen(one: Happening) -> Evidence:
    return Evidence(one.ticket, one.seq, one.at, words=one.words, event_id=one.event_id, message_id=one.message_id)
