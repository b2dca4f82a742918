"""What all sockets of a process want to know is asked once for all of them, and not too often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.utils import timezone

from chat.queries import Call, open_calls

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")
CALLS_SECONDS = 1.0


class Shared(Generic[Key, Answer]):
    """The answer of `work` to a question, for whoever asks it; asked at most once in `seconds`."""

    def __init__(self, work: Callable[[Key], Answer], *, seconds: float) -> None:
        self.work, self.seconds = work, seconds
        self.loops: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Key, _Question[Answer]]] = WeakKeyDictionary()

    async def ask(self, key: Key, *, max_age: float = 0.0) -> Answer:
        """An answer that is at most `max_age` seconds old; with 0, one that nobody had looked for yet."""
        loop = asyncio.get_running_loop()
        question = self.loops.setdefault(loop, {}).setdefault(key, _Question())
        oldest = loop.time() - max_age
        if question.answers and question.asked_at >= oldest:
            return question.answers[0]
        if question.running is not None and question.begun_at >= oldest:
            return await asyncio.shield(question.running)
        if question.next is None:
            question.next = asyncio.create_task(self._ask(key, question))
        return await asyncio.shield(question.next)  # others wait for it too

    async def _ask(self, key: Key, question: _Question[Answer]) -> Answer:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(question.begun_at + self.seconds - loop.time())
        question.begun_at = begun_at = loop.time()
        # Who wants what is true from here on asks the next one.
        question.running = running = question.next
        question.next = None
        try:
            answer = await database_sync_to_async(self.work)(key)
        finally:
            if question.running is running:
                question.running = None
        question.asked_at, question.answers = begun_at, [answer]
        return answer


@dataclass
class _Question(Generic[Answer]):
    begun_at: float = float("-inf")
    asked_at: float = float("-inf")  # of the answer that is there
    answers: list[Answer] = field(default_factory=list)
    running: asyncio.Task[Answer] | None = None
    next: asyncio.Task[Answer] | None = None


@dataclass(frozen=True)
class Waiting:
    """The chats that nobody has, and each one's place among those of its team: 1 is next."""

    calls: list[Call]
    places: dict[str, int]


def look_who_waits() -> Waiting:
    calls = open_calls(timezone.now())
    counts: dict[int | None, int] = {}
    places = {}
    for call in calls:
        counts[call.team_id] = places[call.ref] = counts.get(call.team_id, 0) + 1
    return Waiting(calls, places)


async def who_waits(*, max_age: float = 0.0) -> Waiting:
    """Whose chats nobody has, as of `max_age` seconds ago at most."""
    return await _waiting.ask(None, max_age=max_age)


_waiting: Shared[None, Waiting] = Shared(lambda _: look_who_waits(), seconds=CALLS_SECONDS)
