"""What happened in a run, with monotonic times: what people asked, were told and saw, and the faults."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Struck:
    """A fault as it was: seconds since the run began, and what it took to know its effect."""

    number: int
    kind: str
    began: float
    ended: float = float("inf")
    who: tuple[str, ...] = ()  # the people it hit directly
    note: str = ""

    def overlaps(self, start: float, end: float) -> bool:
        return self.began <= end and self.ended >= start


class History:
    def __init__(self) -> None:
        self.began = time.monotonic()
        self.lines: list[tuple[float, str, str, Any]] = []
        self.faults: list[Struck] = []
        self._words: dict[str, list[int]] = {}
        self._indexed = 0

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    def note(self, who: str, what: str, detail: Any = None) -> float:
        now = self.now
        self.lines.append((round(now, 3), who, what, detail))
        return now

    def about(self, *words: str, limit: int = 12) -> list[str]:
        """The lines that name one of these, for whoever must find out what went wrong."""
        found = sorted({number for word in words for number in self._index().get(word, [])})[-limit:]
        lines = [self.lines[number] for number in found]
        return [f"{at:9.3f}  {who}: {what} {detail}" for at, who, what, detail in lines]

    def _index(self) -> dict[str, list[int]]:
        """Where each word stands; made when it is first asked for, and again when there are more lines."""
        if self._indexed != len(self.lines):
            self._words = defaultdict(list)
            for number, (_, _, _, detail) in enumerate(self.lines):
                for word in detail if isinstance(detail, list) else [detail]:
                    if isinstance(word, str):
                        self._words[word].append(number)
            self._indexed = len(self.lines)
        return self._words

    def around(self, at: float, seconds: float = 15) -> list[str]:
        """The faults at about that time."""
        near = [fault for fault in self.faults if fault.overlaps(at - seconds, at + 1)]
        return [f"{f.kind} {f.began:.1f} to {f.ended:.1f} {' '.join(f.who)}".strip() for f in near]

    def save(self, path: Path) -> None:
        with open(path, "w") as file:
            for line in self.lines:
                file.write(json.dumps(line) + "\n")
