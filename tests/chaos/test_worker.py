"""The worker works on after Redis hung in the worst moment: while a task that was just done is acknowledged."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.chaos.desk import ChaosDesk, LetterBox

HANGS_SECONDS = 12  # longer than the broker's patience, settings.CELERY_BROKER_TRANSPORT_OPTIONS
TICK_SECONDS = 10
MAIL = """
import django; django.setup()
from outbox.actions import queue_mail
queue_mail(kind="reply", to=[("", "carla@example.org")], subject="{0}", text="{0}", dedupe_key="{0}")
"""


class HangingLetterBox(LetterBox):
    """Redis hangs from the moment that the first mail is taken."""

    desk: ChaosDesk

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        process = self.desk.valkey.process
        if not self.taken and process is not None:
            process.send_signal(signal.SIGSTOP)
            threading.Timer(HANGS_SECONDS, process.send_signal, [signal.SIGCONT]).start()
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ChaosDesk]:
    letters = HangingLetterBox()
    desk = letters.desk = ChaosDesk(tmp_path, letters)
    for process in (desk.worker, desk.clock):
        process.start()
    yield desk
    desk.stop()


@pytest.mark.long
def test_a_worker_takes_tasks_again_after_a_redis_that_hung(desk: ChaosDesk):
    for number, patience in (1, 30), (2, HANGS_SECONDS + 5 * TICK_SECONDS):
        desk.run_inside("-c", MAIL.format(f"mail {number}"))
        deadline = time.monotonic() + patience
        while sum(desk.letters.taken.values()) < number:
            assert time.monotonic() < deadline, f"mail {number} does not leave: {desk.worker.log.read_text()[-3000:]}"
            time.sleep(0.2)
