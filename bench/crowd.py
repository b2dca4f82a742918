"""A crowd on one machine: how long a message takes from its sender to the agents' screens while a thousand guests hold
their sockets, and one in twenty of them never reads but asks for the whole conversation again and again.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from accounts.actions import create_token
from accounts.models import Site, User
from bench import report
from bench.serving import Server
from chat.actions import begin_conversation, start_visit

SILENT_EVERY = 20
AGENTS = 5
HELLOS_AT_ONCE = 20
LATE_MS = 300  # the goal: 95 of 100 messages are on an agent's screen before that
GROWTH_MB = 50  # the goal: what never-reading guests may cost in memory
SETTLE_SECONDS = 12  # a round of heartbeats, so that nobody is measured while everybody connects


@dataclass
class Log:
    """What was measured, by message: when it was sent, acknowledged, and seen by each agent."""

    sent: dict[str, float] = field(default_factory=dict)
    acked: dict[str, float] = field(default_factory=dict)
    seen: dict[str, list[float]] = field(default_factory=dict)
    answers: dict[str, float] = field(default_factory=dict)  # from an agent to the guest's screen
    cut: int = 0  # never-reading sockets that the server closed
    lost: Counter[int] = field(default_factory=Counter)  # others that were closed: code -> how many

    def reached(self) -> list[float]:
        """Seconds from the sender to each agent's screen."""
        return [at - self.sent[key] for key, ats in self.seen.items() if key in self.sent for at in ats]


def prepare(count: int) -> tuple[list[tuple[str, str]], list[str]]:
    """Guests in conversations, each (token, reference), and API tokens of agents."""
    site = Site.objects.first() or Site.objects.create(name="Bench")
    guests = []
    for _ in range(count):
        visit = start_visit(site)
        ticket = begin_conversation(visit.visitor, body="Hello " + "and so on " * 200, client_id="hello")
        guests.append((visit.token, ticket.reference))
    agents = []
    for number in range(AGENTS):
        name = f"crowd{number}-{time.time_ns():x}@example.com"
        agents.append(create_token(user := User.objects.create_user(name, name="Bench"), by=user, name="crowd")[1])
    return guests, agents


async def measure(
    server: Server, guests: list[tuple[str, str]], agents: list[str], *, rate: float, seconds: float
) -> dict[str, Any]:
    """Fill the server with guests and agents, send `rate` messages a second for a while, and sum up."""
    log = Log()
    silent, talking = guests[::SILENT_EVERY], [guest for at, guest in enumerate(guests) if at % SILENT_EVERY]
    before = server.memory()
    door = asyncio.Semaphore(HELLOS_AT_ONCE)
    screens = [_Screen(server.url, log, door, token=token, ref=ref) for token, ref in talking]
    desks = [_Screen(server.url, log, door, bearer=bearer) for bearer in agents]
    people = [*desks, *screens]
    tasks = [asyncio.create_task(person.live()) for person in people]
    await asyncio.gather(*(person.is_ready.wait() for person in people))
    filled = server.memory()
    tasks += [asyncio.create_task(_never_read(server.url, log, *guest)) for guest in silent]
    await asyncio.sleep(SETTLE_SECONDS)
    began = time.perf_counter()
    highest = 0
    while (now := time.perf_counter() - began) < seconds:
        due = int(now * rate) - len(log.sent)
        for _ in range(due):
            await _speak(random.choice(screens), desks, silent, log)  # noqa: S311
        highest = max(highest, server.memory())
        await asyncio.sleep(0.01)
    await asyncio.sleep(3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return _sum_up(log, len(people) + len(silent), len(silent), seconds, before, filled, highest)


async def _speak(guest: _Screen, desks: list[_Screen], silent: list[tuple[str, str]], log: Log) -> None:
    """A guest says something; every fifth time an agent answers, now and then one of those who never read."""
    key = f"{time.time_ns():x}"
    log.sent[key] = time.perf_counter()
    await guest.send({"type": "message.post", "ref": guest.ref, "client_id": key, "body": f"{key} the tyre is a 47"})
    if len(log.sent) % 5 == 0:
        desk = random.choice(desks)  # noqa: S311
        ref = random.choice(silent)[1] if len(log.sent) % 20 == 0 else guest.ref  # noqa: S311
        key = f"a{time.time_ns():x}"
        log.answers[key] = -time.perf_counter()
        await desk.send({"type": "message.post", "ref": ref, "client_id": key, "body": f"{key} " + "sorry " * 300})


class _Screen:
    """A guest or an agent who reads what comes, and notes when."""

    def __init__(
        self, url: str, log: Log, door: asyncio.Semaphore, *, token: str = "", ref: str = "", bearer: str = ""
    ) -> None:
        self.log, self.door, self.ref = log, door, ref
        self.url = f"{url}/ws/{'inbox' if bearer else 'widget'}/"
        self.headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        self.hello = {"type": "hello"} | ({"token": token} if token else {})
        self.is_agent = bool(bearer)
        self.is_ready = asyncio.Event()
        self.socket: ClientConnection | None = None

    async def live(self) -> None:
        while True:
            with suppress(OSError, WebSocketException):
                async with self.door:
                    self.socket = await connect(
                        self.url, additional_headers=self.headers, compression=None, open_timeout=60
                    )
                    await self.socket.send(json.dumps(self.hello))
                    while json.loads(await self.socket.recv())["type"] != "ready":
                        pass
                self.is_ready.set()
                async for text in self.socket:
                    self._note(text)
            if self.socket is not None:
                self.log.lost[self.socket.close_code or 0] += 1

    async def send(self, frame: dict[str, Any]) -> None:
        if self.socket is not None:
            with suppress(WebSocketException):
                await self.socket.send(json.dumps(frame))

    def _note(self, text: str | bytes) -> None:
        frame, now = json.loads(text), time.perf_counter()
        if frame["type"] == "ack":
            self.log.acked[frame["client_id"]] = now
        elif frame["type"] == "event" and (message := frame["event"].get("message")):
            key = message["body"].partition(" ")[0]
            if self.is_agent:
                self.log.seen.setdefault(key, []).append(now)
            elif self.log.answers.get(key, 1) < 0:
                self.log.answers[key] += now


async def _never_read(url: str, log: Log, token: str, ref: str) -> None:
    """Takes nothing, and asks for everything every other second; comes back when it is cut off."""
    while True:
        with suppress(OSError, WebSocketException):
            async with connect(f"{url}/ws/widget/", compression=None, max_queue=1, ping_interval=None) as socket:
                await socket.send(json.dumps({"type": "hello", "token": token}))
                while True:
                    await socket.send(json.dumps({"type": "resume", "ref": ref, "after": 0}))
                    await asyncio.sleep(2)
        log.cut += 1
        await asyncio.sleep(1)


def _sum_up(
    log: Log, sockets: int, silent: int, seconds: float, before: int, filled: int, highest: int
) -> dict[str, Any]:
    acks = [log.acked[key] - at for key, at in log.sent.items() if key in log.acked]
    answers = [took for took in log.answers.values() if took >= 0]
    return {
        "sockets": sockets,
        "silent": silent,
        "per_second": len(log.sent) / seconds,
        "to_agent": _times(log.reached()),
        "to_ack": _times(acks),
        "to_guest": _times(answers),
        "unacknowledged": len(log.sent.keys() - log.acked.keys()),
        "unseen": len(log.sent.keys() - log.seen.keys()),
        "cut": log.cut,
        "lost": dict(log.lost),
        "memory_mb": {"empty": before / 2**20, "filled": filled / 2**20, "highest": highest / 2**20},
    }


def _times(seconds: Iterable[float]) -> dict[str, float]:
    found = list(seconds)
    return report.summary(found) if found else {"median_ms": float("nan"), "p95_ms": float("nan")}


def is_good(found: dict[str, Any]) -> bool:
    """Whether the goals are met; nothing may be lost at all."""
    grown = found["memory_mb"]["highest"] - found["memory_mb"]["filled"]
    nothing_lost = not found["unacknowledged"] and not found["unseen"]
    return nothing_lost and found["to_agent"]["p95_ms"] < LATE_MS and grown < GROWTH_MB
