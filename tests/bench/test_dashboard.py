from __future__ import annotations

import gzip
import os
import subprocess
import sys

import pytest
from django.utils import timezone

from bench import dashboard, desks, workday
from bench.desks import Asked, Desk, Page
from demo.seed import Writer, prepare_house
from reports.actions import skip_counted
from tickets.actions.promising import measure_history
from tickets.models import Event, Promise, PromiseRun

pytestmark = pytest.mark.django_db
NAMES = ["now, manager", "trends, lead", "trends, a year, manager"]


def _desks(slow: str = "", *, times: float = 1.0, ms: float = 10, queries: int = 5) -> list[Desk]:
    """Three desks whose pages all cost the same, but the slow one with most tickets."""

    def pages(factor: float) -> dict[str, Page]:
        asked = Asked("manager", "/")
        return {
            name: Page(asked, [ms / 1000 * (factor if name == slow else 1)], [0.001], queries, 10, plans=["SELECT 1"])
            for name in NAMES
        }

    return [Desk("few", 10, pages=pages(1)), Desk("more", 100, pages=pages(1)), Desk("most", 1000, pages=pages(times))]


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({}, 0),
        ({"slow": NAMES[1], "times": 1.29}, 0),
        ({"slow": NAMES[1], "times": 1.31}, 1),
        ({"slow": NAMES[2], "times": 9}, 0),  # more days are more work
        ({"queries": 17}, 1),
        ({"ms": 151}, 0),
    ],
)
def test_a_missed_goal_is_the_exit_status(how, status, tmp_path, settings, capsys):
    settings.DATA_DIR = tmp_path
    assert dashboard.tell(_desks(**how), 1, is_strict=False) == status
    said = capsys.readouterr().out
    assert ("MISSED" in said) == bool(status or "ms" in how)


def test_times_count_only_if_they_are_asked_to(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    assert dashboard.tell(_desks(ms=151), 1, is_strict=True) == 1
    assert dashboard.tell(_desks(ms=149), 1, is_strict=True) == 0


def test_plans_are_kept_beside_the_results(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    dashboard.tell(_desks(), 1, is_strict=False)
    [path] = tmp_path.glob("bench/dashboard-*.plans.txt.gz")
    assert "# trends, lead, 1,000 tickets: query 1 of 5\n\nSELECT 1" in gzip.decompress(path.read_bytes()).decode()


@pytest.fixture
def seeded(desk_row, workshop, alice, lea, sue) -> None:
    writer = Writer(prepare_house(), 300, 7, timezone.now())
    writer.write_block(0)
    skip_counted(writer.first_ticket)


def test_every_page_answers_every_role(seeded, lea, sue, client):
    people = {"lead": lea, "manager": sue}
    for page in dashboard.choose_pages().values():
        client.force_login(people[page.asked.who])
        desks._look_into(page, client)
        assert page.queries <= dashboard.MAX_QUERIES, page.asked.path
        assert page.plans


def test_the_promise_of_the_benchmarks_went_as_its_actions_would_say(seeded):
    now = timezone.now()
    workday.make_promise(now)
    fields = ("ticket", "began", "ended", "state", "began_at", "due_at", "ended_at", "broken_at")
    made = list(PromiseRun.objects.order_by("began").values_list(*fields))
    assert {run[3] for run in made} == {"kept", "broken", "running"}
    PromiseRun.objects.all().delete()
    assert Promise.objects.get().is_in_force(Event.objects.earliest("at").at)
    measure_history(now)
    assert list(PromiseRun.objects.order_by("began").values_list(*fields)) == made


@pytest.mark.long
def test_the_whole_benchmark_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bench", "dashboard", "--sizes", "300", "600", "900", "--runs", "1"],
        env=os.environ | {"DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert "trends, manager" in done.stdout, done.stderr
    assert done.returncode in (0, 1)
    assert list(tmp_path.glob("bench/dashboard-*.json"))
