"""By hand: read every file below some folders as a mail, and count what becomes of them.

    python -m tests.mailroom.nasty FOLDER… [--show] [--mutants N]

Good folders are a mail client's, or test/test_email/data of Debian's libpython3.11-testsuite. With `--mutants N` each
file is read again N times with seeded damage. Nothing is kept; mbox files count as one mail.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import django


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """A mail as it might arrive from a broken program: cut, with wrong bytes, lines doubled, lost or swapped."""
    if not raw:
        return bytes(chance.randrange(256) for _ in range(20))
    way = chance.randrange(6)
    at = chance.randrange(len(raw))
    if way == 0:
        return raw[:at]
    if way == 1:
        data = bytearray(raw)
        for _ in range(max(1, len(data) // 200)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)
    lines = raw.splitlines(keepends=True)
    where = chance.randrange(len(lines))
    if way == 2:
        return b"".join(lines[:where] + lines[where : where + 3] * chance.randrange(2, 30) + lines[where:])
    if way == 3:
        return b"".join(lines[:where] + lines[where + chance.randrange(1, 4) :])
    if way == 4:
        chance.shuffle(lines)
        return b"".join(lines)
    return raw[:at] + raw[chance.randrange(len(raw)) :] + raw[at:]


def mails(folders: list[str]) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        root = Path(folder)
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file():
                yield str(path), path.read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--show", action="store_true", help="one line for each mail")
    parser.add_argument("--mutants", type=int, default=0)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    django.setup()
    from mailroom.reading import UnreadableError, read_bounded

    outcomes: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    times: list[tuple[float, str]] = []
    chance = random.Random(6)
    for name, raw in mails(asked.folders):
        for number in range(asked.mutants + 1):
            data = damaged(raw, chance) if number else raw
            begun = time.perf_counter()
            try:
                parsed = read_bounded(data)
            except UnreadableError as error:
                outcome = f"not read: {error}"
            except (OSError, TimeoutError) as error:
                outcome = f"trouble of ours: {error}"
            else:
                outcome = "read" if parsed.text or parsed.files or parsed.html else "read, and empty"
                notes.update(note.partition(": ")[0] for note in parsed.notes)
            times.append((time.perf_counter() - begun, name))
            outcomes[outcome] += 1
            if asked.show and (not number or outcome.startswith(("not", "trouble"))):
                print(f"{times[-1][0] * 1000:7.1f} ms  {outcome:20}  {name}")
    print("\n".join(f"{count:7}  {outcome}" for outcome, count in outcomes.most_common()))
    print("\n".join(f"{count:7}  note: {note}" for note, count in notes.most_common()))
    times.sort()
    if times:
        middle, high = times[len(times) // 2][0], times[len(times) * 95 // 100][0]
        slowest, name = times[-1]
        print(f"median {middle * 1000:.1f} ms, p95 {high * 1000:.1f} ms, slowest {slowest * 1000:.0f} ms: {name}")


if __name__ == "__main__":
    main()
