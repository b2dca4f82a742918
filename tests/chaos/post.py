"""Thousands of scheduled mails leave while their senders are killed, Redis is emptied and two clocks tick.

Each worker has a mail server of its own, so that a kill can be aimed at the moment that cannot be closed: the server
has the text, and whoever handed it over has not written that down.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg2
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.chaos.desk import ChaosDesk, LetterBox, settled
from tests.chaos.letters import AT_LEAST_ONCE, PROMISES, Kill, Letter, violations
from tests.journeys.running_desk import DeskProcess

WORKERS, CLOCKS, HANDS = 2, 2, 2
SECONDS_PER_KILL = 3.5  # there are two, and each needs some four to come back
READY = b" ready."  # what a worker's log says when it takes tasks
WAIT_FOR_A_MAIL = 2.0  # seconds that an aimed kill waits until its worker sends
REFUSED, SLOW = 0.02, 0.1  # of a hundred mails so many are put off by their server, or kept waiting
QUIET_SECONDS = 600.0  # a lease of 65 s, and some minutes for what lay there while the workers kept dying
SHOWN = 5

# What each row went through, by triggers: the program that is checked must not tell it.
WATCHED = """
    CREATE TABLE chaos_began AS SELECT clock_timestamp() AS at;
    CREATE TABLE chaos_mail (mail uuid, state text, attempts int, began timestamptz, at timestamptz);
    CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO chaos_mail VALUES (NEW.id, NEW.state, NEW.attempts, NEW.data_started_at, clock_timestamp());
        RETURN NULL;
    END $$;
    CREATE TRIGGER chaos_note AFTER UPDATE ON outbox_mail FOR EACH ROW EXECUTE FUNCTION chaos_note();
"""
LETTERS = """
    SELECT m.id::text, m.message_id, m.kind, m.state, extract(epoch FROM min(pg_xact_commit_timestamp(e.xmin)))::float8
    FROM outbox_mail m
    LEFT JOIN tickets_event e ON 'ticket:' || e.ticket_id = m.about
        AND pg_xact_commit_timestamp(e.xmin) > (SELECT at FROM chaos_began)
        AND (e.type = 'message.posted' AND e.by_customer_id IS NOT NULL
                AND m.kind NOT IN ('acknowledgement', 'accepted', 'reply')
            OR e.type = 'ticket.reopened' AND m.kind = 'follow_up'
            OR e.type = 'offer.withdrawn' AND m.kind IN ('offer', 'service_notice'))
    WHERE m.kind IN ('follow_up', 'offer', 'service_notice', 'survey', 'acknowledgement', 'accepted', 'reply')
    GROUP BY m.id"""
CLAIMS = """
    SELECT mail::text, attempts, extract(epoch FROM min(at))::float8, extract(epoch FROM max(began))::float8
    FROM chaos_mail WHERE state = 'sending' GROUP BY mail, attempts"""
LYING = """
    SELECT 'follow-up ' || id FROM tickets_followup WHERE state = 'scheduled' AND due_at < now() - interval '1 minute'
    UNION ALL
    SELECT 'survey ' || id FROM recovery_survey WHERE state = 'scheduled' AND due_at < now() - interval '1 minute'"""
UNMAILED = """
    SELECT 'the answer on ticket ' || t.number FROM tickets_ticket t JOIN tickets_event e ON e.ticket_id = t.number
    JOIN tickets_message m ON m.id = e.message_id
    WHERE m.kind = 'reply' AND m.by_user_id IS NOT NULL AND e.seq > t.mailed_seq"""
WAITING = """
    SELECT (SELECT count(*) FROM outbox_mail WHERE state IN ('pending', 'sending')) + (SELECT count(*) FROM ({}) lying)
""".format(LYING.replace(" - interval '1 minute'", ""))
# What a mail server put off would be tried again in some minutes; nobody needs to wait for that.
HURRY = "UPDATE outbox_mail SET next_at = now() WHERE state = 'pending' AND attempts > 0 AND next_at > now()"


@dataclass(frozen=True)
class PostPlan:
    """So many scheduled mails, kills of a worker and flushes of Redis, spread over the run."""

    mails: int = 10_000
    kills: int = 200
    flushes: int = 50
    seed: int = 7

    @property
    def seconds(self) -> int:
        return int(self.kills * SECONDS_PER_KILL) + 20


class AimedLetterBox(LetterBox):
    """A worker's mail server, which kills that worker over a mail when it is told to."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)
        self.kill: Any = None  # set: call it over the next mail
        self.refused = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.chance.uniform(0.2, 0.4) if self.chance.random() < SLOW else 0)
        kill, self.kill = self.kill, None
        if kill is not None:
            self._strike(kill)
        elif self.chance.random() < REFUSED:
            self.refused += 1
            return "451 4.3.2 Later, please"
        return await super().handle_DATA(server, session, envelope)

    def _strike(self, kill: Any) -> None:
        """While the server has the text and has not answered, or a moment after it did."""
        if self.chance.random() < 0.5:
            kill()
        else:
            threading.Timer(self.chance.uniform(0, 0.02), kill).start()


class PostDesk(ChaosDesk):
    """No web process: workers, each with a mail server of its own, and clocks that know nothing of each other."""

    inside = "tests.chaos.post_inside"

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder)
        self.boxes = [AimedLetterBox(seed + number) for number in range(WORKERS)]
        for box in self.boxes:
            box.controller.start()
        self.workers = [
            DeskProcess(self, "worker", f"worker{number}", EMAIL_URL=f"smtp://127.0.0.1:{box.controller.port}")
            for number, box in enumerate(self.boxes)
        ]
        self.clocks = [self._new_clock(number) for number in range(CLOCKS)]

    def _new_clock(self, number: int) -> DeskProcess:
        home = self.folder / f"clock{number}"
        home.mkdir()
        return DeskProcess(self, "clock", f"clock{number}", DATA_DIR=str(home))

    @property
    def processes(self) -> list[DeskProcess]:
        return [*self.workers, *self.clocks] if hasattr(self, "clocks") else []

    def stop(self) -> None:
        for box in getattr(self, "boxes", []):
            box.controller.stop()
        super().stop()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.postgres.url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    @property
    def taken(self) -> Counter[str]:
        return sum((box.taken for box in self.boxes), Counter())


class Post:
    """One run."""

    def __init__(self, desk: PostDesk, plan: PostPlan) -> None:
        self.desk, self.plan = desk, plan
        self.chance = random.Random(plan.seed)
        self.kills: list[Kill] = []
        self.flushes = self.aimed = 0
        self.changed: dict[str, int] = {}

    async def whole(self) -> dict[str, Any]:
        print("Promising the mails …", flush=True)
        await self._promise()
        due = await self._inside("due", self.plan.seconds)
        began = time.monotonic()
        await asyncio.to_thread(self.desk.make_whole)
        watching = asyncio.create_task(self.desk.watch())
        try:
            async with asyncio.TaskGroup() as all_of_it:
                all_of_it.create_task(self._kill())
                all_of_it.create_task(self._flush())
                all_of_it.create_task(self._change())
            rested = await self._come_to_rest()
        finally:
            watching.cancel()
        return await asyncio.to_thread(self._report, due, time.monotonic() - began, rested)

    async def _promise(self) -> None:
        """Customers for so many mails: of a hundred, 14 have an offer, 14 a survey, 20 an answer, all a follow-up."""
        customers = round(self.plan.mails / 1.48 / HANDS)
        await asyncio.gather(*(self._inside("promise", customers, batch) for batch in range(HANDS)))
        await asyncio.to_thread(self.desk.query, WATCHED)

    async def _inside(self, *words: str | int) -> dict[str, int]:
        command = ["-m", self.desk.inside, *map(str, words)]
        answer: dict[str, int] = json.loads(await asyncio.to_thread(self.desk.run_inside, *command))
        return answer

    # --- What strikes ---

    async def _kill(self) -> None:
        works = [0] * WORKERS  # how often each was ready before it was killed last
        for number in range(self.plan.kills):
            await asyncio.sleep(self.chance.uniform(0.2, 1.8) * SECONDS_PER_KILL / 2)
            worker = number % WORKERS
            log = self.desk.workers[worker].log
            is_back = await settled(lambda log=log, seen=works[worker]: ready(log) > seen, 90)
            assert is_back, "the worker does not come back"
            works[worker] = ready(log)
            await self._kill_one(worker, is_aimed=self.chance.random() < 0.6)

    async def _kill_one(self, worker: int, *, is_aimed: bool) -> None:
        dead = threading.Event()

        def kill() -> None:
            process = self.desk.workers[worker]
            self.kills.append(Kill(worker, time.time()))
            if process.popen is not None:
                with suppress(ProcessLookupError):
                    os.killpg(process.popen.pid, signal.SIGKILL)
            dead.set()

        box = self.desk.boxes[worker]
        if is_aimed:
            box.kill = kill
            if await settled(dead.is_set, WAIT_FOR_A_MAIL + self.chance.random() * SECONDS_PER_KILL):
                self.aimed += 1
                return
            box.kill = None
        if not dead.is_set():
            kill()

    async def _flush(self) -> None:
        pause = self.plan.seconds / max(1, self.plan.flushes)
        for _ in range(self.plan.flushes):
            await asyncio.sleep(pause * self.chance.uniform(0.5, 1.4))
            await self.desk.flush_redis()
            self.flushes += 1

    async def _change(self) -> None:
        self.changed = await self._inside("change", self.plan.seconds, self.plan.seed)

    # --- The end ---

    async def _come_to_rest(self) -> bool:
        deadline = time.monotonic() + QUIET_SECONDS
        while time.monotonic() < deadline:
            if (await asyncio.to_thread(self.desk.query, WAITING))[0][0] == 0:
                return True
            await asyncio.to_thread(self.desk.query, HURRY)
            await asyncio.sleep(2)
        return False

    def _report(self, due: dict[str, int], seconds: float, rested: bool) -> dict[str, Any]:
        letters = read_letters(self.desk)
        lying = [row[0] for sql in (LYING, UNMAILED) for row in self.desk.query(sql)]
        found = violations(letters, self.desk.taken, self.kills, lying)
        by_kind = Counter((letter.kind, letter.state) for letter in letters)
        return {
            "plan": asdict(self.plan),
            "seconds": round(seconds),
            "load": os.getloadavg()[1],
            "promised": due,
            "mails": len(letters),
            "taken by the mail servers": sum(self.desk.taken.values()),
            "put off by them": sum(box.refused for box in self.desk.boxes),
            "kills": len(self.kills),
            "kills over a mail": self.aimed,
            "flushes": self.flushes,
            "made pointless meanwhile": self.changed,
            "forbidden before they left": sum(one.forbidden_at is not None and not one.began_at for one in letters),
            "forbidden too late": sum(one.forbidden_at is not None and bool(one.began_at) for one in letters),
            "answers sent again": sum(
                self.desk.taken[one.message_id] > 1 for one in letters if one.kind in AT_LEAST_ONCE
            ),
            "claimed again after a kill": sum(len(one.claimed_at) > 1 for one in letters),
            "came to rest": rested,
            "states": {f"{kind} {state}": count for (kind, state), count in sorted(by_kind.items())},
            "violations": [list(one) for one in found],
        }


def ready(log: Path) -> int:
    return log.read_bytes().count(READY) if log.exists() else 0


def read_letters(desk: PostDesk) -> list[Letter]:
    letters = {key: Letter(*rest, forbidden_at=at) for key, *rest, at in desk.query(LETTERS)}
    for key, attempt, claimed, began in desk.query(CLAIMS):
        if key in letters:
            letters[key].claimed_at[attempt] = claimed
            if began is not None:
                letters[key].began_at[attempt] = began
    return list(letters.values())


def print_report(report: dict[str, Any]) -> None:
    for name, value in report.items():
        if name != "violations":
            print(f"  {name}: {value}")
    counts = Counter(promise for promise, _ in report["violations"])
    print()
    for promise, words in PROMISES.items():
        print(f"  {promise:9}{words:70}{counts[promise] or 'kept':>6}")
        for what in [what for name, what in report["violations"] if name == promise][:SHOWN]:
            print(f"        {what}")


async def run_post(plan: PostPlan, *, keep_in: Path | None = None) -> dict[str, Any]:
    """Carry it out on a desk of its own. `keep_in` gets the servers' logs and the report."""
    folder = Path(tempfile.mkdtemp(prefix="makegood-post-"))
    folder.chmod(0o755)
    desk = None
    try:
        desk = await asyncio.to_thread(PostDesk, folder, plan.seed)
        report = await Post(desk, plan).whole()
        if keep_in is not None:
            keep_in.mkdir(parents=True, exist_ok=True)
            (keep_in / "report.json").write_text(json.dumps(report, indent=1))
            for log in folder.glob("*.log"):
                shutil.copy(log, keep_in)
        return report
    finally:
        if desk is not None:
            await asyncio.to_thread(desk.stop)
        shutil.rmtree(folder, ignore_errors=True)
