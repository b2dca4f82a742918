"""Group commit: what arrives while the database is busy is stored together in the next transaction.

A process does its sockets' database work on one thread. Storing messages one by one, each waits for
the commits of all before it; stored together, they share one commit and a handful of statements.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError

from tickets.actions import Post, post_messages
from tickets.models import Message

BATCH = 100
Outcome = Message | Exception


async def post_soon(post: Post) -> Message:
    """Store a message with whatever else is waiting; returns when it is committed. Errors as `post_message`."""
    loop = asyncio.get_running_loop()
    return await _batchers.setdefault(loop, _Batcher()).post(post)


class _Batcher:
    """Collects posts while a batch is being stored, and then stores what has collected."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Post, asyncio.Future[Message]]] = []
        self.work: asyncio.Task[None] | None = None

    async def post(self, post: Post) -> Message:
        outcome = asyncio.get_running_loop().create_future()
        self.waiting.append((post, outcome))
        if self.work is None or self.work.done():
            self.work = asyncio.create_task(self._store_waiting())
        return await outcome

    async def _store_waiting(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
            try:
                outcomes = await database_sync_to_async(_store)([post for post, _ in batch])
            except Exception as error:  # noqa: BLE001  (nobody may wait for ever; each sender is told)
                outcomes = [error] * len(batch)
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if future.done():  # the socket is gone
                    continue
                if isinstance(outcome, Exception):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)


_batchers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Batcher] = WeakKeyDictionary()


def _store(posts: list[Post]) -> list[Outcome]:
    """All in one transaction; if one of them cannot be, each on its own, so that it fails alone."""
    try:
        return list(post_messages(posts))
    except (ValidationError, PermissionDenied, DatabaseError) as error:
        if len(posts) == 1:
            return [error]
    return [_store([post])[0] for post in posts]
