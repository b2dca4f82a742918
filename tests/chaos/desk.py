"""The desk under fire: two web processes behind a balancer, worker, clock, mail server; what dies is started again."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from runner.console import SetupError
from runner.services import Postgres, free_port
from tests.chaos.lines import Balancer, Line
from tests.journeys.running_desk import UNLIMITED, DeskProcess, RunningDesk

UNSEEN_SECONDS = 6  # a guest is away this long: the answers leave by mail
PAUSE_SECONDS = 0.5  # until a dead process is started again, as in bin/run


class LetterBox:
    """A mail server that counts how often it was given each mail, by Message-ID."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(), ready_timeout=20)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        found = re.search(rb"^message-id:\s*(\S+)", content, re.IGNORECASE | re.MULTILINE)
        self.taken[found[1].decode() if found else "none"] += 1
        return "250 Taken"


class StampedPostgres(Postgres):
    """Remembers when each transaction was committed."""

    def command(self) -> list[str]:
        return [*super().command(), "-ctrack_commit_timestamp=on"]


class ChaosDesk(RunningDesk):
    inside = "tests.chaos.inside"
    postgres_kind = StampedPostgres

    def __init__(self, folder: Path, letters: LetterBox | None = None) -> None:
        self.front_port = free_port()
        self.letters = letters or LetterBox()
        self.letters.controller.start()
        super().__init__(
            folder,
            webs=2,
            DEBUG="0",  # as in production: it also does without a note of every query
            url=f"http://127.0.0.1:{self.front_port}",
            GUEST_STARTS_PER_MINUTE=UNLIMITED,
            GUEST_CONVERSATIONS_PER_MINUTE=UNLIMITED,
            UNSEEN_MAIL_SECONDS=str(UNSEEN_SECONDS),
            EMAIL_URL=f"smtp://127.0.0.1:{self.letters.controller.port}",
        )
        self.worker = DeskProcess(self, "worker", "worker")
        self.clock = DeskProcess(self, "clock", "clock")
        self.balancer = Balancer([web.port for web in self.webs])
        self.front = Line(self.balancer)
        self.held: set[DeskProcess] = set()  # down on purpose: not to be started again yet

    @property
    def processes(self) -> list[DeskProcess]:
        return [*self.webs, self.worker, self.clock] if hasattr(self, "clock") else [*self.webs]

    def stop(self) -> None:
        self.letters.controller.stop()
        for process in self.processes:
            if process.is_running and process.popen is not None:
                process.popen.send_signal(signal.SIGCONT)
        super().stop()

    async def watch(self) -> None:
        """Start again what died and is not held down, for as long as this runs."""
        while True:
            for process in self.processes:
                if not process.is_running and process not in self.held:
                    await self.revive(process)
            await asyncio.sleep(PAUSE_SECONDS)

    async def revive(self, process: DeskProcess) -> None:
        """Start it; one that cannot (its database is away, say) is tried again by `watch`."""
        with suppress(AssertionError):
            await asyncio.to_thread(process.start)

    # --- Postgres and Redis ---

    async def end_postgres(self, number: int) -> None:
        process = self.postgres.process
        assert process is not None
        process.send_signal(number)
        await asyncio.to_thread(process.wait, 60)

    async def start_postgres(self) -> None:
        """After a kill its children may live on for a moment and keep its memory."""
        for _ in range(20):
            try:
                await asyncio.to_thread(self.start, self.postgres)
                return
            except SetupError:
                await asyncio.sleep(0.5)
        raise SetupError("PostgreSQL does not come back")

    async def end_redis(self) -> None:
        assert self.valkey.process is not None
        self.valkey.process.kill()
        await asyncio.to_thread(self.valkey.process.wait)

    async def start_redis(self) -> None:
        await asyncio.to_thread(self.start, self.valkey)

    async def flush_redis(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.valkey.port)
        writer.write(f"AUTH {self.valkey.password}\r\nFLUSHALL\r\n".encode())
        for _ in range(2):
            answer = await reader.readline()
            assert answer == b"+OK\r\n", answer
        writer.close()

    def memory(self) -> dict[int, int]:
        """Bytes that each web process holds, by its port."""
        found = {}
        for web in self.webs:
            if web.popen is not None and web.is_running:
                with suppress(OSError):  # it died this moment
                    pages = Path(f"/proc/{web.popen.pid}/statm").read_text().split()[1]
                    found[web.port] = int(pages) * os.sysconf("SC_PAGE_SIZE")
        return found


async def settled(condition: Any, seconds: float) -> bool:
    """Whether it becomes true in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True
