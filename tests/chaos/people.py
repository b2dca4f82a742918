"""People at their screens, each on a line of their own, keeping a log of all they ask, are told and see."""

from __future__ import annotations

import asyncio
import json
import random
import time
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.chaos.history import History
from tests.chaos.lines import Line
from tests.journeys.people import LIKE_A_PAGE, Person, Shown

LOOK_SECONDS = 1.0  # until the next conversation is looked at
POLL_SECONDS = 1.5
HTTP_SECONDS = 10
STABLE_SECONDS = 10  # online until the pauses begin anew
RESTART_SECONDS, SHORT_PAUSE_SECONDS = 30, 3  # so long no pause is longer than this


class Screen(Person):
    """One page. It connects anew as the product's own do: with full jitter, and for ever.

    `is_patient`: one message at a time, as the widget; otherwise all that are waiting, in their order.
    """

    def __init__(
        self,
        name: str,
        line: Line,
        history: History,
        path: str,
        *,
        hello: dict[str, Any] | None = None,
        is_patient: bool = False,
        conversations: list[str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(line.url.replace("http", "ws", 1) + path, hello, **options)
        self.name, self.line, self.history, self.is_patient = name, line, history, is_patient
        self.is_agent = path == "/ws/inbox/"
        self.conversations = conversations if conversations is not None else []
        self.dice = random.Random(name)
        self.failures, self.gone_at, self.away_until = 0, 0.0, 0.0
        self.spans: list[list[float]] = []  # [from, to] of being online, in the run's seconds
        self.heard: set[tuple[str, int, str | None]] = set()  # whatever came: (ref, seq, client_id)
        self.notes_heard: list[Shown] = []
        self.shown_at: dict[tuple[str, int], float] = {}
        self.invoked_at: dict[str, float] = {}
        self.stored_at: dict[str, float] = {}  # when the ack came
        self.stored_as: dict[str, tuple[str, int]] = {}  # what it said: conversation and seq
        self.told_seen: dict[str, int] = {}
        self.left_at: list[float] = []  # by their own will
        self.on_ack: Any = lambda screen, frame: None

    # --- What they do ---

    async def say(self, words: str, ref: str | None = None, kind: str | None = None, client_id: str = "") -> str:
        self.invoked_at[client_id] = self.history.note(self.name, "says", [client_id, ref, kind])
        return await super().say(words, ref, kind, client_id)

    async def leave(self, seconds: float) -> None:
        """Close the lid for a while."""
        self.left_at.append(self.history.note(self.name, "leaves", round(seconds, 1)))
        self.away_until = time.monotonic() + seconds
        if self.socket is not None:
            await self.socket.close()

    async def reload(self) -> None:
        """All that was shown is gone; what was not acknowledged is in the browser's storage."""
        self.left_at.append(self.history.note(self.name, "reloads"))
        self.screen.clear()
        if self.socket is not None:
            await self.socket.close()

    async def ask(self, frame: dict[str, Any]) -> None:
        """Send a frame that nobody repeats."""
        if self.is_greeted:
            await self._send(frame)

    async def look(self) -> None:
        """Say how far one has read, for as long as this runs: one conversation at a time, as a page does."""
        while True:
            await asyncio.sleep(LOOK_SECONDS * self.dice.uniform(0.5, 1.5))
            unseen = [ref for ref in self.screen if self._last(ref) > self.told_seen.get(ref, 0)]
            if self.is_greeted and unseen:
                ref = self.dice.choice(unseen)
                self.told_seen[ref] = self._last(ref)
                await self._send({"type": "seen", "ref": ref, "seq": self.told_seen[ref]})

    @property
    def is_online(self) -> bool:
        return self.is_greeted

    # --- Their program ---

    def _may_go(self, client_id: str) -> bool:
        return not self.is_patient or next(iter(self.outbox)) == client_id

    async def _send_kept(self) -> None:
        if not self.is_patient:
            await super()._send_kept()
            return
        self.is_greeted = True
        await self._send_next()

    async def _send_next(self) -> None:
        if self.outbox:
            await self._send(next(iter(self.outbox.values())))

    def _pause(self) -> float:
        now = self.history.now
        if self.spans and self.spans[-1][1] == float("inf"):
            self.spans[-1][1] = now
            if now - self.spans[-1][0] > STABLE_SECONDS:
                self.failures = 0
        self.history.note(self.name, "offline", self.closes[-1] if self.closes else None)
        if not self.failures:
            self.gone_at = now
        self.failures += 1
        wait = self.away_until - time.monotonic()
        if wait > 0:
            self.failures = 0
            return wait
        longest = SHORT_PAUSE_SECONDS if now - self.gone_at < RESTART_SECONDS else None
        if self.is_agent:  # static/js/socket.js
            if self.closes and self.closes[-1] == 1012:
                return 0.5 + self.dice.random() * 1.5
            return self.dice.random() * min(longest or 30, 2 ** min(self.failures, 5))
        return 0.1 + self.dice.random() * min(
            longest or 20, 0.5 * 2 ** min(self.failures, 8)
        )  # static/widget/connection.js

    async def _take(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "ready":
                self.spans.append([self.history.note(self.name, "online", self.line.port), float("inf")])
            case "ack":
                self._note_ack(frame)
            case "event":
                message = frame["event"].get("message") or {}
                self.heard.add((frame["ref"], frame["seq"], message.get("client_id")))
                if message.get("kind") == "note":
                    self.notes_heard.append(Shown(frame["seq"], frame["event"]["type"], "note", message["body"]))
            case "error":
                self.history.note(self.name, "is refused", [frame["code"], frame.get("client_id"), frame["detail"]])
        await super()._take(frame)
        if frame["type"] == "ack" and self.is_patient:
            await self._send_next()

    def _note_ack(self, frame: dict[str, Any]) -> None:
        client_id, ref = frame["client_id"], frame["ref"]
        if client_id not in self.outbox:
            return
        if "ref" not in self.outbox[client_id]:
            self.said[ref].insert(0, client_id)
            self.conversations.append(ref)
        self.stored_at[client_id] = self.history.note(self.name, "is told: stored", [client_id, ref, frame["seq"]])
        self.stored_as[client_id] = (ref, frame["seq"])
        self.on_ack(self, frame)

    def _add(self, ref: str, event: Shown) -> None:
        super()._add(ref, event)
        if (ref, event.seq) not in self.shown_at:
            self.shown_at[ref, event.seq] = self.history.note(self.name, "shows", [ref, event.seq, event.client_id])


class Poller(Screen):
    """A guest whose network blocks sockets: the same over HTTP, one message at a time."""

    @property
    def is_online(self) -> bool:
        return bool(self.spans) and self.spans[-1][1] == float("inf")

    async def _live(self) -> None:
        while True:
            if time.monotonic() < self.away_until:
                await asyncio.sleep(0.1)
                continue
            try:
                await self._visit()
                if not self.is_online:
                    self.spans.append([self.history.note(self.name, "reaches the desk"), float("inf")])
            except (OSError, TimeoutError, ValueError, IndexError, asyncio.IncompleteReadError):
                if self.is_online:
                    self.spans[-1][1] = self.history.note(self.name, "is cut off")
            await asyncio.sleep(POLL_SECONDS * self.dice.uniform(0.5, 1.5))

    async def _visit(self) -> None:
        while self.outbox:
            client_id, frame = next(iter(self.outbox.items()))
            ref, body = frame.get("ref"), {"client_id": client_id, "body": frame["body"]}
            path = f"/widget/tickets/{ref}/messages/" if ref else "/widget/tickets/"
            status, answer = await http(self.line.url, path, body, self.hello["token"])
            if status >= 500:
                raise OSError(status)
            if status != 200:
                await self._take({"type": "error", "client_id": client_id, **answer["error"]})
                del self.outbox[client_id]
                continue
            await self._take({"type": "ack", **answer})
        for ref in self.conversations:
            await self._poll(ref)

    async def _poll(self, ref: str) -> None:
        while True:
            after = self._last(ref)
            path = f"/widget/tickets/{ref}/events/?after={after}"
            status, answer = await http(self.line.url, path, None, self.hello["token"])
            if status != 200:
                raise OSError(status)
            for event in answer["events"]:
                await self._take({"type": "event", "ref": ref, **event})
            if len(answer["events"]) < 200:
                return

    async def _send(self, frame: dict[str, Any]) -> None:
        """There is no socket."""


async def http(url: str, path: str, body: dict[str, Any] | None = None, token: str = "") -> tuple[int, Any]:
    """Status and JSON of one request. Errors: OSError, TimeoutError, ValueError, IncompleteReadError."""
    text = b"" if body is None else json.dumps(body).encode()
    head = [
        f"{'GET' if body is None else 'POST'} {path} HTTP/1.1",
        f"Host: {url.removeprefix('http://')}",
        f"Content-Length: {len(text)}",
        "Connection: close",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    async with asyncio.timeout(HTTP_SECONDS):
        reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
        try:
            writer.write("\r\n".join([*head, "", ""]).encode() + text)
            answer = await reader.read()
        finally:
            with suppress(OSError):
                writer.close()
    first, _, rest = answer.partition(b"\r\n")
    headers, _, content = rest.partition(b"\r\n\r\n")
    if b"content-length" in headers.lower():
        length = int(headers.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(content) < length:
            raise OSError("cut off")
    elif b"chunked" in headers.lower():
        content = _joined(content)
    return int(first.split()[1]), json.loads(content)


def _joined(chunked: bytes) -> bytes:
    joined = b""
    while True:
        size, _, chunked = chunked.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return joined
        joined += chunked[:length]
        chunked = chunked[length + 2 :]


class NeverReads:
    """A program that asks for everything again and again and takes nothing."""

    def __init__(self, url: str, token: str, refs: list[str]) -> None:
        self.url = url.replace("http", "ws", 1) + "/ws/inbox/"
        self.token, self.refs = token, refs
        self.close_code: int | None = None

    async def annoy(self, seconds: float) -> None:
        """For so long; then it takes what had come, and learns how it was closed."""
        headers = {"Authorization": f"Bearer {self.token}"}
        ends = time.monotonic() + seconds
        with suppress(OSError, TimeoutError, WebSocketException):
            async with connect(
                self.url, additional_headers=headers, open_timeout=5, max_queue=1, **LIKE_A_PAGE
            ) as socket:
                await socket.send(json.dumps({"type": "hello", "after": {}}))
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._ask_for_everything(socket)
                await asyncio.sleep(max(0, ends - time.monotonic()))
                with suppress(TimeoutError, WebSocketException):
                    async with asyncio.timeout(10):
                        while True:
                            await socket.recv()
                self.close_code = socket.close_code

    async def _ask_for_everything(self, socket: ClientConnection) -> None:
        while True:
            for ref in self.refs:
                await socket.send(json.dumps({"type": "resume", "ref": ref, "after": 0}))
            await asyncio.sleep(0.25)
