"""What reports count of a conversation: from its log of events to its facts. Pure.

A fact follows from what the log says and from nothing else; the rules of waiting are those of the tickets themselves
(`waiting_since`), so that an answer's length is the wait that agents have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from reports.measures import Kind
from tickets.models import Channel

# id, seq, type, at, by_user, by_customer, is_public, data (None where it says nothing)
Entry = tuple[int, int, str, datetime, int | None, int | None, bool, dict[str, Any] | None]
Log = Sequence[Entry]  # of one ticket, in order
Moments = dict[int, datetime]
Length = Callable[[datetime, datetime], timedelta]  # how long it was open between two moments
MOST_SECONDS, MOST_NUMBER = 2**31 - 1, 2**15 - 1


class Counted(NamedTuple):
    """A fact, as `reports.models.Fact` keeps it."""

    kind: int
    seq: int
    at: datetime
    seconds: int | None = None
    open_seconds: int | None = None
    number: int | None = None
    is_undone: bool = False


def facts_of(ticket: int, logs: Mapping[int, Log], open_between: Length) -> list[Counted]:
    """All facts of a ticket, in the order of its log. `logs` holds its own, and those of the tickets that were merged
    into it (`taken_in`), by their numbers."""
    return [_counted(found, open_between) for found in History(ticket, logs).found]


def taken_in(logs: Mapping[int, Log]) -> set[int]:
    """The numbers of the tickets that went into these, and whose logs are not among them."""
    merged = (data for log in logs.values() for _, _, type_, *_, data in log if type_ == "ticket.merged" and data)
    return {data["taken"] for data in merged if "taken" in data} - logs.keys()


class _Found:
    """A fact in the making: `since` when its length runs, if it has one."""

    __slots__ = ("at", "is_undone", "kind", "number", "seq", "since")

    def __init__(self, kind: Kind, seq: int, at: datetime, since: datetime | None, number: int | None) -> None:
        self.kind, self.seq, self.at, self.since, self.number = kind, seq, at, since, number
        self.is_undone = False


class History:
    """A ticket as its log tells it, up to and without the event `until`."""

    def __init__(self, number: int, logs: Mapping[int, Log], until: int | None = None) -> None:
        self.found: list[_Found] = []
        self.solved: _Found | None = None  # how it was solved, while it is
        self.is_answered = False  # by us, after the customer's first words
        # Since when, by the ticket where it began: this one, and those that were merged into it.
        self.began: Moments = {}
        self._first: Moments = {}  # the customer's first words
        self._waits: Moments = {}  # the customer waits for us
        self._left: Moments = {}  # `_waits`, when it was merged
        self._answers = 0
        self._teams: list[tuple[str | None, _Found | None]] = []  # the team before each change, and what it counts as
        self._channel = ""
        self._number, self._logs = number, logs
        for entry in _as_it_stands(logs[number], until):
            _MEANINGS[entry[2]](self, entry)

    @property
    def waiting_since(self) -> datetime | None:
        return min(self._waits.values(), default=None)

    # --- What events mean ---

    def _opened(self, entry: Entry) -> None:
        """What was split off began with the words that it is about, which were said elsewhere, if they wait."""
        _, seq, _, at, _, _, _, data = entry
        self._find(Kind.OPENED, seq, at)
        self.began[self._number] = at
        self._channel = data.get("channel", "") if data else ""
        if data and data.get("waits_since"):
            since = datetime.fromisoformat(data["waits_since"])
            self.began[self._number] = self._first[self._number] = self._waits[self._number] = since

    def _posted(self, entry: Entry) -> None:
        """The customer's words begin, our people's answer ends. A note is neither, and what the system says; a
        stranger's words that call us begin a wait, too, and nobody waits for an answer to what was there before us."""
        _, seq, _, at, by_user, by_customer, is_public, data = entry
        if data and data.get("imported"):
            return
        if not is_public:
            if data and data.get("calls"):
                self._waits.setdefault(self._number, at)
        elif by_customer is not None:
            self._waits.setdefault(self._number, at)
            self._first.setdefault(self._number, at)
        elif by_user is not None:
            self._answer(seq, at)

    def _answer(self, seq: int, at: datetime) -> None:
        if self._first and not self.is_answered:
            self.is_answered = True
            self._find(Kind.FIRST_ANSWER, seq, at, since=min(self._first.values()))
        if self._waits:
            self._answers += 1
            self._find(Kind.ANSWER, seq, at, since=min(self._waits.values()))
            self._waits.clear()

    def _resolved(self, entry: Entry) -> None:
        _, seq, _, at, _, _, _, _ = entry
        self._waits.clear()
        began = min(self.began.values(), default=None)
        self.solved = self._find(Kind.SOLVED, seq, at, since=began, number=self._answers)

    def _reopened(self, entry: Entry) -> None:
        _, seq, _, at, _, _, _, _ = entry
        self._open_again(seq, at)

    def _open_again(self, seq: int, at: datetime) -> None:
        if self.solved is not None:
            self.solved.is_undone = True
            self.solved = None
        self._find(Kind.REOPENED, seq, at)

    def _merged(self, entry: Entry) -> None:
        """Whoever waits there goes on waiting on the one that goes on."""
        pk, seq, _, at, _, _, _, data = entry
        if data and "into" in data:
            self._left, self._waits = self._waits, {}
        elif data and data.get("taken") in self._logs:
            self._take_over(data["taken"], History(data["taken"], self._logs, until=pk), seq, at)

    def _take_over(self, number: int, gone: History, seq: int, at: datetime) -> None:
        """What was solved there is an old story: it only stands on the same page from now on."""
        if gone.solved is None and gone.began:
            self.began[number] = min(gone.began.values())
        if not gone._left:
            return
        if self.solved is not None:  # a solved ticket waits for nobody, so it opens
            self._open_again(seq, at)
        self._waits[number] = min(gone._left.values())
        if not gone.is_answered and gone._first:
            self._first[number] = min(gone._first.values())
        elif gone.is_answered and not self._first:
            self.is_answered = True  # the customer's first words were those there

    def _unmerged(self, entry: Entry) -> None:
        """Both as before; where we answered meanwhile, nobody waits any more."""
        data = entry[7]
        if data and "from" in data:
            self._waits = self._left
        elif data and "given_back" in data:
            for since in (self.began, self._first, self._waits):
                since.pop(data["given_back"], None)

    def _handed_over(self, entry: Entry) -> None:
        """In a chat that goes to a team, its customer waits from then on, whoever spoke last."""
        _, _, _, at, _, _, _, data = entry
        if data and data["user"]["to"] is None and self._channel == Channel.CHAT:
            self._waits.setdefault(self._number, at)
        self._moved(entry)

    def _moved(self, entry: Entry) -> None:
        """From one team to another; not from nobody's hands, or into them."""
        _, seq, _, at, _, _, _, data = entry
        team = data["team"] if data else {}
        before, after = team.get("from"), team.get("to")
        if before == after:
            return
        if data and data.get("undo"):
            self._move_back(after)
            return
        is_handed_on = before is not None and after is not None
        self._teams.append((before, self._find(Kind.HANDED_ON, seq, at) if is_handed_on else None))

    def _move_back(self, team: str | None) -> None:
        """Undone: as if it had not left this team."""
        if all(before != team for before, _ in self._teams):
            return
        while True:
            before, handed_on = self._teams.pop()
            if handed_on is not None:
                self.found.remove(handed_on)
            if before == team:
                return

    def _rated(self, entry: Entry) -> None:
        """The newest word counts."""
        _, seq, _, at, _, _, _, data = entry
        self.found = [found for found in self.found if found.kind != Kind.RATED]
        self._find(Kind.RATED, seq, at, number=data["score"] if data else None)

    def _find(
        self, kind: Kind, seq: int, at: datetime, *, since: datetime | None = None, number: int | None = None
    ) -> _Found:
        found = _Found(kind, seq, at, since, number)
        self.found.append(found)
        return found


_MEANINGS: dict[str, Callable[[History, Entry], None]] = {
    "message.posted": History._posted,
    "rating.given": History._rated,
    "ticket.assigned": History._moved,
    "ticket.handed_over": History._handed_over,
    "ticket.merged": History._merged,
    "ticket.opened": History._opened,
    "ticket.reopened": History._reopened,
    "ticket.resolved": History._resolved,
    "ticket.unmerged": History._unmerged,
}
TYPES = tuple(_MEANINGS)


def _as_it_stands(log: Log, until: int | None) -> Log:
    """Up to and without the event `until`; and without what was solved by mistake and taken back a moment later, as if
    it had never been."""
    if until is not None:
        log = [entry for entry in log if entry[0] < until]
    if not any(_is_undone_solving(entry) for entry in log):
        return log
    left: list[Entry] = []
    for entry in log:
        if not _is_undone_solving(entry):
            left.append(entry)
            continue
        place = max((place for place, one in enumerate(left) if one[2] == "ticket.resolved"), default=None)
        if place is not None:
            del left[place]
    return left


def _is_undone_solving(entry: Entry) -> bool:
    data = entry[7]
    return entry[2] == "ticket.reopened" and data is not None and "undo" in data


def _counted(found: _Found, open_between: Length) -> Counted:
    seconds = open_seconds = None
    if found.since is not None:
        seconds = _seconds(found.at - found.since)
        open_seconds = _seconds(open_between(found.since, found.at))
    number = None if found.number is None else min(found.number, MOST_NUMBER)
    return Counted(found.kind, found.seq, found.at, seconds, open_seconds, number, found.is_undone)


def _seconds(length: timedelta) -> int:
    """Whole ones; none where the clock was set back."""
    return min(max(length.days * 86400 + length.seconds, 0), MOST_SECONDS)
