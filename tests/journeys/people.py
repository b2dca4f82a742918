"""People at their screens, as docs/protocol.md asks of every client: what is not acknowledged is kept and sent again
with the same id, after a cut they come back and say how far they have read, and they show each event once, in order.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import defaultdict
from contextlib import suppress
from typing import Any, NamedTuple, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

AGAIN_SECONDS = 0.2
GAP_SECONDS = 5.0  # until the same gap is asked for again
SILENCE_SECONDS = 25.0  # without a frame: the line is dead, whatever the machine thinks
# A page has no pings of its own, and no time for a long farewell.
LIKE_A_PAGE: dict[str, Any] = {"ping_interval": None, "close_timeout": 1, "compression": None}


class Shown(NamedTuple):
    """One event on a screen; `kind`, `body` and `client_id` are of the message that belongs to it, if one does."""

    seq: int
    type: str
    kind: str | None = None
    body: str | None = None
    client_id: str | None = None


def shown(frame: dict[str, Any]) -> Shown:
    """What a screen keeps of an event frame."""
    event = frame["event"]
    message = event.get("message") or {}
    return Shown(frame["seq"], event["type"], message.get("kind"), message.get("body"), message.get("client_id"))


class Person:
    """One screen with its socket. `screen` is what it shows: the events of each conversation."""

    def __init__(self, url: str, hello: dict[str, Any] | None = None, **options: Any) -> None:
        self.url, self.hello, self.options = url, hello or {}, LIKE_A_PAGE | options
        self.outbox: dict[str, dict[str, Any]] = {}
        self.said: dict[str, list[str]] = defaultdict(list)  # by conversation, in the order of saying
        self.sent_at: dict[str, float] = {}
        self.acked_at: dict[str, float] = {}
        self.seen_at: dict[str, float] = {}  # by the words seen
        self.screen: dict[str, list[Shown]] = defaultdict(list)
        self.closes: list[int | None] = []
        self.errors: list[dict[str, Any]] = []
        self.hellos = 0
        self.follows: set[str] = set()  # conversations that an agent has open
        self.asked: dict[str, tuple[int, float]] = {}  # by conversation: what was asked for again, and when
        self.socket: ClientConnection | None = None
        self.is_greeted = False

    async def __aenter__(self) -> Self:
        self.life = asyncio.create_task(self._live())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.life.cancel()
        await asyncio.gather(self.life, return_exceptions=True)

    # --- What they do ---

    async def say(self, words: str, ref: str | None = None, kind: str | None = None, client_id: str = "") -> str:
        """Write; returns the client_id at once, whether or not there is a connection."""
        client_id = client_id or uuid.uuid4().hex
        frame = {"type": "message.post", "client_id": client_id, "body": words, "ref": ref, "kind": kind}
        self.outbox[client_id] = {name: value for name, value in frame.items() if value is not None}
        self.sent_at[client_id] = time.monotonic()
        if ref:
            self.said[ref].append(client_id)
        if self.is_greeted and self._may_go(client_id):
            await self._send(self.outbox[client_id])
        return client_id

    async def open(self, words: str) -> str:
        """Begin a conversation and return its reference."""
        client_id = await self.say(words)
        await until(lambda: client_id in self.acked_at, 15, "the first words to be acknowledged")
        return next(iter(self.screen))

    async def follow(self, ref: str) -> None:
        """Have a conversation open, as an agent."""
        self.follows.add(ref)
        await self._send({"type": "watch", "refs": sorted(self.follows)})
        await self._send({"type": "resume", "ref": ref, "after": self._last(ref)})

    # --- Their program ---

    async def _live(self) -> None:
        while True:
            try:
                async with connect(self.url, open_timeout=10, **self.options) as self.socket:
                    await self._meet(self.socket)
            except (OSError, TimeoutError, WebSocketException, InvalidHandshake):
                pass
            finally:
                if self.socket is not None:
                    self.closes.append(self.socket.close_code)
                self.socket, self.is_greeted = None, False
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        """Seconds until the next try to connect."""
        return AGAIN_SECONDS

    async def _meet(self, socket: ClientConnection) -> None:
        self.asked.clear()
        after = {ref: self._last(ref) for ref in [*self.screen, *self.follows]}
        await socket.send(json.dumps({"type": "hello", "after": after} | self.hello))
        while True:
            async with asyncio.timeout(SILENCE_SECONDS):
                text = await socket.recv()
            await self._take(json.loads(text))

    async def _take(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "ready":
                self.hellos += 1
                await self._send_kept()
            case "ack":
                if self.outbox.pop(frame["client_id"], None):
                    self.acked_at[frame["client_id"]] = time.monotonic()
                    self.screen.setdefault(frame["ref"], [])
            case "event":
                await self._show(frame)
            case "error":
                self.errors.append(frame)
        if frame["type"] in ("ready", "heartbeat"):
            for ref, head in frame["tickets"].items():
                if head > self._last(ref):
                    await self._ask_again(ref)

    def _may_go(self, client_id: str) -> bool:
        """Whether these words may be sent before those that were said earlier are acknowledged."""
        return True

    async def _send_kept(self) -> None:
        """All of the outbox in its order, also what is said meanwhile; only then new words go at once."""
        sent: set[str] = set()
        while waiting := [client_id for client_id in self.outbox if client_id not in sent]:
            sent.add(waiting[0])
            await self._send(self.outbox[waiting[0]])
        self.is_greeted = True

    async def _show(self, frame: dict[str, Any]) -> None:
        ref, last = frame["ref"], self._last(frame["ref"])
        if frame["seq"] <= last:
            return
        if frame["prev"] > last:
            await self._ask_again(ref)
            return
        self._add(ref, shown(frame))

    async def _ask_again(self, ref: str) -> None:
        """Ask for what is missing after the last event shown, unless that was asked a moment ago."""
        last, now = self._last(ref), time.monotonic()
        if self.asked.get(ref, (-1, 0.0))[0] == last and now - self.asked[ref][1] < GAP_SECONDS:
            return
        self.asked[ref] = (last, now)
        await self._send({"type": "resume", "ref": ref, "after": last})

    def _add(self, ref: str, event: Shown) -> None:
        self.screen[ref].append(event)
        if event.body is not None:
            self.seen_at.setdefault(event.body, time.monotonic())

    def _last(self, ref: str) -> int:
        events = self.screen.get(ref)
        return events[-1].seq if events else 0

    async def _send(self, frame: dict[str, Any]) -> None:
        if self.socket is None:
            return
        with suppress(OSError, WebSocketException):  # it is in the outbox, or asked again after the next hello
            await self.socket.send(json.dumps(frame))

    def shows(self, ref: str) -> list[list[Any]]:
        """[seq, type, body] of what is on the screen, as `inside.shown` tells it."""
        return [[event.seq, event.type, event.body] for event in self.screen.get(ref, [])]


async def until(condition: Any, seconds: float, what: str) -> None:
    """Wait until it is true; AssertionError after that many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        await asyncio.sleep(0.02)
