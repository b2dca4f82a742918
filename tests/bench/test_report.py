from __future__ import annotations

import json

import pytest

from bench import __main__ as bench
from bench import report


def test_the_benchmarks_are_the_modules():
    assert {"chat", "queue"} <= set(bench.names())
    assert not {"report", "bare"} & set(bench.names())


def test_an_unknown_benchmark_is_told_the_names(capsys):
    assert bench.main(["nothing"]) == 2
    assert "queue" in capsys.readouterr().out


def test_median_and_percentile():
    found = report.summary([n / 1000 for n in range(1, 101)])
    assert found == {"median_ms": pytest.approx(50.5), "p95_ms": pytest.approx(96)}


def test_a_table_has_its_numbers_to_the_right(capsys):
    report.print_table("Title", ["page", "ms"], [["inbox", "9"], ["ticket", "10.5"]])
    assert "  inbox      9\n  ticket  10.5\n" in capsys.readouterr().out


@pytest.mark.django_db
def test_results_are_kept_with_what_they_were_measured_on(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    kept = json.loads(report.save("queue", {"ratio": 1.1}).read_text())
    assert kept["ratio"] == 1.1
    assert kept["machine"]["postgres"]
    assert list(tmp_path.glob("bench/queue-*.json"))


@pytest.mark.django_db
@pytest.mark.parametrize(("ratios", "status"), [([0.5, 0.7, 0.8], 0), ([0.5, 0.55, 0.9], 1)])
def test_the_median_round_of_chat_decides(ratios, status, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    speed = {"per_second": 1.0, "median_ms": 1.0, "p95_ms": 2.0}
    rounds = [{"bare": speed, "ours": speed, "two": speed, "ratio": ratio} for ratio in ratios]
    assert report.chat(rounds, goal=0.6) == status
