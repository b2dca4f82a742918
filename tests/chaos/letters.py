"""What must be true of mails that left while their senders died: pure functions over what was written down.

The promises are E1 to E3 and E5 of reliability: each row ends visibly, none leaves twice, none after its guard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter

PROMISES = {
    "ended": "each row is sent, cancelled, failed or visibly unknown",
    "once": "nobody gets a mail twice, but an answer again whose sender was killed over it",
    "kept": "no answer of an agent is lost",
    "honest": "what is called sent was taken, what is called cancelled or failed was not",
    "guarded": "nothing leaves after its guard forbade it",
    "doubtful": "at most one unknown, or answer again, for each sender that was killed while it sent",
    "due": "nothing that is due is left lying",
}
AT_LEAST_ONCE = {"reply"}  # a person's own words: rather twice than never
ENDS = {"sent", "cancelled", "failed", "unknown"}
WINDOW_SECONDS = 5.0  # the slowest answer of the mail server, and then some


@dataclass(frozen=True)
class Kill:
    worker: int
    at: float


@dataclass
class Letter:
    """A mail as it was. Times are seconds of the database's clock; `forbidden_at` is the commit that made its guard
    false."""

    message_id: str
    kind: str
    state: str
    claimed_at: dict[int, float] = field(default_factory=dict)  # by the number of the attempt
    began_at: dict[int, float] = field(default_factory=dict)  # of attempts that handed over the text
    forbidden_at: float | None = None


def violations(
    letters: list[Letter], taken: Counter[str], kills: list[Kill], left_lying: list[str]
) -> list[tuple[str, str]]:
    """Each as (promise, what was seen). `taken` counts what the mail server took, by Message-ID."""
    known = {letter.message_id for letter in letters}
    found = [("honest", f"the server took {one}, which nobody promised") for one in taken if one not in known]
    for letter in letters:
        found += _of_letter(letter, taken[letter.message_id])
    found += [("due", what) for what in left_lying]
    return found + _unexplained(letters, taken, kills)


def _of_letter(letter: Letter, times: int) -> list[tuple[str, str]]:
    found, name = [], f"{letter.kind} {letter.message_id}"
    if letter.state not in ENDS:
        found.append(("ended", f"{name} is {letter.state}"))
    if times > 1 and letter.kind not in AT_LEAST_ONCE:
        found.append(("once", f"{name} was taken {times} times"))
    if letter.kind in AT_LEAST_ONCE and not times:
        found.append(("kept", f"{name} is {letter.state} and was never taken"))
    if (letter.state == "sent" and not times) or (letter.state in ("cancelled", "failed") and times):
        found.append(("honest", f"{name} is {letter.state} and was taken {times} times"))
    late = [number for number in letter.began_at if _is_forbidden(letter, number)]
    return found + [("guarded", f"{name} left in attempt {number}, forbidden before its claim") for number in late]


def _is_forbidden(letter: Letter, attempt: int) -> bool:
    """Whether the guard was false already when the mail was claimed: it is asked after that."""
    claimed = letter.claimed_at.get(attempt)
    return letter.forbidden_at is not None and claimed is not None and letter.forbidden_at < claimed


def _unexplained(letters: list[Letter], taken: Counter[str], kills: list[Kill]) -> list[tuple[str, str]]:
    """The unknown ones, and answers taken again, that no kill of their own explains, each kill explaining one."""
    free = sorted(kills, key=lambda kill: kill.at)
    found = []
    for attempts, letter in sorted(_doubts(letters, taken), key=itemgetter(0)):
        kill = next((kill for kill in free if any(0 <= kill.at - began <= WINDOW_SECONDS for began in attempts)), None)
        if kill is None:
            what = f"is {letter.state}, was taken {taken[letter.message_id]} times"
            found.append(("doubtful", f"{letter.kind} {letter.message_id} {what} and nobody was killed over it"))
        else:
            free.remove(kill)
    return found


def _doubts(letters: list[Letter], taken: Counter[str]) -> Iterator[tuple[list[float], Letter]]:
    """Each time that must have been cut off, as when the attempts began of which one was."""
    for letter in letters:
        began = sorted(letter.began_at.values()) or [0.0]
        if letter.state == "unknown":
            yield began[-1:], letter
        elif letter.kind in AT_LEAST_ONCE:
            for _ in range(taken[letter.message_id] - 1):
                yield began[:-1], letter
