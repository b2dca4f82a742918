"""What benchmarks have in common: percentiles, a table on the screen, and a JSON file for comparing later."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile, in milliseconds."""
    ordered = sorted(seconds)
    return {
        "median_ms": statistics.median(ordered) * 1000,
        "p95_ms": ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] * 1000,
    }


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first column to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    print(f"\n{title}\n")
    for row in [head, ["-" * width for width in widths], *rows]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  " + "  ".join(cells).rstrip())
    print()


def save(name: str, results: dict[str, Any]) -> Path:
    """Write the results with what they were measured on to DATA_DIR/bench/, and say where."""
    folder = Path(settings.DATA_DIR)
    folder = folder if folder.name == "bench" else folder / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"{name}-{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps({"benchmark": name, "at": now.isoformat(), "machine": machine(), **results}, indent=2))
    print(f"Written to {path}")
    return path


def machine() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('fsync')")
        version, fsync = cursor.fetchone()
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "postgres": version,
        "fsync": fsync,
    }


def verdict(is_kept: bool, goal: str) -> int:
    """Say whether the goal was met; the exit status."""
    print(f"{'Met' if is_kept else 'MISSED'}: {goal}.")
    return 0 if is_kept else 1


def chat(rounds: list[dict[str, Any]], *, goal: float) -> int:
    """The rounds of `bench.chat`: the bare echo beside us, and their ratio."""
    rows = [
        [
            str(number),
            *(f"{one[who][key]:,.{digits}f}" for who in _SERVED for key, digits in _CHAT),
            f"{one['ratio']:.2f}",
        ]
        for number, one in enumerate(rounds, 1)
    ]
    head = [
        "round",
        *(f"{who} {unit}" for who in _SERVED for unit in ("msg/s", "median ms", "p95 ms")),
        "ratio",
    ]
    print_table("Messages a second: the bare echo and ours through one web process, ours through two", head, rows)
    ratio = statistics.median(one["ratio"] for one in rounds)
    save("chat", {"rounds": rounds, "ratio": ratio, "goal": goal})
    return verdict(ratio >= goal, f"{ratio:.2f} of a bare Channels insert-and-echo (at least {goal})")


def crowd(found: dict[str, Any], *, is_good: bool) -> int:
    """What `bench.crowd` measured."""
    ways = (
        ("sender to agent's screen", "to_agent"),
        ("sender to acknowledgement", "to_ack"),
        ("agent to guest", "to_guest"),
    )
    rows = [[name, f"{found[key]['median_ms']:,.0f}", f"{found[key]['p95_ms']:,.0f}"] for name, key in ways]
    sockets = f"{found['sockets']:,} sockets, {found['silent']} of them never reading"
    print_table(f"{sockets}, {found['per_second']:.0f} messages a second", ["from … to", "median ms", "p95 ms"], rows)
    empty, filled, highest = (round(found["memory_mb"][when]) for when in ("empty", "filled", "highest"))
    print(f"Memory of two processes: empty {empty} MB, with the crowd {filled}, at most {highest}.")
    print(f"Not acknowledged: {found['unacknowledged']}, on no agent's screen: {found['unseen']}.")
    others = ", ".join(f"{count} with {code}" for code, count in sorted(found["lost"].items())) or "none"
    print(f"Sockets cut off: {found['cut']} that never read; of the others {others}.")
    save("crowd", found)
    return verdict(
        is_good, "nothing lost, 95 of 100 on an agent's screen in 300 ms, at most 50 MB for those who never read"
    )


_SERVED = ("bare", "ours", "two")
_CHAT = (("per_second", 0), ("median_ms", 1), ("p95_ms", 1))
