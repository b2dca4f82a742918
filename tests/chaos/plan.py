"""What will happen in a run, all of it from one seed: who says what and when, and which fault strikes when."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

# How often each kind of fault comes among a hundred, and how many seconds it lasts.
Kind = tuple[int, float, float]
KINDS: dict[str, Kind] = {
    "web: kill one": (12, 0.3, 1.5),
    "web: kill all": (6, 0.3, 1.0),
    "web: rolling restart": (5, 0.0, 0.5),
    "web: freeze one": (4, 1.0, 5.0),
    "redis: kill": (6, 1.0, 4.0),
    "redis: dead for long": (4, 13.0, 17.0),
    "redis: flush": (5, 0.0, 0.0),
    "redis: hang": (6, 1.0, 14.0),
    "postgres: restart": (5, 0.0, 2.0),
    "postgres: stop at once": (4, 0.0, 2.0),
    "postgres: kill": (4, 0.0, 2.0),
    "line: cut": (7, 0.0, 0.0),
    "line: reset": (7, 0.0, 0.0),
    "line: dark": (7, 2.0, 9.0),
    "line: half open": (5, 0.0, 0.0),
    "line: slow": (6, 3.0, 8.0),
    "line: storm": (5, 0.0, 0.0),
    "reader: never reads": (4, 13.0, 15.0),
    "worker: kill": (4, 0.0, 1.0),
}
GAP = (3.0, 8.0)  # seconds between faults
OVERLAP = 0.3  # of the faults begin while the one before still lasts
FIRST_FAULT_AT = 3.0
AFTER_LAST = 4.0  # seconds of talk after the last fault
PER_SECOND = 10.0  # messages, if nobody says how many
FASTEST = 40.0  # messages a second; asked for more, the run is longer
PASSES_BY = 8.0  # seconds between visitors who ask once, leave an address and go


@dataclass(frozen=True)
class Fault:
    """`who` are the people whose lines it strikes, `which` the process, as a fraction of those there are."""

    number: int
    kind: str
    at: float
    seconds: float
    who: tuple[str, ...] = ()
    which: float = 0.0


@dataclass(frozen=True)
class Act:
    """Somebody does something. `where` chooses among the conversations there are then, as a fraction."""

    at: float
    who: str
    what: str  # say, note, open, pass by, reload, leave, trespass, look back, type
    where: float = 0.0
    amount: float = 0.0  # letters of a message, seconds of an absence


@dataclass(frozen=True)
class Cast:
    """Who takes part, by name."""

    guests: int = 8
    pollers: int = 2
    agents: tuple[str, ...] = ("alice", "bob", "lea")

    @property
    def customers(self) -> list[str]:
        guests = [f"guest {number}" for number in range(1, self.guests + 1)]
        return [*guests, "guest 1, second tab", *(f"poller {number}" for number in range(1, self.pollers + 1)), "dora"]

    @property
    def everybody(self) -> list[str]:
        return [*self.customers, *self.agents, "charlie"]


@dataclass(frozen=True)
class Plan:
    seed: int
    faults: list[Fault]
    acts: list[Act]

    @property
    def messages(self) -> int:
        return sum(act.what in ("say", "note", "open") for act in self.acts)

    @property
    def seconds(self) -> float:
        return max([fault.at for fault in self.faults] + [act.at for act in self.acts])

    @property
    def digest(self) -> str:
        """The same for the same plan: shows that a run is a replay."""
        return hashlib.sha256(repr((self.faults, self.acts)).encode()).hexdigest()[:12]


def make_plan(
    seed: int,
    *,
    faults: int,
    messages: int | None,
    cast: Cast,
    kinds: dict[str, Kind] | None = None,
    gap: tuple[float, float] = GAP,
) -> Plan:
    """The plan of this seed. `kinds` replaces the faults to choose from; `gap` are the seconds between two."""
    dice = random.Random(f"faults {seed}")
    struck = list(_faults(dice, faults, cast, kinds or KINDS, gap))
    ends = max((fault.at + fault.seconds for fault in struck), default=FIRST_FAULT_AT) + AFTER_LAST
    count = messages or round(ends * PER_SECOND)
    seconds = max(ends, count / FASTEST)
    acts = list(_acts(random.Random(f"acts {seed}"), seconds, count, cast))
    return Plan(seed, struck, sorted(acts, key=lambda act: act.at))


def _faults(
    dice: random.Random, count: int, cast: Cast, kinds: dict[str, Kind], gap: tuple[float, float]
) -> Iterator[Fault]:
    at = FIRST_FAULT_AT
    deck: list[str] = []
    for number in range(1, count + 1):
        deck = deck or _deck(dice, kinds, count)
        kind = deck.pop()
        _, shortest, longest = kinds[kind]
        seconds = round(dice.uniform(shortest, longest), 2)
        people = cast.everybody
        who = people if kind == "line: storm" else dice.sample(people, dice.randint(1, max(1, len(people) // 2)))
        yield Fault(number, kind, round(at, 2), seconds, tuple(who) if kind.startswith("line") else (), dice.random())
        lasts = seconds * dice.random() if dice.random() < OVERLAP else seconds
        at += lasts + dice.uniform(*gap)


def _deck(dice: random.Random, kinds: dict[str, Kind], count: int) -> list[str]:
    """Kinds in random order, each as often as it should come; in a short run each at most once."""
    enough = count >= sum(weight for weight, *_ in kinds.values())
    deck = [kind for kind, (weight, *_) in kinds.items() for _ in range(weight if enough else 1)]
    dice.shuffle(deck)
    return deck


def _acts(dice: random.Random, seconds: float, messages: int, cast: Cast) -> Iterator[Act]:
    for _ in range(messages):
        at, where = dice.uniform(0, seconds), dice.random()
        size = dice.choice([20, 60, 200]) if dice.random() < 0.98 else 6000
        if dice.random() < 0.62:
            who = dice.choice(cast.customers)
            yield Act(at, who, "open" if dice.random() < 0.01 else "say", where, size)
        else:
            who = dice.choice([*cast.agents, *cast.agents, "charlie"])
            yield Act(at, who, "note" if dice.random() < 0.2 else "say", where, size)
    for _ in range(int(seconds)):  # on average one of these a second
        who, at = dice.choice(cast.everybody), dice.uniform(0, seconds)
        what = dice.choices(["look back", "type", "trespass", "leave", "reload"], [4, 4, 3, 1, 0.3])[0]
        yield Act(at, who, what, dice.random(), dice.uniform(2, 12))
    for number in range(int(seconds // PASSES_BY)):
        yield Act(number * PASSES_BY + dice.random(), "passer-by", "pass by", dice.random())
