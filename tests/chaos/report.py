"""What a run found, for the screen and as JSON."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.check import Delay, Record, Violation, delays, percentile
from tests.chaos.history import Struck

if TYPE_CHECKING:
    from tests.chaos.run import Run

PROMISES = {
    "C1": "acknowledged is stored, exactly once",
    "C2": "seq runs without a gap, in the order of commits",
    "C3": "every screen shows exactly what it may see, each once, in order",
    "C4": "each sender's words in the order of sending",
    "C5": "nothing to anybody without the right",
    "C6": "read marks never move back",
    "C7": "acknowledged after COMMIT only, and everything in the end",
    "C8": "without Redis no later than 12 s",
    "C9": "who does not read harms nobody",
    "C10": "who has gone gets each answer by mail, once",
}
LIMITS = {"resume after the kill of one": 3.0, "resume after the kill of all": 10.0}  # seconds, p95
SHOWN = 5  # violations of a promise that are printed in full


@dataclass
class Report:
    seed: int
    plan: str
    seconds: float
    load: float
    operations: int
    messages: int
    acknowledged: int
    events_shown: int
    faults: dict[str, int]
    figures: dict[str, dict[str, float]]
    notes: dict[str, Any]
    violations: list[Violation] = field(default_factory=list)

    @property
    def by_promise(self) -> dict[str, int]:
        found = Counter(violation.promise for violation in self.violations)
        return {promise: found[promise] for promise in PROMISES}

    @property
    def missed(self) -> list[str]:
        """The limits that were not kept."""
        return [
            f"{name}: p95 {self.figures[name]['p95']:.1f} s, at most {limit:g} s"
            for name, limit in LIMITS.items()
            if self.figures.get(name) and self.figures[name]["p95"] > limit
        ]

    @property
    def is_good(self) -> bool:
        return not self.violations and not self.missed

    def save(self, path: Path) -> None:
        described = {"by_promise": self.by_promise, "missed": self.missed, "is_good": self.is_good}
        path.write_text(json.dumps(asdict(self) | described, indent=1))

    def print(self) -> None:
        load = f"load {self.load:.1f} on {os.cpu_count()} cores"
        print(f"\nseed {self.seed}, plan {self.plan}, {self.seconds:.0f} s, {load}")
        print(f"{self.operations} operations, {self.messages} messages, {self.acknowledged} acknowledged", end=", ")
        print(f"{self.events_shown} events on screens")
        print(f"\n{sum(self.faults.values())} faults: {', '.join(f'{n} x {kind}' for kind, n in self.faults.items())}")
        print(f"\n  {'':42}{'n':>7}{'p50':>8}{'p95':>8}{'max':>8}  (seconds)")
        for name, row in self.figures.items():
            print(f"  {name:42}{row['n']:7.0f}{row['p50']:8.2f}{row['p95']:8.2f}{row['max']:8.2f}")
        for name, value in self.notes.items():
            print(f"  {name}: {value}")
        print()
        for promise, count in self.by_promise.items():
            print(f"  {promise:4} {PROMISES[promise]:72}{count or 'kept':>6}")
        self._print_violations()
        for missed in self.missed:
            print(f"\n  MISSED {missed}")
        print(f"\n{'Every promise was kept.' if self.is_good else 'NOT good.'}")

    def _print_violations(self) -> None:
        for promise, count in self.by_promise.items():
            for violation in [one for one in self.violations if one.promise == promise][:SHOWN]:
                print(f"\n  {promise}: {violation.what}")
                for line in violation.lines:
                    print(f"        {line}")
            if count > SHOWN:
                print(f"\n  {promise}: and {count - SHOWN} more")


def make_report(run: Run, record: Record, violations: list[Violation], seconds: float) -> Report:
    people = record.people.values()
    found = delays(record)
    figures = {
        "delay, nothing broken": summary([one.seconds for one in found if not one.kinds]),
        "delay, Redis away or back for a moment": summary([one.seconds for one in found if _is_about_redis(one)]),
        "delay beside clients that never read": summary(
            [one.seconds for one in found if one.kinds == {"reader: never reads"}]
        ),
        "acknowledgement": summary([at - s.invoked_at[c] for s in people for c, at in s.stored_at.items()]),
        "resume after the kill of one": summary(resumes(record, "web: kill one")),
        "resume after the kill of all": summary(resumes(record, "web: kill all")),
        "resume after a rolling restart": summary(resumes(record, "web: rolling restart")),
        "resume after a cut": summary([*resumes(record, "line: cut"), *resumes(record, "line: storm")]),
    }
    nemesis, auditor = record.nemesis, record.auditor
    notes = {
        "acknowledgements looked up in the database at once": auditor.asked,
        "sweeps over all counters and read marks": auditor.swept,
        "visitors who asked and went": len(record.passed),
        "mails in the outbox": len(record.truth.letters),
        "mails given to the mail server": sum(record.desk.letters.taken.values()),
        "clients that never read, closed with": dict(Counter(str(code) for code in nemesis.cut_off)),
        "growth of a web process beside them, MiB": [round(grown / 2**20, 1) for grown in nemesis.memory_grew],
    }
    return Report(
        seed=run.plan.seed,
        plan=run.plan.digest,
        seconds=seconds,
        load=os.getloadavg()[1],
        operations=run.operations,
        messages=run.said,
        acknowledged=sum(len(screen.stored_at) for screen in people),
        events_shown=sum(len(screen.shown_at) for screen in people),
        faults=dict(sorted(Counter(fault.kind for fault in record.history.faults).items())),
        figures={name: row for name, row in figures.items() if row},
        notes=notes,
        violations=violations,
    )


def _is_about_redis(delay: Delay) -> bool:
    return not delay.is_disturbed and any(kind.startswith("redis") for kind in delay.kinds)


def resumes(record: Record, kind: str) -> list[float]:
    """Seconds from a fault until each of those it hit was online again, where nothing else kept them away."""
    found = []
    for fault in (one for one in record.history.faults if one.kind == kind):
        for name in fault.who or record.people:
            back = _back(record, fault, name)
            if back is not None:
                found.append(back - fault.began)
    return found


def _back(record: Record, fault: Struck, name: str) -> float | None:
    screen = record.people[name]
    lost = next((end for start, end in screen.spans if start <= fault.began < end), None)
    back = next((start for start, _ in screen.spans if start > fault.began), None)
    if lost is None or back is None or lost > fault.ended + 5:
        return None
    others = (one for one in record.history.faults if one is not fault and one.overlaps(fault.began - 1, back))
    hindered = any(one.kind.startswith(("web", "postgres")) or name in one.who for one in others)
    left = any(fault.began - 1 <= at <= back for at in screen.left_at)
    return None if hindered or left else back


def summary(values: list[float]) -> dict[str, float]:
    """Number, median, 95th percentile and maximum; nothing of nothing."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {"n": len(ordered), "p50": percentile(ordered, 0.5), "p95": percentile(ordered, 0.95), "max": ordered[-1]}
