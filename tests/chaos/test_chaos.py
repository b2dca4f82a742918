"""A short run, as `bin/chaos` makes long ones: servers die under live traffic and every promise is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.plan import KINDS, Cast, make_plan
from tests.chaos.report import SHOWN
from tests.chaos.run import run

SEED = 4
TIMES = ("C8", "C9")  # seconds are not asked of a machine that runs other tests beside this one
CHOSEN = (
    "web: kill",
    "web: rolling",
    "redis: kill",
    "redis: flush",
    "postgres: kill",
    "postgres: restart",
    "line: reset",
)


@pytest.mark.long
async def test_every_promise_is_kept_while_servers_die(tmp_path: Path) -> None:
    cast = Cast(guests=4, pollers=1)
    kinds = {kind: row for kind, row in KINDS.items() if kind.startswith(CHOSEN)}
    plan = make_plan(SEED, faults=8, messages=350, cast=cast, kinds=kinds, gap=(1, 3))
    report = await run(plan, cast, keep_in=tmp_path)
    found = [one for one in report.violations if one.promise not in TIMES]
    told = [f"{one.promise}: {one.what}\n  " + "\n  ".join(one.lines) for one in found[:SHOWN]]
    assert not found, "\n".join([f"seed {SEED}, {len(found)} violations", *told])
    # It was a run indeed: otherwise nothing was tested.
    assert len(report.faults) == len(kinds)
    assert report.acknowledged > 300
    assert report.events_shown > 3 * report.acknowledged
    assert report.notes["acknowledgements looked up in the database at once"] > 200
    assert report.notes["mails in the outbox"] >= report.notes["visitors who asked and went"] > 0
