"""What must be true of mails that left while their senders died: pure functions over what was written down.

The promises are E1 to E3 and E5 of reliability: each row ends visibly, none leaves twice, none after its guard.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

PROMISES = {
    "ended": "each row is sent, cancelled, failed or visibly unknown",
    "once": "nobody gets a mail twice",
    "honest": "what is called sent was taken, what is called cancelled or failed was not",
    "guarded": "nothing leaves after its guard forbade it",
    "doubtful": "at most one unknown for each sender that was killed while it sent",
    "due": "nothing that is due is left lying",
}
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
    return found + _unexplained(letters, kills)


def _of_letter(letter: Letter, times: int) -> list[tuple[str, str]]:
    found, name = [], f"{letter.kind} {letter.message_id}"
    if letter.state not in ENDS:
        found.append(("ended", f"{name} is {letter.state}"))
    if times > 1:
        found.append(("once", f"{name} was taken {times} times"))
    if (letter.state == "sent" and not times) or (letter.state in ("cancelled", "failed") and times):
        found.append(("honest", f"{name} is {letter.state} and was taken {times} times"))
    late = [number for number in letter.began_at if _is_forbidden(letter, number)]
    return found + [("guarded", f"{name} left in attempt {number}, forbidden before its claim") for number in late]


def _is_forbidden(letter: Letter, attempt: int) -> bool:
    """Whether the guard was false already when the mail was claimed: it is asked after that."""
    claimed = letter.claimed_at.get(attempt)
    return letter.forbidden_at is not None and claimed is not None and letter.forbidden_at < claimed


def _unexplained(letters: list[Letter], kills: list[Kill]) -> list[tuple[str, str]]:
    """The unknown ones that no kill of their own explains, each kill explaining one."""
    free = sorted(kills, key=lambda kill: kill.at)
    found = []
    for letter in sorted((one for one in letters if one.state == "unknown"), key=_last_began):
        began = _last_began(letter)
        kill = next((kill for kill in free if 0 <= kill.at - began <= WINDOW_SECONDS), None)
        if kill is None:
            found.append(("doubtful", f"{letter.kind} {letter.message_id} is unknown and nobody was killed over it"))
        else:
            free.remove(kill)
    return found


def _last_began(letter: Letter) -> float:
    return max(letter.began_at.values(), default=0.0)
