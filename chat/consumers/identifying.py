"""A guest's socket turns out to be a known customer's, and goes on as theirs."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.db import database_sync_to_async

from accounts.bells import customer_group
from chat.actions import allow_guest, identify_visitor
from chat.consumers.live import CLOSE_NOT_SIGNED_IN, LiveConsumer
from chat.frames import FrameError
from chat.models import Visitor
from chat.queries import Head
from tickets.serializers import person_json

log = logging.getLogger(__name__)


class IdentifyingConsumer(LiveConsumer):
    """What a guest's socket needs in order to become somebody's: `visitor`, and the `token` that proved them."""

    visitor: Visitor | None
    token: str

    async def connect(self) -> None:
        self.turning = asyncio.Lock()  # held while the socket is between two people
        await super().connect()

    async def beat(self) -> bool:
        async with self.turning:
            return await super().beat()

    async def on_identify(self, frame: dict[str, Any]) -> None:
        """Believe the site's signature about who this is; the frame's `token` is the signature."""
        assert self.visitor is not None  # greeted
        if not await database_sync_to_async(allow_guest)("identify", f"visitor:{self.visitor.pk}"):
            raise FrameError("rate_limited", "That was a lot at once. Wait a moment.")
        async with self.turning:
            if self.flushing is not None:
                await asyncio.wait([self.flushing])  # it reads as the one, and must not send as the other
            if not self.is_over:
                await self._turn(frame.get("token"))

    async def _turn(self, proof: object) -> None:
        was = self.viewer
        await database_sync_to_async(self._become)(proof)
        if was is None or was.pk != self.reader.pk:
            await self._leave_groups()
            await self.join(customer_group(self.reader.pk))
        code, heads = await self.check()
        if code is not None:
            await self.close(code)
            return
        # What stays theirs goes on where it was; the rest of what they have is asked for, as after `ready`.
        kept = {number for number, _, _ in heads}
        self.cursors = {number: seq for number, seq in self.cursors.items() if number in kept}
        self.dirty, self.rewinds = {}, {}
        tickets = {ref: head for _, ref, head in heads}
        viewer = person_json(self.viewer, self.viewer)
        await self.send_frame({"type": "identified", "token": self.token, "viewer": viewer, "tickets": tickets})
        self.watch(heads)
        await self.on_turned(heads)

    def _become(self, proof: object) -> None:
        """In the database's thread, so that nothing looks at a visitor who is gone already."""
        assert self.visitor is not None
        known = identify_visitor(self.visitor, token=self.token, proof=proof)
        self.change_visitor(known.visitor)
        self.viewer, self.token = known.customer, known.token

    async def is_turned_in(self) -> bool:
        """Whether this visitor's token was changed for a new one elsewhere; then the socket is closed by it."""
        code, _ = await self.check()
        if code == CLOSE_NOT_SIGNED_IN:
            await self.close(code)
        return code == CLOSE_NOT_SIGNED_IN

    async def _leave_groups(self) -> None:
        left, self.joined = self.joined, []
        for group in left:
            try:
                await self.channel_layer.group_discard(group, self.channel_name)
            except Exception as error:  # noqa: BLE001  (whoever rings there still, this socket may not read it)
                log.warning("could not leave %s: %s", group, error)

    # --- what the socket decides ---------------------------------------------------------

    def change_visitor(self, visitor: Visitor) -> None:
        self.visitor = visitor

    async def on_turned(self, heads: list[Head]) -> None:
        """What else is said to somebody who has just become known."""
