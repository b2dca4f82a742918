"""The server that is measured, started as the Procfile starts it, and what it costs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Server:
    """A running server: its ws:// address, and the process that everything of it descends from."""

    url: str
    pid: int

    def memory(self) -> int:
        """Bytes that its processes hold in memory, together; pages that they share are counted for each."""
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES for pid in self.processes())

    def processes(self) -> list[int]:
        """The process and its children, however deep."""
        found = [self.pid]
        for pid in found:
            found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found


@contextmanager
def serving(application: str, *, workers: int = 1, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """uvicorn with so many processes, as in production but without limits on guests; `environment` as well as ours."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port)]
    options = ["--lifespan", "off", "--ws", "websockets-sansio", "--log-level", "error", "--workers", str(workers)]
    options += ["--ws-max-size", "131072", "--ws-max-queue", "16"]
    no_limits = {"GUEST_MESSAGES_PER_MINUTE": "10000000", "GUEST_CONVERSATIONS_PER_MINUTE": "10000000"}
    own = {"DEBUG": "0", "SITE_URL": f"http://127.0.0.1:{port}"}  # pages open sockets only where they come from
    process = subprocess.Popen([*command, *options], env={**os.environ, **no_limits, **own, **(environment or {})})
    try:
        _wait_for_port(port, process)
        yield Server(f"ws://127.0.0.1:{port}", process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90  # on a busy machine it takes half a minute
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server to be measured did not start")
