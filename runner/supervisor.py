"""Keeps processes running: shows what they say, starts again what dies, stops all of it cleanly."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from runner.services import Service, ends_with_parent

GRACE_SECONDS = 25.0  # a little more than uvicorn gives its open connections
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY_SECONDS = 30.0  # having run this long, the next death counts as the first


class Process:
    """One line of the Procfile: at most one running process, in a session of its own."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name, self.command, self.environment, self.folder = name, list(command), dict(environment), folder
        self.popen: subprocess.Popen[bytes] | None = None
        self.output = -1  # the file descriptor of what it says; -1 once that has ended
        self.unfinished_line = b""
        self.pause = FIRST_PAUSE
        self.started_at = self.start_at = 0.0

    def start(self) -> None:
        self.output, its_end = os.pipe()
        os.set_blocking(self.output, False)
        self.started_at = time.monotonic()
        self.popen = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=its_end,
            stderr=its_end,
            start_new_session=True,
            preexec_fn=ends_with_parent(signal.SIGTERM),
        )
        os.close(its_end)

    def is_due(self) -> bool:
        return self.popen is None and self.start_at <= time.monotonic()

    def exit_status(self) -> int | None:
        """How it ended; None while it runs, or when it is not started."""
        return self.popen.poll() if self.popen else None

    def read_lines(self) -> list[str]:
        """Whole lines said since the last time; the end of its output closes it."""
        with suppress(BlockingIOError):
            while chunk := os.read(self.output, 65536):
                self.unfinished_line += chunk
            self.close_output()
        *lines, self.unfinished_line = self.unfinished_line.split(b"\n")
        return [line.decode(errors="replace").rstrip("\r") for line in lines]

    def close_output(self) -> None:
        if self.output >= 0:
            os.close(self.output)
            self.output = -1

    def ask_to_end(self) -> None:
        """The process itself: it knows best how to end its children."""
        if self.popen:
            self.popen.send_signal(signal.SIGTERM)

    def kill_group(self) -> None:
        """End whatever is left of its session."""
        if self.popen:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, signal.SIGKILL)

    def plan_restart(self) -> float:
        """Answers the seconds until the next start: more each time, unless it ran well in between."""
        if time.monotonic() - self.started_at > STEADY_SECONDS:
            self.pause = FIRST_PAUSE
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE)
        self.start_at = time.monotonic() + pause
        return pause


class Supervisor:
    """Runs processes, on top of services that were started before them."""

    def __init__(self, processes: Sequence[Process], services: Sequence[Service] = ()) -> None:
        self.processes, self.services = list(processes), list(services)
        self.selector = selectors.DefaultSelector()
        self.is_stopping = False
        self.is_hurried = False
        self.width = max(len(process.name) for process in processes)

    def run(self, watch: Callable[[], bool] = lambda: True) -> None:
        """Until a signal says stop. `watch` is called now and then until it answers True."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        is_watching = True
        try:
            while not self.is_stopping:
                self._start_what_is_due()
                self._pass_output_on(0.2)
                self._bury_the_dead()
                if is_watching and not self.is_stopping:
                    is_watching = not watch()
        finally:
            self._stop()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.is_hurried = self.is_stopping  # a second Ctrl-C waits for nobody
        self.is_stopping = True

    def _start_what_is_due(self) -> None:
        for service in self.services:
            if service.has_died():
                self._show("run", f"{service.name} stopped; starting it again")
                service.start()
        for process in self.processes:
            if process.is_due():
                process.start()
                self.selector.register(process.output, selectors.EVENT_READ, process)

    def _pass_output_on(self, seconds: float) -> None:
        if not self.selector.get_map():
            time.sleep(seconds)
        for key, _events in self.selector.select(seconds):
            self._show_lines(key.data)

    def _show_lines(self, process: Process) -> None:
        output = process.output
        for line in process.read_lines():
            self._show(process.name, line)
        if process.output < 0:
            self.selector.unregister(output)

    def _bury_the_dead(self) -> None:
        """Show the last words of what ended, leave nothing of it behind and plan its next life."""
        for process in self.processes:
            status = process.exit_status()
            if status is None:
                continue
            process.kill_group()
            if process.output >= 0:
                self._show_lines(process)
            if process.output >= 0:  # held open by something that left its session
                self.selector.unregister(process.output)
                process.close_output()
            if process.unfinished_line:
                self._show(process.name, process.unfinished_line.decode(errors="replace"))
                process.unfinished_line = b""
            process.popen = None
            if not self.is_stopping:
                pause = process.plan_restart()
                self._show("run", f"{process.name} stopped ({_in_words(status)}); starting it again in {pause:g} s")

    def _stop(self) -> None:
        self.is_stopping = True
        self._show("run", "stopping")
        for process in self.processes:
            process.ask_to_end()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(process.popen for process in self.processes):
            if self.is_hurried or time.monotonic() > deadline:
                for process in self.processes:
                    process.kill_group()
            self._pass_output_on(0.05)
            self._bury_the_dead()

    def _show(self, name: str, line: str) -> None:
        try:
            print(f"{name:<{self.width}} | {line}", flush=True)
        except OSError:  # nobody reads any more (bin/run | head): stop as on Ctrl-C
            self.is_stopping = True
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def _in_words(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
