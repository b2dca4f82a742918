"""The workspace's socket."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, ClassVar

from channels.db import database_sync_to_async
from django.db import DatabaseError, InterfaceError

from accounts.bells import STAFF_GROUP, customer_group
from accounts.tokens import bearer
from chat.actions import Ringing, accept_chat, decline_chat, post_soon, ringing_for, who_waits
from chat.auth import header, is_from_our_origin, user_of
from chat.consumers.live import (
    CLOSE_NOT_SIGNED_IN,
    CLOSE_RESTART,
    CLOSE_TOO_SLOW,
    SEND_SECONDS,
)
from chat.consumers.looking import LookingConsumer
from chat.frames import FrameError, cursors_field, refs_field, seq_field, text_field, words_of
from chat.presence import mark_online
from chat.queries import Head, agent_heads, customer_id_of
from tickets.actions import Post, mark_seen
from tickets.models import Message, Ticket
from tickets.serializers import person_json

log = logging.getLogger(__name__)

WATCH_LIMIT = 500
REFERENCE_CHARS = 40
RANG_AGAIN = 2.0  # seconds that a ring's end must have moved by, to be another ring and not a rounded number


class AgentConsumer(LookingConsumer):
    """A socket of someone who works here: their session from our own origin, or their API token."""

    handlers: ClassVar[dict[str, str]] = {
        "hello": "on_hello",
        "watch": "on_watch",
        "message.post": "on_post",
        "resume": "on_resume",
        "typing": "on_typing",
        "seen": "on_seen",
        "look": "on_look",
        "chat.accept": "on_accept",
        "chat.decline": "on_decline",
    }
    # The server brings by itself what is behind a head; who asks for everything all the time costs the others.
    limits: ClassVar[dict[str, tuple[int, float]]] = {"resume": (100, 10), "look": (60, 60)}
    rest_seconds = 0.05  # every bell of the house rings here

    async def admit(self) -> bool:
        self.has_news = asyncio.Event()  # something that may have changed what rings
        self.telling: asyncio.Task[None] | None = None
        is_program = bool(bearer(header(self.scope, "authorization")))
        self.is_nobody = is_program  # no person sits there: a program listens, or a screen on a wall
        if not is_program and not is_from_our_origin(self.scope):
            await self.close()  # refuses the handshake: a page elsewhere learns nothing
            return False
        await self.accept()
        user = await database_sync_to_async(user_of)(self.scope)
        if user is None:
            await self.close(CLOSE_NOT_SIGNED_IN)
            return False
        self.viewer = user
        return True

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.telling is not None:
            self.telling.cancel()

    async def bell(self, rung: dict[str, Any]) -> None:
        await super().bell(rung)
        self.has_news.set()

    async def told(self, rung: dict[str, Any]) -> None:
        """Somebody was told of something, or has read it (from the channel layer): their pages look."""
        if self.is_greeted and self.reader.pk in rung["users"]:
            await self.send_frame({"type": "notified"})

    async def on_pulse(self) -> None:
        self.has_news.set()
        await self.say_look()

    async def check(self) -> tuple[int | None, list[Head]]:
        return await database_sync_to_async(self._look)()

    def _look(self) -> tuple[int | None, list[Head]]:
        user = user_of(self.scope)
        if user is None or user.pk != self.viewer.pk:
            return CLOSE_NOT_SIGNED_IN, []
        self.viewer = user
        self._be_here()
        return None, agent_heads(user, list(self.watched))

    def _be_here(self) -> None:
        """Say that this person can be reached, unless it is only a program or a screen of theirs that listens."""
        if not self.is_nobody:
            mark_online(self.viewer)

    # --- frames --------------------------------------------------------------------------

    async def on_hello(self, frame: dict[str, Any]) -> None:
        if self.is_greeted:
            raise FrameError("invalid", "You have said hello already.")
        after = cursors_field(frame, "after", limit=WATCH_LIMIT)
        self.is_nobody = self.is_nobody or frame.get("here") is False
        await self.join(STAFF_GROUP)
        heads = await database_sync_to_async(agent_heads)(self.viewer, list(after))
        await database_sync_to_async(self._be_here)()
        self.is_greeted = True
        ready = {"type": "ready", "viewer": person_json(self.viewer, self.viewer)}
        await self.send_frame(ready | {"tickets": {ref: head for _, ref, head in heads}})
        self.cursors |= {number: min(after[ref], head) for number, ref, head in heads}
        self.watch(heads)
        if not self.is_nobody:
            self.telling = asyncio.create_task(self._tell_what_rings())

    async def on_watch(self, frame: dict[str, Any]) -> None:
        refs = refs_field(frame, "refs", limit=WATCH_LIMIT)
        heads = await database_sync_to_async(agent_heads)(self.viewer, refs)
        self.watch(heads)
        await self.send_frame({"type": "heartbeat", "tickets": {ref: head for _, ref, head in heads}})

    async def on_post(self, frame: dict[str, Any]) -> None:
        said = words_of(frame)
        kind = frame.get("kind") or Message.Kind.REPLY
        if kind not in Message.Kind.values:
            raise FrameError("invalid", "`kind` is reply or note.", said.client_id)
        meant = frame.get("format") or Message.Format.PLAIN
        if meant not in Message.Format.values:
            raise FrameError("invalid", "`format` is plain or markdown.", said.client_id)
        ticket = await self.find(text_field(frame, "ref", limit=REFERENCE_CHARS), said.client_id)
        message = await post_soon(Post(ticket, by=self.viewer, kind=kind, format=meant, **said._asdict()))
        if message.ticket_id != ticket.pk:  # merged: the other one goes on for it
            ticket = await database_sync_to_async(Ticket.objects.get)(pk=message.ticket_id)
        await self.acknowledge(message, ticket.reference)

    async def on_resume(self, frame: dict[str, Any]) -> None:
        ticket = await self.find(text_field(frame, "ref", limit=REFERENCE_CHARS))
        self.rewind(ticket.pk, seq_field(frame, "after"))

    async def on_typing(self, frame: dict[str, Any]) -> None:
        ref = text_field(frame, "ref", limit=REFERENCE_CHARS)
        number = self.watched.get(ref)
        if number is None:
            return
        customer_id = await database_sync_to_async(customer_id_of)(number)
        typing = {"type": "typing", "ref": ref, "by": person_json(self.viewer, None)}
        await self.pass_on(customer_group(customer_id), number, typing)
        await self.pass_on(STAFF_GROUP, number, typing)

    async def on_seen(self, frame: dict[str, Any]) -> None:
        ticket = await self.find(text_field(frame, "ref", limit=REFERENCE_CHARS))
        seq = min(seq_field(frame, "seq"), ticket.last_seq)
        await database_sync_to_async(mark_seen)(ticket, by=self.viewer, seq=seq)
        if seq:  # told even if the page has noted it already: a page reaches no customer
            seen = {"type": "receipt", "ref": ticket.reference, "by": person_json(self.viewer, None), "seq": seq}
            await self.pass_on(customer_group(ticket.customer_id), ticket.pk, seen)

    async def on_accept(self, frame: dict[str, Any]) -> None:
        ticket = await self.find(text_field(frame, "ref", limit=REFERENCE_CHARS))
        await database_sync_to_async(accept_chat)(ticket, by=self.viewer)

    async def on_decline(self, frame: dict[str, Any]) -> None:
        ticket = await self.find(text_field(frame, "ref", limit=REFERENCE_CHARS))
        await database_sync_to_async(decline_chat)(ticket, by=self.viewer)
        self.has_news.set()

    # --- what rings ----------------------------------------------------------------------

    async def _tell_what_rings(self) -> None:
        """Say what rings for this person whenever that changes: asked after bells and with heartbeats.

        However many bells there are, one question a second is asked for all sockets of the process, and this
        person's own only while there is a chat that nobody has.
        """
        loop = asyncio.get_running_loop()
        told: dict[str, float] = {}  # reference -> when it stops ringing
        try:
            while not self.is_over:
                self.has_news.clear()
                left = {ring.ref: ring.seconds_left for ring in await self._what_rings()}
                rings = {ref: loop.time() + seconds for ref, seconds in left.items()}
                if rings.keys() != told.keys() or any(rings[ref] > told[ref] + RANG_AGAIN for ref in rings):
                    async with asyncio.timeout(SEND_SECONDS):
                        await self.send_frame({"type": "ringing", "tickets": left})
                told = rings
                await self._news_or(min(rings.values(), default=None))
        except TimeoutError:
            await self.close(CLOSE_TOO_SLOW)
        except OSError:
            self.is_over = True  # the other end is gone while we were talking to it
        except (DatabaseError, InterfaceError) as error:
            log.error("socket closed, database: %s", error)
            await self.close(CLOSE_RESTART)

    async def _what_rings(self) -> list[Ringing]:
        calls = (await who_waits()).calls
        return await database_sync_to_async(ringing_for)(self.viewer, calls) if calls else []

    async def _news_or(self, ends_at: float | None) -> None:
        """Wait for news, or until something stops ringing."""
        try:
            async with asyncio.timeout_at(ends_at):
                await self.has_news.wait()
        except TimeoutError:
            pass
