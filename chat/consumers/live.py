"""What both sockets share: frames in, events out, a heartbeat that heals whatever was lost.

Redis only rings. Whoever hears a bell reads the events after the last one it sent, through
`visible_to`, so a bell that is lost, doubled or late can neither lose, double nor reorder anything.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, InterfaceError

from accounts.bells import ring
from accounts.models import User
from chat.actions import read_soon
from chat.frames import FrameError, client_id_of, parse
from chat.queries import READ_AT_ONCE, Head, find_ticket
from customers.models import Customer
from tickets.models import Event, Message, Ticket
from tickets.serializers import event_json

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 10.0
HEARTBEAT_JITTER = 1.0
STEP_SECONDS = 0.5
HELLO_SECONDS = 10.0
SEND_SECONDS = 10.0  # a client that takes nothing for this long is cut off, and resumes when it can
SOCKET_LIFE_SECONDS = 6 * 3600
TICKETS_AT_ONCE = 100

CLOSE_RESTART, CLOSE_NOT_SIGNED_IN, CLOSE_NOT_ALLOWED, CLOSE_TOO_SLOW, CLOSE_TOO_MANY = 1012, 4401, 4403, 4408, 4429
_CODES = {"conflict": "conflict", "too_long": "too_long", "closed": "closed"}


class TokenBucket:
    """At most `limit` uses in `seconds`, refilled evenly; for one socket, in memory."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.per_second = limit, limit / seconds
        self.left, self.at = float(limit), asyncio.get_running_loop().time()

    def take(self) -> bool:
        now = asyncio.get_running_loop().time()
        self.left = min(self.limit, self.left + (now - self.at) * self.per_second)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class LiveConsumer(AsyncWebsocketConsumer, ABC):
    """One socket. `viewer` is who may see through it: a User, a Customer, or None before hello."""

    handlers: ClassVar[dict[str, str]] = {}
    # How often a kind of frame may come: (times, seconds). "" is for all frames together.
    limits: ClassVar[dict[str, tuple[int, float]]] = {}
    rest_seconds: ClassVar[float] = 0.0  # between two reads: what rings meanwhile is read together

    async def connect(self) -> None:
        self.viewer: User | Customer | None = None
        self.is_greeted = False
        self.cursors: dict[int, int] = {}  # ticket number -> seq of the last event sent on this socket
        self.rewinds: dict[int, int] = {}  # positions that the client asked for
        self.dirty: dict[int, int] = {}  # ticket number -> head that rang since the last read
        self.watched: dict[str, int] = {}  # reference -> ticket number, all visible to the viewer
        self.joined: list[str] = []  # groups of the channel layer
        self.is_over = False
        self.flushing: asyncio.Task[None] | None = None
        self.pulse: asyncio.Task[None] | None = None
        self.buckets = {kind: TokenBucket(*limit) for kind, limit in self.limits.items()}
        self.ends_at = asyncio.get_running_loop().time() + SOCKET_LIFE_SECONDS * random.uniform(0.8, 1.0)  # noqa: S311
        try:
            is_admitted = await self.admit()
        except (DatabaseError, InterfaceError) as error:
            log.error("socket closed, database: %s", error)
            await self.close(CLOSE_RESTART)
            return
        if is_admitted:
            self.pulse = asyncio.create_task(self._keep_alive())

    async def disconnect(self, code: int) -> None:
        for task in (self.pulse, self.flushing):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        for group in self.joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        self.is_over = True
        await super().close(code, reason)

    # --- what a kind of socket decides ---------------------------------------------------

    @abstractmethod
    async def admit(self) -> bool:
        """Accept or refuse the handshake; True if it was accepted."""

    @abstractmethod
    async def check(self) -> tuple[int | None, list[Head]]:
        """(close code if the viewer's right has ended, heads of what is watched)."""

    async def on_pulse(self) -> None:
        """What else goes out with a heartbeat."""

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As Channels does it, but without its visit to the database's thread before each frame and bell.

        It goes there to tidy connections, which `database_sync_to_async` does around every use anyway; with
        one such thread a process, the visits queued behind all other work.
        """
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"No handler for message type {message['type']}")
        await handler(message)

    # --- frames in -----------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        # What came behind a message that could not be stored must not overtake it: the client sends both again.
        if self.is_over:
            return
        client_id = None
        try:
            frame = parse(text_data)
            client_id = client_id_of(frame)
            handler = self.handlers.get(frame["type"])
            if not self._may_come(frame["type"]):
                raise FrameError("rate_limited", "That was a lot at once. Wait a moment.", client_id)
            if handler is None:
                raise FrameError("unknown_type", "There is no such frame.")
            if not self.is_greeted and frame["type"] != "hello":
                await self.close(CLOSE_NOT_SIGNED_IN)
                return
            await getattr(self, handler)(frame)
        except FrameError as error:
            await self.send_frame(error.as_frame())
        except PermissionDenied:
            await self.send_frame(FrameError("forbidden", "That is not allowed.", client_id).as_frame())
        except ValidationError as error:
            code = _CODES.get(error.code if hasattr(error, "code") and error.code else "", "invalid")
            await self.send_frame(FrameError(code, " ".join(error.messages), client_id).as_frame())
        except (DatabaseError, InterfaceError) as error:
            # Not acknowledged, so the client keeps it and sends it again when it is back.
            log.error("socket closed, database: %s", error)
            await self.close(CLOSE_RESTART)

    def _may_come(self, kind: str) -> bool:
        """Whether one more frame of this kind is not too much at once."""
        return all(self.buckets[name].take() for name in ("", kind) if name in self.buckets)

    async def find(self, ref: str, client_id: str | None = None) -> Ticket:
        """The ticket of this reference if the viewer may see it. Errors: FrameError `not_found`."""
        ticket = await database_sync_to_async(find_ticket)(self.viewer, ref)
        if ticket is None:
            raise FrameError("not_found", "There is no such conversation.", client_id)
        return ticket

    async def acknowledge(self, message: Message, ref: str) -> None:
        """Tell the sender that the words are stored; only ever called after COMMIT."""
        event = message.event
        frame = {"type": "ack", "client_id": message.client_id, "ref": ref, "seq": event.seq}
        await self.send_frame(frame)
        if self.cursors.get(event.ticket_id) == self.prev_of(event):
            await self.send_event(event)  # their own words, a moment old: there is nothing to read back
        else:
            self.ring_for(event.ticket_id, event.seq)

    # --- bells in, events out ------------------------------------------------------------

    async def join(self, group: str) -> None:
        """Hear the bells of a group. Always before reading, so that nothing falls between."""
        self.joined.append(group)
        try:
            await self.channel_layer.group_add(group, self.channel_name)
        except Exception as error:  # noqa: BLE001  (without Redis the heartbeat still brings everything)
            log.warning("could not join %s: %s", group, error)

    async def bell(self, rung: dict[str, Any]) -> None:
        """Something happened on these tickets (from the channel layer)."""
        for number, (first, last) in rung["spans"].items():
            self.cursors.setdefault(int(number), first - 1)
            self.ring_for(int(number), last)

    async def recheck(self, rung: dict[str, Any]) -> None:
        """A right has changed (from the channel layer): ask now rather than at the next heartbeat."""
        if self.is_greeted and rung.get("user", self.reader.pk) == self.reader.pk:
            await self._beat_or_close()

    async def relay(self, relayed: dict[str, Any]) -> None:
        """A passing frame (typing, receipt) for those who watch its ticket (from the channel layer)."""
        if relayed["ticket"] in self.watched.values() and relayed["sender"] != self.channel_name:
            await self.send_frame(relayed["frame"])

    async def pass_on(self, group: str, number: int, frame: dict[str, Any], **said: Any) -> None:
        """Show a passing frame to others; nothing is lost if they miss it, and no words wait behind it.

        What else is `said` goes between our sockets only.
        """
        ring([(group, {"type": "relay", "ticket": number, "sender": self.channel_name, "frame": frame} | said)])

    def ring_for(self, number: int, seq: int) -> None:
        """Read up to `seq` soon, unless that was sent already."""
        if self.cursors.get(number, 0) < seq:
            self.dirty[number] = max(self.dirty.get(number, seq), seq)
            self._flush_soon()

    def rewind(self, number: int, seq: int) -> None:
        """Send the events after `seq` once more."""
        self.rewinds[number] = seq
        self._flush_soon()

    def _flush_soon(self) -> None:
        is_idle = self.flushing is None or self.flushing.done()
        if self.viewer is not None and is_idle and not self.is_over:
            self.flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        try:
            while self.dirty or self.rewinds:
                after = self._unsent()
                for events in await self._read(after):
                    await self._send_events(events)
                await asyncio.sleep(self.rest_seconds)
        except TimeoutError:
            await self.close(CLOSE_TOO_SLOW)
        except OSError:
            self.is_over = True  # the other end is gone while we were talking to it
        except (DatabaseError, InterfaceError) as error:
            log.error("socket closed, database: %s", error)
            await self.close(CLOSE_RESTART)

    def _unsent(self) -> dict[int, int]:
        """Where to read from, by ticket: what rang and was not sent meanwhile, and what was asked for again."""
        self.cursors |= self.rewinds
        rung = {n: self.cursors.get(n, seq - 1) for n, seq in self.dirty.items() if self.cursors.get(n, 0) < seq}
        after = rung | self.rewinds
        self.dirty, self.rewinds = {}, {}
        return after

    async def _read(self, after: dict[int, int]) -> list[list[Event]]:
        numbers = list(after)
        parts = [numbers[i : i + TICKETS_AT_ONCE] for i in range(0, len(numbers), TICKETS_AT_ONCE)]
        return [await read_soon(self.reader, {number: after[number] for number in part}) for part in parts]

    async def _send_events(self, events: list[Event]) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            for event in events:
                await self.send_event(event)
        if len(events) == READ_AT_ONCE:  # there may be more where these came from
            self.rewinds |= {event.ticket_id: self.cursors[event.ticket_id] for event in events}

    async def send_event(self, event: Event) -> None:
        self.cursors[event.ticket_id] = event.seq
        described = event_json(event, self.reader)
        frame = {"ref": event.ticket.reference, "seq": event.seq, "prev": self.prev_of(event), "event": described}
        await self.send_frame({"type": "event", **frame})

    @property
    def reader(self) -> User | Customer:
        """Who reads here; nothing is read or sent before it is known."""
        if self.viewer is None:
            raise PermissionDenied
        return self.viewer

    def prev_of(self, event: Event) -> int:
        """The seq of the event before this one that the viewer may see."""
        return event.public_prev if isinstance(self.viewer, Customer) else event.prev

    async def send_frame(self, frame: dict[str, Any]) -> None:
        """Put a frame on the line; what comes after the socket was closed is the next one's to bring."""
        if self.is_over:
            return
        await self.send(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))

    # --- the heartbeat -------------------------------------------------------------------

    async def _keep_alive(self) -> None:
        """Every ten seconds: may they still, what are the heads, and whatever a lost bell left unread."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(HELLO_SECONDS)
        if not self.is_greeted:
            await self.close(CLOSE_NOT_SIGNED_IN)
            return
        while loop.time() < self.ends_at:
            if not await self._beat_or_close():
                return
            wanted = loop.time() + HEARTBEAT_SECONDS + random.uniform(-HEARTBEAT_JITTER, HEARTBEAT_JITTER)  # noqa: S311
            # In step with the others of this process, so that one question serves all whose time has come.
            await asyncio.sleep(round(wanted / STEP_SECONDS) * STEP_SECONDS - loop.time())
        await self.close(CLOSE_RESTART)

    async def _beat_or_close(self) -> bool:
        """A heartbeat; False if the socket was closed over it."""
        try:
            return await self.beat()
        except TimeoutError:
            await self.close(CLOSE_TOO_SLOW)
        except OSError:
            self.is_over = True
        except (DatabaseError, InterfaceError) as error:
            log.error("socket closed, database: %s", error)
            await self.close(CLOSE_RESTART)
        return False

    async def beat(self) -> bool:
        """One heartbeat; False if the socket was closed because the viewer's right has ended."""
        code, heads = await self.check()
        if code is not None:
            await self.close(code)
            return False
        self.watch(heads)
        async with asyncio.timeout(SEND_SECONDS):
            await self.send_frame({"type": "heartbeat", "tickets": {ref: head for _, ref, head in heads}})
            await self.on_pulse()
        return True

    def watch(self, heads: Iterable[Head]) -> None:
        """These, and no others, are watched from now on; what is behind its head is read."""
        heads = list(heads)
        self.watched = {ref: number for number, ref, _ in heads}
        for number, _, head in heads:
            if self.cursors.setdefault(number, head) < head:
                self.ring_for(number, head)
