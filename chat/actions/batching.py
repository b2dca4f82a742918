"""Do together what waits for the database at the same time.

A process does its sockets' database work on one thread. Asked one by one, each question waits for the
round trips, and each message for the commit, of all before it; asked together they share them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")
BATCH = 100


class Batcher(Generic[Ask, Answer]):
    """Answers questions with `work`, which takes many and returns an answer or an exception for each, in order.

    While one batch is being worked on, the next one collects. There is one queue per event loop.
    """

    def __init__(self, work: Callable[[list[Ask]], list[Answer | Exception]]) -> None:
        self.work = work
        self.queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue[Ask, Answer]] = WeakKeyDictionary()

    async def ask(self, question: Ask) -> Answer:
        """The answer to this question, or its exception."""
        loop = asyncio.get_running_loop()
        return await self.queues.setdefault(loop, _Queue()).put(question, self.work)


class _Queue(Generic[Ask, Answer]):
    def __init__(self) -> None:
        self.waiting: list[tuple[Ask, asyncio.Future[Answer]]] = []
        self.running: asyncio.Task[None] | None = None

    async def put(self, question: Ask, work: Callable[[list[Ask]], list[Answer | Exception]]) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append((question, future))
        if self.running is None or self.running.done():
            self.running = asyncio.create_task(self._run(work))
        return await future

    async def _run(self, work: Callable[[list[Ask]], list[Answer | Exception]]) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
            try:
                answers = await database_sync_to_async(work)([question for question, _ in batch])
            except Exception as error:  # noqa: BLE001  (nobody may wait for ever; everybody is told)
                answers = [error] * len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():  # whoever asked is gone
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)
