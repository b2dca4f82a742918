from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench import cost
from bench.cost import Cost


def test_costs_are_told_of_each():
    each = Cost(units=10, seconds=2.0, python=1.0, log=20_480, room=10_240).each()
    assert each == {"ms": 200.0, "python_ms": 100.0, "log_kb": 2.0, "room_kb": 1.0}


@pytest.mark.django_db
def test_what_was_measured_is_written(tmp_path, settings, capsys):
    settings.DATA_DIR = tmp_path
    assert cost.tell({"a ticket": Cost(1, 0.01, 0.005, 1024, 2048).each()}, 1) == 0
    assert "a ticket  10.0        5.0     1.0      2.0" in capsys.readouterr().out
    assert list(tmp_path.glob("bench/cost-*.json"))


@pytest.mark.long
def test_the_whole_benchmark_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bench", "cost", "--units", "3", "--tickets", "300"],
        env=os.environ | {"DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert "a chat of 6 messages" in done.stdout, done.stderr
    assert done.returncode == 0
