"""Supervision, of small real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner import supervisor as supervision
from runner.environment import ROOT
from runner.supervisor import Process, Supervisor


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(supervision, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(supervision, "GRACE_SECONDS", 0.5)
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def python(name: str, code: str, folder: Path) -> Process:
    return Process(name, [sys.executable, "-c", code], dict(os.environ), folder)


def run_until(supervisor: Supervisor, is_enough) -> None:
    """Run it until `is_enough()`, which has ten seconds."""
    deadline = time.monotonic() + 10
    was_enough = False

    def watch() -> bool:
        nonlocal was_enough
        was_enough = bool(is_enough())
        if was_enough or time.monotonic() > deadline:
            supervisor.is_stopping = True
        return supervisor.is_stopping

    supervisor.run(watch)
    assert was_enough


def is_alive(pid: int) -> bool:
    """Whether it still does anything; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(is_so, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(is_so())


def test_what_processes_say_is_shown_with_their_name(tmp_path, capfd):
    talker = python(
        "web", "import os,time; os.write(1, b'hello\\nhalf a '); os.write(2, b'line'); time.sleep(9)", tmp_path
    )
    quiet = python("clock", "import time; time.sleep(9)", tmp_path)
    run_until(Supervisor([talker, quiet]), lambda: talker.unfinished_line == b"half a line")
    shown = capfd.readouterr().out
    assert "web   | hello\n" in shown
    assert "web   | half a line\n" in shown


def test_what_dies_is_started_again_and_later_each_time(tmp_path, capfd):
    starts = tmp_path / "starts"
    dying = python("worker", "open('starts', 'a').write('.'); raise SystemExit(3)", tmp_path)
    dying.pause = 0.02
    run_until(Supervisor([dying]), lambda: starts.exists() and len(starts.read_text()) >= 3)
    shown = capfd.readouterr().out
    assert "worker stopped (exit status 3); starting it again in 0.02 s" in shown
    assert "starting it again in 0.04 s" in shown


def test_one_that_ran_well_is_started_again_at_once(tmp_path):
    process = python("web", "", tmp_path)
    process.pause = 8.0
    process.started_at = time.monotonic() - supervision.STEADY_SECONDS - 1
    assert process.plan_restart() == supervision.FIRST_PAUSE


def test_stopping_lets_a_process_finish_its_work(tmp_path):
    code = (
        "import signal, time, pathlib\n"
        "def end(*_): pathlib.Path('finished').touch(); raise SystemExit\n"
        "signal.signal(signal.SIGTERM, end); pathlib.Path('ready').touch(); time.sleep(9)"
    )
    run_until(Supervisor([python("worker", code, tmp_path)]), (tmp_path / "ready").exists)
    assert (tmp_path / "finished").exists()


def test_one_that_will_not_end_is_killed_with_its_children(tmp_path):
    code = (
        "import os, signal, subprocess, sys, time, pathlib\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path('pids.new').write_text(f'{os.getpid()} {child.pid}')\n"
        "os.rename('pids.new', 'pids'); time.sleep(60)"
    )
    run_until(Supervisor([python("web", code, tmp_path)]), (tmp_path / "pids").exists)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert wait_for(lambda: not any(is_alive(pid) for pid in pids))


def test_a_process_that_closes_its_output_goes_on(tmp_path):
    process = python("web", "import os, time; os.close(1); os.close(2); time.sleep(9)", tmp_path)
    run_until(Supervisor([process]), lambda: process.popen is not None and process.output == -1)


class FakeService:
    """Stands in for a database that died; only the supervisor's side of it is tested here."""

    name = "PostgreSQL"

    def __init__(self) -> None:
        self.starts = 0

    def has_died(self) -> bool:
        return self.starts == 0

    def start(self) -> None:
        self.starts += 1


def test_a_database_that_dies_is_started_again(tmp_path):
    service = FakeService()
    idle = python("web", "import time; time.sleep(9)", tmp_path)
    run_until(Supervisor([idle], [service]), lambda: service.starts == 1)  # type: ignore[list-item]


PROGRAM = """
import sys; sys.path.insert(0, {root!r})
import os
from pathlib import Path
from runner.supervisor import Process, Supervisor
code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
Supervisor([Process(n, [sys.executable, "-c", code], dict(os.environ), Path("/")) for n in ("a", "b")]).run()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_is_left_however_the_supervisor_ends(number):
    if number == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells children that their parent died")
    command = [sys.executable, "-c", PROGRAM.format(root=str(ROOT))]
    supervisor = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    pids = [int(supervisor.stdout.readline().split("|")[1]) for _process in "ab"]
    supervisor.send_signal(number)
    supervisor.wait(10)
    supervisor.stdout.close()
    assert wait_for(lambda: not any(is_alive(pid) for pid in pids))
