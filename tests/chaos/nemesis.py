"""Strikes: carries out the faults of a plan, and notes for each when it began, when it was over and whom it hit."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict

from tests.chaos.desk import PAUSE_SECONDS, ChaosDesk, settled
from tests.chaos.history import History, Struck
from tests.chaos.people import NeverReads, Screen
from tests.chaos.plan import Fault, Plan
from tests.journeys.running_desk import DeskProcess

POSTGRES_SIGNALS = {"restart": signal.SIGINT, "stop at once": signal.SIGQUIT, "kill": signal.SIGKILL}
DEAF_SECONDS = 1.5  # words arrive and their acknowledgements do not: what tempts to store them twice
NOTICE_SECONDS = 40  # by then everybody behind a half-open line has noticed


class Nemesis:
    """Faults of one target wait for each other; others may overlap as the plan says."""

    def __init__(self, desk: ChaosDesk, history: History, people: dict[str, Screen], token: str) -> None:
        self.desk, self.history, self.people, self.token = desk, history, people, token
        self.turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.memory_grew: list[int] = []  # bytes, for each client that never read
        self.cut_off: list[int | None] = []  # how such a client was closed

    async def strike(self, plan: Plan) -> None:
        """All of the plan, at its times; returns when everything is whole again."""
        starts_at = self.history.now
        async with asyncio.TaskGroup() as strikes:
            for fault in plan.faults:
                await asyncio.sleep(max(0, starts_at + fault.at - self.history.now))
                strikes.create_task(self._strike(fault))

    async def _strike(self, fault: Fault) -> None:
        target, _, what = fault.kind.partition(": ")
        async with self.turns[fault.kind if target == "line" else target]:
            struck = Struck(fault.number, fault.kind, self.history.now, who=fault.who)
            self.history.faults.append(struck)
            self.history.note("nemesis", fault.kind, [fault.number, fault.seconds, *fault.who])
            try:
                await {
                    "web": self._web,
                    "redis": self._redis,
                    "postgres": self._postgres,
                    "line": self._line,
                    "reader": self._reader,
                    "worker": self._worker,
                }[target](what, fault, struck)
            finally:
                if struck.ended == float("inf"):
                    struck.ended = self.history.now
                self.history.note("nemesis", f"{fault.kind} is over", fault.number)

    # --- Processes ---

    async def _web(self, what: str, fault: Fault, struck: Struck) -> None:
        webs = self.desk.webs
        one = webs[int(fault.which * len(webs))]
        if what == "rolling restart":
            for web in webs:
                await self._end(web, signal.SIGTERM, fault.seconds)
                await settled(lambda web=web: web.is_running and web.answers(), 30)
            return
        chosen = webs if what == "kill all" else [one]
        ports = {web.port for web in chosen}
        struck.who = tuple(name for name, who in self.people.items() if who.is_greeted and who.line.port in ports)
        struck.note = f"port {' '.join(map(str, sorted(ports)))}"
        if what == "freeze one":
            assert one.popen is not None
            one.popen.send_signal(signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
            one.popen.send_signal(signal.SIGCONT)
            return
        async with asyncio.TaskGroup() as ends:
            for web in chosen:
                ends.create_task(self._end(web, signal.SIGKILL, max(PAUSE_SECONDS, fault.seconds)))

    async def _end(self, process: DeskProcess, number: int, seconds: float) -> None:
        """End a process and start it again after so long."""
        self.desk.held.add(process)
        if process.is_running:
            await asyncio.to_thread(process.end, number)
        await asyncio.sleep(seconds)
        await self.desk.revive(process)
        self.desk.held.discard(process)

    async def _worker(self, what: str, fault: Fault, struck: Struck) -> None:
        await self._end(self.desk.worker, signal.SIGKILL, fault.seconds)

    async def _redis(self, what: str, fault: Fault, struck: Struck) -> None:
        if what == "flush":
            await self.desk.flush_redis()
        elif what == "hang":
            process = self.desk.valkey.process
            assert process is not None
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
            process.send_signal(signal.SIGCONT)
        else:
            await self.desk.end_redis()
            await asyncio.sleep(fault.seconds)
            await self.desk.start_redis()

    async def _postgres(self, what: str, fault: Fault, struck: Struck) -> None:
        await self.desk.end_postgres(POSTGRES_SIGNALS[what])
        await asyncio.sleep(fault.seconds)
        await self.desk.start_postgres()

    # --- Lines ---

    async def _line(self, what: str, fault: Fault, struck: Struck) -> None:
        people = [self.people[name] for name in fault.who if name in self.people]
        match what:
            case "cut" | "storm":
                for person in people:
                    person.line.cut()
            case "reset":
                for person in people:
                    person.line.cut(reset=True)
            case "half open":
                await asyncio.gather(*(person.line.half_open(DEAF_SECONDS) for person in people))
                struck.ended = self.history.now + NOTICE_SECONDS
            case "dark":
                for person in people:
                    person.line.light.clear()
                await asyncio.sleep(fault.seconds)
                for person in people:
                    person.line.light.set()
            case "slow":
                for person in people:
                    person.line.delay = 0.2 + fault.which
                await asyncio.sleep(fault.seconds)
                for person in people:
                    person.line.delay = 0

    async def _reader(self, what: str, fault: Fault, struck: Struck) -> None:
        """Three clients that ask for everything and take nothing."""
        before = self.desk.memory()
        most = dict(before)
        refs = [ref for person in self.people.values() for ref in person.conversations if not person.is_agent]
        readers = [NeverReads(self.desk.front.url, self.token, refs[number::3][:20]) for number in range(3)]
        tasks = [asyncio.create_task(reader.annoy(fault.seconds)) for reader in readers]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(1)
            for port, held in self.desk.memory().items():
                most[port] = max(most.get(port, 0), held)
        if not any(other.overlaps(struck.began, self.history.now) for other in self._others(struck, "web")):
            self.memory_grew += [most[port] - held for port, held in before.items()]
        self.cut_off += [reader.close_code for reader in readers]

    def _others(self, struck: Struck, target: str) -> list[Struck]:
        return [other for other in self.history.faults if other is not struck and other.kind.startswith(target)]
