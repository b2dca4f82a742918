from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench import desks, queue
from bench.desks import Asked, Desk, Page

pytestmark = pytest.mark.django_db
ASKED = Asked("agent", "/inbox/")


def _desks(*, inbox: float, queries: int) -> list[Desk]:
    def pages(factor: float) -> dict[str, Page]:
        found = {name: Page(ASKED, [0.01], queries=5, buffers=10) for name in queue.PAGES}
        found["inbox"] = Page(ASKED, [0.01 * factor], queries=queries, buffers=10)
        return found

    return [Desk("few", 10, pages=pages(1.0)), Desk("many", 20, pages=pages(inbox))]


@pytest.mark.parametrize(("inbox", "queries", "status"), [(1.29, 16, 0), (1.31, 16, 1), (1.0, 17, 1)])
def test_a_missed_goal_is_the_exit_status(inbox, queries, status, tmp_path, settings, capsys):
    settings.DATA_DIR = tmp_path
    assert queue.tell(_desks(inbox=inbox, queries=queries), runs=1) == status
    assert ("MISSED" in capsys.readouterr().out) == bool(status)


def test_the_inbox_asks_few_questions(client, alice, ticket):
    client.force_login(alice)
    page = Page(ASKED)
    desks._look_into(page, client)
    assert page.queries <= queue.MAX_QUERIES


@pytest.mark.long
def test_the_whole_benchmark_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bench", "queue", "--base", "300", "--tickets", "600", "--runs", "12"],
        env=os.environ | {"DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert "dashboard, lead" in done.stdout, done.stderr
    assert done.returncode in (0, 1)
    assert list(tmp_path.glob("bench/queue-*.json"))
