"""One run: the desk, its people, what they say, the faults, the quiet after them, and what the checker finds."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from tests.chaos.audit import Auditor
from tests.chaos.check import Passed, Record, answers, check
from tests.chaos.desk import UNSEEN_SECONDS, ChaosDesk, settled
from tests.chaos.history import History
from tests.chaos.lines import Line
from tests.chaos.nemesis import Nemesis
from tests.chaos.people import Poller, Screen, http
from tests.chaos.plan import Act, Cast, Plan
from tests.chaos.report import Report, make_report
from tests.chaos.truth import Truth, read_when_possible

WORDS = "The tyre that I ordered is a forty two and the one that I was handed is a forty seven. "
SETTLE_SECONDS = 60.0  # until one more is acknowledged
TELL_SECONDS = 120.0  # between two lines that say how far the run is
QUIET_SECONDS = 30.0  # until every screen shows everything: two heartbeats and more
MAIL_SECONDS = UNSEEN_SECONDS + 45.0  # until what is owed by mail has left: the clock ticks every 10 s


class Run:
    def __init__(self, desk: ChaosDesk, plan: Plan, cast: Cast) -> None:
        self.desk, self.plan, self.cast = desk, plan, cast
        self.history = History()
        self.people: dict[str, Screen] = {}
        self.teams: dict[str, str] = {}  # whose chat a conversation is
        self.passed: list[Passed] = []
        self.counts: dict[str, int] = {}
        self.said = self.operations = 0
        self.chores: set[asyncio.Task[None]] = set()
        self.troubles: list[str] = []  # what somebody could not do at all

    async def whole(self) -> Report:
        """Everything from the first hello to the verdict."""
        async with AsyncExitStack() as stack:
            await self.desk.front.open(self.desk.front_port)
            stack.callback(self.desk.front.close)
            self.auditor = Auditor(self.desk.postgres.url, self.history)
            stack.callback(self.auditor.stop)
            watching = asyncio.create_task(self.desk.watch())
            stack.callback(watching.cancel)
            await self._arrive(stack)
            self.starts_at = self.history.now
            nemesis = Nemesis(self.desk, self.history, self.people, self.desk.cast["tokens"]["alice"])
            async with asyncio.TaskGroup() as both:
                both.create_task(self._talk())
                both.create_task(nemesis.strike(self.plan))
            await self._come_to_rest()
            truth = await self._quiet()
            lasted = self.history.now
        record = Record(
            self.history,
            self.people,
            self.teams,
            self.passed,
            self.auditor,
            self.desk,
            nemesis,
            truth,
            [*self.troubles, *(f"still at it: {task}" for task in self.chores)],
        )
        return make_report(self, record, check(record), lasted)

    # --- Arriving ---

    async def _arrive(self, stack: AsyncExitStack) -> None:
        """Everybody is connected, every guest has a conversation, and every agent has their team's open."""
        cast = self.desk.cast
        for name in [*self.cast.agents, "charlie"]:
            headers = {"Cookie": cast["sessions"][name]} if name in cast["sessions"] else None
            headers = headers or {"Authorization": f"Bearer {cast['tokens'][name]}"}
            await self._enter(stack, Screen, name, "/ws/inbox/", origin=self.desk.url, additional_headers=headers)
        for number, name in enumerate(self.cast.customers):
            if name.endswith("second tab"):
                first = self.people[name.partition(",")[0]]
                same: dict[str, Any] = {"hello": first.hello, "conversations": first.conversations}
                await self._enter(stack, Screen, name, "/ws/widget/", origin=self.desk.url, **same)
                continue
            kind = Poller if name.startswith("poller") else Screen
            visitor = await self._visitor("shop" if name == "dora" else "workshop")
            options = {"hello": {"token": visitor}, "is_patient": number % 2 == 0, "origin": self.desk.url}
            await self._enter(stack, kind, name, "/ws/widget/", **options)
        assert await settled(lambda: all(p.is_online for p in self.people.values()), 30), "not everybody came in"
        for name in self.cast.customers:
            if not name.endswith("second tab"):
                await self._say(Act(0, name, "open", 0, 20))
        assert await settled(lambda: all(p.conversations for p in self.people.values()), 30), (
            "not everybody could begin"
        )
        for number, name in enumerate(self.cast.customers):
            if number % 2 and not name.endswith("second tab"):
                token = self.people[name].hello["token"]
                status, _ = await http(self.desk.front.url, "/widget/contact/", {"email": address(name)}, token)
                assert status == 200

    async def _enter(self, stack: AsyncExitStack, kind: type[Screen], name: str, path: str, **options: Any) -> None:
        line = Line(self.desk.balancer)
        await line.open()
        stack.callback(line.close)
        person = self.people[name] = kind(name, line, self.history, path, **options)
        person.on_ack = self._acked
        await stack.enter_async_context(person)
        looking = asyncio.create_task(person.look())
        stack.callback(looking.cancel)

    async def _visitor(self, site: str) -> str:
        """The token of a browser that comes for the first time, however often it must ask."""
        deadline = time.monotonic() + 60
        while True:
            with suppress(OSError, TimeoutError, ValueError, IndexError, asyncio.IncompleteReadError):
                status, answer = await http(
                    self.desk.front.url, "/widget/start/", {"site": self.desk.cast["sites"][site]}
                )
                if status == 200:
                    return str(answer["token"])
            assert time.monotonic() < deadline, "nobody can begin a visit"
            await asyncio.sleep(0.5)

    # --- Talking ---

    async def _talk(self) -> None:
        told = 0.0
        for act in self.plan.acts:
            if act.at > told + TELL_SECONDS:
                told = act.at
                struck, late = len(self.history.faults), self._waiting()
                print(f"{told / 60:5.1f} min: {self.said} messages, {late} on their way, {struck} faults", flush=True)
            await asyncio.sleep(max(0, self.starts_at + act.at - self.history.now))
            self.operations += 1
            if act.what in ("say", "note", "open"):
                await self._say(act)
            else:
                self._begin_chore(self._do(act))

    def _begin_chore(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.chores.add(task)
        task.add_done_callback(self._end_chore)

    def _end_chore(self, task: asyncio.Task[None]) -> None:
        self.chores.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.troubles.append(f"{type(error).__name__}: {error}")

    async def _say(self, act: Act) -> None:
        person = self.people[act.who]
        ref = pick(person.conversations, act.where)
        if act.what == "open" and not person.is_agent and len(person.conversations) < 20:
            ref = None
        elif ref is None:
            return
        kind = "note" if act.what == "note" and person.is_agent else None
        await self._post(person, ref, kind, act.amount)

    async def _post(self, person: Screen, ref: str | None, kind: str | None = None, letters: float = 60) -> None:
        client_id = self._new_id(person.name)
        mark = "NOTE-CANARY " if kind else ""
        words = (WORDS * (int(letters) // len(WORDS) + 1))[: int(letters)].strip()
        await person.say(f"[{client_id}] {mark}{words}", ref, kind, client_id)

    def _new_id(self, name: str) -> str:
        slug = re.sub(r"[^a-z0-9]", "", name.replace("second tab", "b"))
        self.counts[slug] = self.counts.get(slug, 0) + 1
        self.said += 1
        return f"{slug}-{self.counts[slug]:05d}"

    def _acked(self, person: Screen, frame: dict[str, Any]) -> None:
        self.auditor.acks.put(frame["client_id"])
        if frame["ref"] not in self.teams:
            self._begin_chore(self._opened(frame["ref"], "shop" if person.name == "dora" else "workshop"))

    async def _opened(self, ref: str, team: str, *, is_listed: bool = True) -> None:
        """It stands in the list of those who may see it, and they open it."""
        self.teams[ref] = team
        for name in ["charlie"] if team == "shop" else self.cast.agents:
            agent = self.people[name]
            if is_listed:
                agent.conversations.append(ref)
            await agent.follow(ref)

    async def _do(self, act: Act) -> None:
        if act.what == "pass by":
            await self._pass_by(act.where)
            return
        person = self.people[act.who]
        ref = pick(person.conversations, act.where)
        match act.what:
            case "leave":
                await person.leave(act.amount)
            case "reload":
                await person.reload()
            case "look back" if ref:
                await person.ask({"type": "seen", "ref": ref, "seq": int(person._last(ref) * act.where)})
            case "type" if ref:
                await person.ask({"type": "typing", "ref": ref})
            case "trespass":
                await self._trespass(person, act.where)

    async def _trespass(self, person: Screen, where: float) -> None:
        """Ask for, read, write and watch what is somebody else's."""
        mine = self.people["dora"].conversations if person.name == "dora" else person.conversations
        team = "shop" if person.name == "charlie" else "workshop"
        theirs = [ref for ref in self.teams if ref not in mine and not (person.is_agent and self.teams[ref] == team)]
        ref = pick(theirs, where)
        if ref is None or isinstance(person, Poller):
            return
        self.history.note(person.name, "trespasses", ref)
        await person.ask({"type": "resume", "ref": ref, "after": 0})
        await person.ask({"type": "seen", "ref": ref, "seq": 1})
        await person.ask({"type": "typing", "ref": ref, "text": "let me in"})
        post = {
            "type": "message.post",
            "ref": ref,
            "body": "[trespass] let me in",
            "client_id": f"trespass-{self.said}",
        }
        await person.ask(post)
        if person.is_agent:
            await person.ask({"type": "watch", "refs": [*person.follows, ref]})

    async def _pass_by(self, where: float) -> None:
        """Somebody asks once, leaves an address and goes; the answers must reach them by mail, each once."""
        token = await self._visitor("workshop")
        client_id = self._new_id("passerby")
        body = {"client_id": client_id, "body": f"[{client_id}] {WORDS}"}
        answer = await self._insist("/widget/tickets/", body, token)
        ref = answer["ref"]
        self.history.note(client_id, "passes by", ref)
        await self._insist("/widget/contact/", {"email": address(client_id)}, token)
        self.passed.append(Passed(ref, client_id, self.history.now))
        await self._opened(ref, "workshop", is_listed=False)
        agent = self.people[self.cast.agents[int(where * len(self.cast.agents))]]
        for pause in (1, where * 15, 0.2):
            await asyncio.sleep(pause)
            await self._post(agent, ref)

    async def _insist(self, path: str, body: dict[str, Any], token: str) -> Any:
        deadline = time.monotonic() + 90
        while True:
            with suppress(OSError, TimeoutError, ValueError, IndexError, asyncio.IncompleteReadError):
                status, answer = await http(self.desk.front.url, path, body, token)
                if status == 200:
                    return answer
                assert status >= 500, (path, status, answer)
            assert time.monotonic() < deadline, f"{path} never worked"
            await asyncio.sleep(0.5)

    # --- The end ---

    async def _come_to_rest(self) -> None:
        """Nobody says any more, nothing is broken any more, and what was said is acknowledged."""
        self.history.note("everybody", "falls silent")
        for person in self.people.values():
            person.line.light.set()
            person.line.delay = 0
        await settled(lambda: not self.chores, 90)
        waiting = self._waiting()
        while waiting and await settled(lambda before=waiting: self._waiting() < before, SETTLE_SECONDS):
            waiting = self._waiting()
        self.rest_at = self.history.now

    def _waiting(self) -> int:
        """How many messages are not acknowledged yet."""
        return sum(len(person.outbox) for person in self.people.values())

    async def _quiet(self) -> Truth:
        """Wait until every screen shows everything and every mail has left, as long as that may take."""
        deadline = time.monotonic() + max(QUIET_SECONDS, MAIL_SECONDS)
        while True:
            truth = await asyncio.to_thread(read_when_possible, self.desk.postgres.url)
            is_late = time.monotonic() > deadline - MAIL_SECONDS + QUIET_SECONDS
            if time.monotonic() > deadline or (self._is_shown(truth) or is_late) and self._is_mailed(truth):
                return truth
            await asyncio.sleep(2)

    def _is_shown(self, truth: Truth) -> bool:
        return all(
            person._last(ref) >= (ticket.last_seq if person.is_agent else ticket.public_last_seq)
            for person in self.people.values()
            for ref in (person.follows or person.conversations)
            if (ticket := truth.tickets.get(ref))
        )

    def _is_mailed(self, truth: Truth) -> bool:
        mailed = {ticket.number: ticket.mailed_seq for ticket in truth.tickets.values()}
        for passed in self.passed:
            ticket = truth.tickets.get(passed.ref)
            if ticket and any(row.seq > mailed[ticket.number] for row in answers(ticket)):
                return False
        return True


def address(name: str) -> str:
    return f"{re.sub('[^a-z0-9]', '', name)}@example.org"


def pick(choices: list[str], where: float) -> str | None:
    return choices[int(where * len(choices))] if choices else None


async def run(plan: Plan, cast: Cast, *, keep_in: Path | None = None) -> Report:
    """Carry a plan out on a desk of its own. `keep_in` gets the history and the servers' logs."""
    folder = Path(tempfile.mkdtemp(prefix="makegood-chaos-"))
    folder.chmod(0o755)
    desk = None
    try:
        desk = await asyncio.to_thread(ChaosDesk, folder)
        await asyncio.to_thread(desk.make_whole)
        one = Run(desk, plan, cast)
        report = await one.whole()
        if keep_in is not None:
            keep_in.mkdir(parents=True, exist_ok=True)
            one.history.save(keep_in / "history.jsonl")
            for log in folder.glob("*.log"):
                shutil.copy(log, keep_in)
        return report
    finally:
        if desk is not None:
            await asyncio.to_thread(desk.stop)
        shutil.rmtree(folder, ignore_errors=True)
