"""The promises C1 to C10 (docs/reliability.md), each held against what people saw and what Postgres holds."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.chaos.history import History, Struck
from tests.chaos.people import Poller, Screen
from tests.chaos.truth import Row, Ticket, Truth

if TYPE_CHECKING:
    from tests.chaos.audit import Auditor
    from tests.chaos.desk import ChaosDesk
    from tests.chaos.nemesis import Nemesis

WITHOUT_REDIS_SECONDS = 12.0
READER_GROWTH = 50 * 1024 * 1024  # bytes that clients which take nothing may cost
BESIDE_READER_SECONDS = 3.0  # p95 of everybody else beside them
AFTERMATH_SECONDS = 15.0  # so long after a fault a delay may still be its doing
MARK = re.compile(r"\[([a-z0-9]+-\d{5})\]")
CANARY = "NOTE-CANARY"


@dataclass(frozen=True)
class Violation:
    """A promise that was broken, and what helps to find out how."""

    promise: str
    what: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passed:
    """Somebody who asked once, left an address and went."""

    ref: str
    client_id: str
    at: float


@dataclass
class Record:
    """All that is known of a run."""

    history: History
    people: dict[str, Screen]
    teams: dict[str, str]
    passed: list[Passed]
    auditor: Auditor
    desk: ChaosDesk
    nemesis: Nemesis
    truth: Truth
    troubles: list[str] = field(default_factory=list)  # what somebody could not do at all

    def may_see(self, screen: Screen) -> dict[str, list[Row]]:
        """What this screen must show, by conversation: worked out here, not asked of the product."""
        if screen.is_agent:
            team = "Shop" if screen.name == "charlie" else "Workshop"
            return {ref: ticket.rows for ref, ticket in self.truth.tickets.items() if ticket.team == team}
        customer = self.truth.customer_of(screen.hello["token"])
        mine = {ref: ticket for ref, ticket in self.truth.tickets.items() if ticket.customer == customer}
        return {ref: ticket.for_customer() for ref, ticket in mine.items()}


def check(record: Record) -> list[Violation]:
    checks = (stored_once, without_gaps, shown_exactly, in_order, only_the_entitled, marks, not_before_commit)
    found = [violation for one in (*checks, without_redis, beside_readers, mailed_once) for violation in one(record)]
    return sorted(found, key=lambda violation: int(violation.promise[1:]))


# --- C1 ---


def stored_once(record: Record) -> Iterator[Violation]:
    stored = record.truth.stored
    for screen in record.people.values():
        for client_id in screen.invoked_at:
            places, lines = stored.get(client_id, []), record.history.about(client_id)
            if len(places) > 1:
                yield Violation("C1", f"{client_id} is stored {len(places)} times, on {places}", tuple(lines))
            if client_id in screen.stored_at and not places:
                at = screen.stored_at[client_id]
                near = record.history.around(at)
                yield Violation("C1", f"{client_id} was acknowledged at {at:.1f} and is lost", (*lines, *near))
            elif client_id in screen.stored_at and screen.stored_as[client_id] not in places:
                told = screen.stored_as[client_id]
                yield Violation("C1", f"{client_id} was acknowledged as {told} and is {places}", tuple(lines))
    for passed in record.passed:
        if len(stored.get(passed.client_id, [])) != 1:
            yield Violation("C1", f"{passed.client_id} is stored {len(stored.get(passed.client_id, []))} times")


# --- C2 ---


def without_gaps(record: Record) -> Iterator[Violation]:
    for ref, ticket in record.truth.tickets.items():
        seqs = [row.seq for row in ticket.rows]
        if seqs != list(range(1, ticket.last_seq + 1)):
            yield Violation("C2", f"{ref} ends at {ticket.last_seq} and has {summary(seqs)}")
        before, last = None, 0
        for row in ticket.rows:
            if row.public_prev != last:
                yield Violation("C2", f"{ref}/{row.seq} follows {row.public_prev}, the public event before is {last}")
                break
            last = row.seq if row.is_public else last
            if before is not None and row.committed < before:
                yield Violation(
                    "C2", f"{ref}/{row.seq} was committed before the seq below it: {row.committed} < {before}"
                )
                break
            before = row.committed
        if last != ticket.public_last_seq:
            yield Violation("C2", f"{ref} says that its last public event is {ticket.public_last_seq}; it is {last}")
    for gap in record.auditor.gaps[:20]:
        yield Violation("C2", f"somebody who looked saw a gap: {gap}")


# --- C3 ---


def shown_exactly(record: Record) -> Iterator[Violation]:
    for screen in record.people.values():
        expected = record.may_see(screen)
        for ref, rows in expected.items():
            if screen.is_agent and ref not in screen.follows:
                continue  # not on this screen
            have = [(event.seq, event.type, event.kind, event.body) for event in screen.screen.get(ref, [])]
            must = [row.what for row in rows]
            if have != must:
                yield Violation(
                    "C3", f"{screen.name} on {ref}: {difference(have, must)}", tuple(_trail(record, screen, ref, rows))
                )


def _trail(record: Record, screen: Screen, ref: str, rows: list[Row]) -> list[str]:
    """When the first missing event was stored, and what this screen did around then."""
    shown = {event.seq for event in screen.screen.get(ref, [])}
    missing = next((row for row in rows if row.seq not in shown), None)
    if missing is None:
        return []
    lines = record.history.about(missing.client_id) if missing.client_id else []
    spans = [f"online {start:.1f} to {end:.1f}" for start, end in screen.spans[-4:]]
    return [f"missing first: seq {missing.seq} {missing.type} {missing.client_id or ''}", *lines, *spans]


def difference(have: list[Any], must: list[Any]) -> str:
    """In words, how what is shown differs from what must be."""
    seqs = [one[0] for one in have]
    doubled = [seq for seq, count in Counter(seqs).items() if count > 1]
    missing = sorted({one[0] for one in must} - set(seqs))
    extra = sorted(set(seqs) - {one[0] for one in must})
    parts = [
        f"{name} {summary(found)}"
        for name, found in [("lacks", missing), ("shows twice", doubled), ("shows besides", extra)]
        if found
    ]
    if seqs != sorted(seqs):
        parts.append("out of order")
    wrong = [one[0] for one, other in zip(have, must, strict=False) if one[0] == other[0] and one != other]
    if wrong:
        parts.append(f"shows other words at {summary(wrong)}")
    return ", ".join(parts) or "differs"


def summary(seqs: Iterable[int]) -> str:
    """1-7, 9: runs of numbers, the first few."""
    runs: list[list[int]] = []
    for seq in seqs:
        if runs and seq == runs[-1][1] + 1:
            runs[-1][1] = seq
        else:
            runs.append([seq, seq])
    words = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return ", ".join(words[:6]) + (f" and {len(words) - 6} more runs" if len(words) > 6 else "")


# --- C4 ---


def in_order(record: Record) -> Iterator[Violation]:
    for screen in record.people.values():
        for ref, said in screen.said.items():
            ticket = record.truth.tickets.get(ref)
            if ticket is None:
                continue
            wanted = set(said)
            stored = [row.client_id for row in ticket.rows if row.client_id in wanted]
            there = set(stored)
            once = list(dict.fromkeys(stored))
            if once != [client_id for client_id in said if client_id in there]:
                wrong = next(
                    pair for pair in zip(once, [c for c in said if c in there], strict=False) if pair[0] != pair[1]
                )
                lines = record.history.about(*wrong)
                yield Violation("C4", f"{screen.name} on {ref} said {wrong[1]} where {wrong[0]} stands", tuple(lines))


# --- C5 ---


def only_the_entitled(record: Record) -> Iterator[Violation]:
    for screen in record.people.values():
        allowed = {(ref, row.seq) for ref, rows in record.may_see(screen).items() for row in rows}
        for ref, seq, client_id in sorted(screen.heard, key=str):
            if (ref, seq) not in allowed:
                yield Violation("C5", f"{screen.name} was sent {ref}/{seq} ({client_id}), which is not theirs")
        if not screen.is_agent:
            for note in screen.notes_heard:
                yield Violation("C5", f"{screen.name}, a customer, was sent the note {note.body}")
    for client_id, places in record.truth.stored.items():
        if client_id.startswith("trespass"):
            yield Violation("C5", f"{client_id} was stored on {places}, where its author has no right")
    by_number = {ticket.number: ticket for ticket in record.truth.tickets.values()}
    for letter in record.truth.letters:
        if CANARY in letter.text:
            yield Violation("C5", f"a note is in the mail {letter.message_id}")
        foreign = set(MARK.findall(letter.text)) - {row.client_id for row in by_number[letter.ticket].rows}
        if foreign:
            yield Violation("C5", f"the mail {letter.message_id} has words of another conversation: {sorted(foreign)}")


# --- C6 ---


def marks(record: Record) -> Iterator[Violation]:
    for fallen in record.auditor.fallen[:20]:
        yield Violation("C6", f"a read mark moved back or past the end: {fallen}")


# --- C7 ---


def not_before_commit(record: Record) -> Iterator[Violation]:
    for client_id in record.auditor.too_early:
        lines = record.history.about(client_id)
        yield Violation("C7", f"{client_id} was acknowledged before it was in the database", tuple(lines))
    for trouble in record.troubles:
        yield Violation("C7", f"somebody could not do what they wanted: {trouble}")
    for screen in record.people.values():
        for client_id in screen.outbox:
            lines = record.history.about(client_id)
            yield Violation(
                "C7", f"{client_id} of {screen.name} was never acknowledged, long after the last fault", tuple(lines)
            )
        for error in screen.errors:
            is_asked_for = str(error.get("client_id") or "trespass").startswith("trespass")
            if not (is_asked_for and error["code"] in ("not_found", "rate_limited")):
                yield Violation("C7", f"{screen.name} was refused: {error}")


# --- C8 ---


@dataclass(frozen=True)
class Delay:
    """How long a screen that was online waited for a stored event. `kinds`: the faults that may have to do with it."""

    seconds: float
    screen: str
    ref: str
    seq: int
    client_id: str
    stored_at: float
    kinds: frozenset[str]

    @property
    def is_disturbed(self) -> bool:
        """Whether something else than a missing bell may have held it up."""
        return any(kind.startswith(("web", "postgres", "line")) for kind in self.kinds)


def delays(record: Record) -> list[Delay]:
    """Of every event with words and every socket that was online when it was stored and until it was shown."""
    stored_at = {client_id: at for screen in record.people.values() for client_id, at in screen.stored_at.items()}
    sockets = [screen for screen in record.people.values() if not isinstance(screen, Poller)]
    shown: dict[tuple[str, int], list[tuple[Screen, float]]] = defaultdict(list)
    for screen in record.people.values():
        for place, at in screen.shown_at.items():
            shown[place].append((screen, at))
    found = []
    for ref, ticket in record.truth.tickets.items():
        for row in ticket.rows:
            if not row.client_id:
                continue
            places = shown.get((ref, row.seq), [])
            known = min([stored_at.get(row.client_id, float("inf")), *(at for _, at in places)])
            for screen, at in places:
                if screen in sockets and any(start <= known and at <= end for start, end in screen.spans):
                    kinds = frozenset(_kinds(record.history.faults, screen.name, known, at))
                    found.append(Delay(at - known, screen.name, ref, row.seq, row.client_id, known, kinds))
    return found


def _kinds(faults: list[Struck], name: str, start: float, end: float) -> Iterator[str]:
    for fault in faults:
        if fault.overlaps(start - AFTERMATH_SECONDS, end) and not (
            fault.kind.startswith("line") and name not in fault.who
        ):
            yield fault.kind


def without_redis(record: Record) -> Iterator[Violation]:
    """Whatever Redis does, who is online waits for the next heartbeat at most."""
    for delay in delays(record):
        if not delay.is_disturbed and delay.seconds > WITHOUT_REDIS_SECONDS:
            what = f"{delay.screen} waited {delay.seconds:.1f} s for {delay.ref}/{delay.seq} ({delay.client_id})"
            near = record.history.around(delay.stored_at)
            yield Violation("C8", what, (*record.history.about(delay.client_id), *near))


# --- C9 ---


def beside_readers(record: Record) -> Iterator[Violation]:
    for grown in record.nemesis.memory_grew:
        if grown > READER_GROWTH:
            yield Violation("C9", f"a web process grew by {grown / 2**20:.0f} MiB for clients that take nothing")
    found = delays(record)
    beside = sorted(delay.seconds for delay in found if delay.kinds == {"reader: never reads"})
    late = percentile(beside, 0.95)
    usual = percentile(sorted(delay.seconds for delay in found if not delay.kinds), 0.95)
    if late > max(BESIDE_READER_SECONDS, 3 * usual):
        yield Violation("C9", f"beside clients that take nothing everybody else waits {late:.1f} s (p95)")


def percentile(ordered: list[float], part: float) -> float:
    """0 of nothing."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


# --- C10 ---


def mailed_once(record: Record) -> Iterator[Violation]:
    """Each answer is in at most one mail; for those who asked and went, in exactly one."""
    mailed: dict[int, Counter[str]] = defaultdict(Counter)
    for letter in record.truth.letters:
        mailed[letter.ticket].update(MARK.findall(letter.text))
    for ticket in record.truth.tickets.values():
        for client_id, count in mailed[ticket.number].items():
            if count > 1:
                yield Violation("C10", f"{client_id} on {ticket.reference} is in {count} mails")
    for passed in record.passed:
        theirs = record.truth.tickets.get(passed.ref)
        for row in answers(theirs) if theirs else []:
            if theirs and not mailed[theirs.number][row.client_id or ""]:
                near = record.history.around(passed.at, 30)
                lines = record.history.about(row.client_id or "-")
                yield Violation(
                    "C10", f"{row.client_id} on {theirs.reference} was never mailed to who had gone", (*lines, *near)
                )
    for message_id, count in record.desk.letters.taken.items():
        kills = sum(fault.kind.startswith(("worker", "postgres")) for fault in record.history.faults)
        if count > 1 + kills:
            yield Violation("C10", f"the mail {message_id} left {count} times, with {kills} faults that may explain it")


def answers(ticket: Ticket) -> list[Row]:
    return [row for row in ticket.rows if row.by_user and row.kind == "reply"]
