"""Who of ours has which ticket open, told to the others who have it in sight.

Nothing is stored: whoever looks says so again with every heartbeat, and a screen forgets who was silent for longer.
"""

from __future__ import annotations

from typing import Any

from accounts.bells import STAFF_GROUP
from accounts.models import User
from chat.consumers.live import LiveConsumer
from chat.frames import text_field
from tickets.serializers import person_json

REFERENCE_CHARS = 40


class LookingConsumer(LiveConsumer):
    """What an agent's socket needs in order to say where its person is, and to hear where the others are."""

    viewer: User

    async def connect(self) -> None:
        self.looks_at: tuple[str, int] | None = None  # reference and number
        await super().connect()

    async def disconnect(self, code: int) -> None:
        await self._look_away()
        await super().disconnect(code)

    async def on_look(self, frame: dict[str, Any]) -> None:
        """They have opened this ticket in front of them; no `ref`: none."""
        ref = text_field(frame, "ref", limit=REFERENCE_CHARS, required=False)
        number = self.watched.get(ref) or ((await self.find(ref)).pk if ref else None)
        now_at = (ref, number) if number is not None else None
        if now_at == self.looks_at:
            return
        await self._look_away()
        self.looks_at = now_at
        await self.say_look(asks=True)

    async def say_look(self, *, asks: bool = False) -> None:
        """Say that we look; `asks` for an answer from those who do already."""
        if self.looks_at is not None:
            await self._pass_on_look(self.looks_at, is_here=True, asks=asks)

    async def relay(self, relayed: dict[str, Any]) -> None:
        frame = relayed["frame"]
        if frame["type"] != "looking":
            await super().relay(relayed)
            return
        is_me = frame["by"]["id"] == self.viewer.pk
        if not is_me:  # nobody is told where they are themselves, in another tab
            await super().relay(relayed)
        # One who comes is told who is here; and one of our tabs was closed, but this one looks still.
        wants_answer = relayed.get("asks") or (is_me and not frame["is_here"])
        if wants_answer and self.looks_at is not None and self.looks_at[1] == relayed["ticket"]:
            await self.say_look()

    async def _look_away(self) -> None:
        if self.looks_at is not None:
            was, self.looks_at = self.looks_at, None
            await self._pass_on_look(was, is_here=False)

    async def _pass_on_look(self, at: tuple[str, int], *, is_here: bool, asks: bool = False) -> None:
        ref, number = at
        by = person_json(self.viewer, self.viewer) | {"id": self.viewer.pk, "you": False}
        await self.pass_on(
            STAFF_GROUP, number, {"type": "looking", "ref": ref, "by": by, "is_here": is_here}, asks=asks
        )
