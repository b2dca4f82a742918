"""The widget's socket."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import Any, ClassVar

from channels.db import database_sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError

from accounts.bells import STAFF_GROUP, customer_group
from accounts.models import Site
from accounts.net import clean_address
from chat.actions import Shared, allow_guest, begin_conversation, check_guest, note_page, post_soon, who_waits
from chat.auth import address_of, header, is_from_our_origin
from chat.browsers import USER_AGENT_CHARS, Page, one_line
from chat.consumers.identifying import IdentifyingConsumer
from chat.consumers.live import CLOSE_NOT_ALLOWED, CLOSE_NOT_SIGNED_IN, CLOSE_TOO_MANY, TokenBucket
from chat.frames import FrameError, Words, cursors_field, page_of, seq_field, text_field, words_of
from chat.models import Visitor, WidgetSettings
from chat.presence import presence
from chat.queries import TICKETS_PER_GUEST, Head, read_by_us, sent_by
from tickets.actions import Post, end_chat, mark_seen, rate_ticket
from tickets.models import Event, Ticket
from tickets.serializers import person_json

log = logging.getLogger(__name__)

SOCKETS_PER_VISITOR = 5
TYPING_CHARS = 500
PRESENCE_SECONDS = 10.0
REFERENCE_CHARS = 40
COMMENT_CHARS = 2000

_open_sockets: Counter[int] = Counter()  # visitor -> sockets in this process
QUEUE_SECONDS = 3.0
LEAVE_THE_QUEUE = {"agent.joined", "chat.ended", "ticket.resolved"}

_widgets: Shared[Site, WidgetSettings] = Shared(WidgetSettings.of, seconds=10.0)
_presence: dict[int, tuple[float, dict[str, Any]]] = {}  # site -> (when read, frame)


class GuestConsumer(IdentifyingConsumer):
    """A guest's socket: no cookies; the visitor's token in hello says who it is."""

    handlers: ClassVar[dict[str, str]] = {
        "hello": "on_hello",
        "message.post": "on_post",
        "resume": "on_resume",
        "typing": "on_typing",
        "seen": "on_seen",
        "chat.end": "on_end",
        "page": "on_page",
        "chat.rate": "on_rate",
        "identify": "on_identify",
    }

    # A page asks again for a gap every five seconds at most; who asks for everything all the time costs the others.
    limits: ClassVar[dict[str, tuple[int, float]]] = {"": (200, 10), "resume": (20, 10), "page": (30, 60)}

    async def admit(self) -> bool:
        self.visitor: Visitor | None = None
        self.token = ""
        self.said: dict[str, Any] | None = None
        self.places: dict[str, int] = {}  # reference -> the place in the queue that this guest was told
        self.left_queue_at = float("-inf")
        self.queueing: asyncio.Task[None] | None = None
        # A browser must come from the widget's own page; programs send no Origin and prove themselves by token.
        if header(self.scope, "origin") and not is_from_our_origin(self.scope):
            await self.close()
            return False
        self.address = address_of(self.scope)
        self.bucket = TokenBucket(*settings.GUEST_LIMITS["message"])
        await self.accept()
        return True

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.queueing is not None:
            self.queueing.cancel()
        if self.visitor is not None:
            self._count_socket(-1)

    def _count_socket(self, by: int) -> None:
        assert self.visitor is not None
        _open_sockets[self.visitor.pk] += by
        if _open_sockets[self.visitor.pk] <= 0:
            del _open_sockets[self.visitor.pk]

    async def check(self) -> tuple[int | None, list[Head]]:
        who = (self.visitor, self.viewer)
        if self.visitor is None:
            return CLOSE_NOT_SIGNED_IN, []
        guest = await check_guest(self.visitor.pk, self.address)
        if (self.visitor, self.viewer) != who:  # they wrote their first words meanwhile, or became known
            return await self.check()
        if guest.visitor is None:
            return CLOSE_NOT_SIGNED_IN, []
        if guest.is_turned_away:
            return CLOSE_NOT_ALLOWED, []
        self.visitor, self.viewer = guest.visitor, guest.visitor.customer
        return None, guest.heads

    async def on_pulse(self) -> None:
        await self._listen()
        await self._say_presence()
        await self._say_places(max_age=QUEUE_SECONDS)

    # --- frames --------------------------------------------------------------------------

    async def on_hello(self, frame: dict[str, Any]) -> None:
        if self.is_greeted:
            raise FrameError("invalid", "You have said hello already.")
        token = text_field(frame, "token", limit=200)
        after = cursors_field(frame, "after", limit=TICKETS_PER_GUEST)
        visitor = await database_sync_to_async(Visitor.objects.authenticate)(token)
        if visitor is None:
            await self.close(CLOSE_NOT_SIGNED_IN)
            return
        if _open_sockets[visitor.pk] >= SOCKETS_PER_VISITOR:
            await self.close(CLOSE_TOO_MANY)
            return
        _open_sockets[visitor.pk] += 1
        self.visitor, self.viewer, self.token = visitor, visitor.customer, token
        await self._listen()
        code, heads = await self.check()
        if code is not None:
            await self.close(code)
            return
        self.is_greeted = True
        await self.send_frame(
            {
                "type": "ready",
                "viewer": person_json(self.viewer, self.viewer) if self.viewer else None,
                "tickets": {ref: head for _, ref, head in heads},
            }
        )
        self.cursors |= {number: min(after[ref], head) for number, ref, head in heads if ref in after}
        self.watch(heads)
        await self._say_what_was_read(heads)
        await self._say_presence()
        self._say_places_soon()
        if visitor.page_url:
            await self._show_page(Page(visitor.page_url, visitor.page_title))

    async def on_post(self, frame: dict[str, Any]) -> None:
        said = words_of(frame)
        ref = text_field(frame, "ref", limit=REFERENCE_CHARS, required=False)
        if frame.get("kind") not in (None, "reply"):
            raise FrameError("forbidden", "Guests write no notes.", said.client_id)
        if not self.bucket.take():
            raise FrameError("rate_limited", "That was a lot at once. Wait a moment.", said.client_id)
        try:
            if ref:
                await self._post_on(ref, said)
            else:
                await self._open(said)
        except (FrameError, PermissionDenied):
            # In another tab they became known: nothing is refused, the client comes back and sends it again.
            was = self.viewer
            if await self.is_turned_in():
                return
            if was is None or self.viewer is None or was.pk == self.viewer.pk:
                raise
            await self._listen()  # one of us has just said who they are: they go on as that one
            await self._post_on(ref, said)

    async def on_resume(self, frame: dict[str, Any]) -> None:
        ticket = await self.find(text_field(frame, "ref", limit=REFERENCE_CHARS))
        self.rewind(ticket.pk, seq_field(frame, "after"))

    async def on_typing(self, frame: dict[str, Any]) -> None:
        ref = text_field(frame, "ref", limit=REFERENCE_CHARS)
        if ref in self.watched:  # typing is a courtesy: not worth a question to the database
            typing = {"type": "typing", "ref": ref, "by": person_json(self.viewer, None)}
            typing["text"] = text_field(frame, "text", limit=settings.MESSAGE_MAX_CHARS, required=False)[:TYPING_CHARS]
            await self.pass_on(STAFF_GROUP, self.watched[ref], typing)

    async def on_seen(self, frame: dict[str, Any]) -> None:
        ticket = await self.find(text_field(frame, "ref", limit=REFERENCE_CHARS))
        seq = min(seq_field(frame, "seq"), ticket.public_last_seq)
        if await database_sync_to_async(mark_seen)(ticket, by=self.viewer, seq=seq):
            receipt = {"type": "receipt", "ref": ticket.reference, "by": person_json(self.viewer, None), "seq": seq}
            await self.pass_on(STAFF_GROUP, ticket.pk, receipt)

    async def on_page(self, frame: dict[str, Any]) -> None:
        """Where they are now; nothing is answered, and nothing kept of what may not be."""
        assert self.visitor is not None  # greeted
        page = page_of(frame)
        if page is None:
            return
        user_agent = one_line(header(self.scope, "user-agent"), limit=USER_AGENT_CHARS)
        origin = {"user_agent": user_agent, "network_address": clean_address(self.address)}
        if await database_sync_to_async(note_page)(self.visitor, page=page, **origin):
            await self._show_page(page)

    async def on_end(self, frame: dict[str, Any]) -> None:
        ticket = await self.find(text_field(frame, "ref", limit=REFERENCE_CHARS))
        await database_sync_to_async(end_chat)(ticket, by=self.viewer)

    async def on_rate(self, frame: dict[str, Any]) -> None:
        assert self.visitor is not None  # greeted
        ticket = await self.find(text_field(frame, "ref", limit=REFERENCE_CHARS))
        comment = text_field(frame, "comment", limit=COMMENT_CHARS, required=False)
        if not self.bucket.take():
            raise FrameError("rate_limited", "That was a lot at once. Wait a moment.")
        if not (await database_sync_to_async(WidgetSettings.of)(self.visitor.site)).asks_rating:
            raise PermissionDenied
        await database_sync_to_async(rate_ticket)(ticket, by=self.viewer, score=frame.get("score"), comment=comment)

    def change_visitor(self, visitor: Visitor) -> None:
        self._count_socket(-1)
        super().change_visitor(visitor)
        self._count_socket(1)

    async def on_turned(self, heads: list[Head]) -> None:
        await self._say_what_was_read(heads)

    # --- steps ---------------------------------------------------------------------------

    async def _show_page(self, page: Page) -> None:
        """Let our people who look at the newest conversation see where its customer is now."""
        if self.watched:
            ref, number = max(self.watched.items(), key=lambda one: one[1])
            await self.pass_on(STAFF_GROUP, number, {"type": "visitor", "ref": ref, "page": page._asdict()})

    async def _open(self, said: Words) -> None:
        visitor = self.visitor
        assert visitor is not None  # greeted
        if not await database_sync_to_async(allow_guest)("open", f"visitor:{visitor.pk}"):
            raise FrameError("rate_limited", "That was a lot at once. Wait a moment.", said.client_id)
        ticket = await database_sync_to_async(begin_conversation)(visitor, **said._asdict())
        self.viewer = visitor.customer
        await self._listen()
        message = await database_sync_to_async(sent_by)(visitor.customer, said.client_id)
        self.watched[ticket.reference] = ticket.pk
        self.cursors.setdefault(ticket.pk, 0)
        await self.acknowledge(message, ticket.reference)
        self._say_places_soon()

    async def _post_on(self, ref: str, said: Words) -> None:
        if ref in self.watched:  # ours a moment ago; post_messages asks again under the lock
            ticket = Ticket(pk=self.watched[ref], reference=ref)
        else:
            ticket = await self.find(ref, said.client_id)
        message = await post_soon(Post(ticket, by=self.viewer, **said._asdict()))
        if message.ticket_id == ticket.pk:
            await self.acknowledge(message, ref)
            return
        # Solved too long ago, or merged: another conversation goes on for this one.
        new = await database_sync_to_async(Ticket.objects.get)(pk=message.ticket_id)
        self.watched[new.reference] = new.pk
        self.cursors.setdefault(new.pk, 0)
        await self.acknowledge(message, new.reference)

    async def find(self, ref: str, client_id: str | None = None) -> Ticket:
        """As of every socket; a guest who has said nothing here may have begun in another tab a moment ago."""
        if self.viewer is None:
            await self.check()
            await self._listen()
        return await super().find(ref, client_id)

    async def _listen(self) -> None:
        """Hear the customer's bells; a guest becomes a customer with the first words, perhaps in another tab, and two
        customers become one."""
        if self.viewer is not None and self.joined != [customer_group(self.viewer.pk)]:
            await self._leave_groups()
            await self.join(customer_group(self.viewer.pk))

    async def _say_what_was_read(self, heads: list[Head]) -> None:
        """What was seen before this socket opened is seen still."""
        ends = {number: (ref, head) for number, ref, head in heads}
        for mark in await database_sync_to_async(read_by_us)(heads) if heads else []:
            ref, head = ends[mark.ticket_id]
            receipt = {"ref": ref, "by": person_json(mark.user, None), "seq": min(mark.seq, head)}
            await self.send_frame({"type": "receipt", **receipt})

    async def _say_presence(self) -> None:
        assert self.visitor is not None
        site = self.visitor.site
        read_at, frame = _presence.get(site.pk, (0.0, {}))
        if time.monotonic() - read_at > PRESENCE_SECONDS:
            frame = await database_sync_to_async(presence)(site)
            _presence[site.pk] = (time.monotonic(), frame)
        if frame != self.said:
            self.said = frame
            await self.send_frame(frame)

    # --- the queue -----------------------------------------------------------------------

    async def send_event(self, event: Event) -> None:
        """Whoever sees that somebody of ours has come has left the queue, without another question."""
        await super().send_event(event)
        ref = event.ticket.reference
        if ref in self.places and (event.type in LEAVE_THE_QUEUE or event.by_user_id is not None):
            self.left_queue_at = asyncio.get_running_loop().time()
            await self._say_place(ref, 0)

    def _say_places_soon(self) -> None:
        """As soon as it can be known, without holding up what else this guest does."""
        if self.watched and (self.queueing is None or self.queueing.done()):
            self.queueing = asyncio.create_task(self._try_to_say_places())

    async def _try_to_say_places(self) -> None:
        try:
            await self._say_places()
        except (DatabaseError, InterfaceError, OSError) as error:
            log.warning("could not say the place in the queue: %s", error)  # the heartbeat meets it again

    async def _say_places(self, *, max_age: float = 0.0) -> None:
        """Tell the guest's place among those who wait, where it has changed; heartbeats bring the rest."""
        assert self.visitor is not None
        if not self.watched or not (await _widgets.ask(self.visitor.site, max_age=PRESENCE_SECONDS)).shows_queue:
            return
        asked_at = asyncio.get_running_loop().time()
        waiting = await who_waits(max_age=min(max_age, asked_at - self.left_queue_at))
        if self.left_queue_at >= asked_at:  # taken meanwhile: this answer may be older
            return
        for ref in [*self.places, *(ref for ref in self.watched if ref in waiting.places)]:
            await self._say_place(ref, waiting.places.get(ref, 0))

    async def _say_place(self, ref: str, place: int) -> None:
        if place == self.places.get(ref, 0):
            return
        self.places.pop(ref, None)
        if place:
            self.places[ref] = place
        await self.send_frame({"type": "queue", "ref": ref, "place": place})
