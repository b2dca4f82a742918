"""The channel layer: door-bells over Redis that nobody waits for, whether it is dead or hangs.

`channels_redis` lets a socket fail when it cannot subscribe, forgets the subscription, and waits for a hanging server
for ever. Here a socket connects without Redis, and its subscriptions are made when Redis is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer, RedisSingleShardConnection
from redis.exceptions import ConnectionError as RedisGoneError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
WAIT_SECONDS = 1.0  # for Redis to answer
AGAIN_SECONDS = 1.0  # until it is asked again after it did not
UNREACHABLE = (RedisError, OSError, TimeoutError)


class Connection(RedisSingleShardConnection):
    """One Redis server. What could not be subscribed or unsubscribed is owed, and done when the server is back."""

    def __init__(self, host: dict[str, Any], channel_layer: RedisPubSubLoopLayer) -> None:
        super().__init__(host, channel_layer)
        self._away_until = 0.0
        self._owed: dict[str, bool] = {}  # channel -> whether it is wanted
        self._paying: asyncio.Task[None] | None = None

    async def publish(self, channel: str, message: bytes) -> None:
        await self._ask(lambda: super(Connection, self).publish(channel, message))

    async def subscribe(self, channel: str) -> None:
        await self._settle(channel, is_wanted=True)

    async def unsubscribe(self, channel: str) -> None:
        await self._settle(channel, is_wanted=False)

    async def flush(self) -> None:
        if self._paying is not None:
            self._paying.cancel()
        self._owed.clear()
        await super().flush()

    async def _settle(self, channel: str, *, is_wanted: bool) -> None:
        act = super().subscribe if is_wanted else super().unsubscribe
        self._owed[channel] = is_wanted
        try:
            await self._ask(lambda: act(channel))
        except UNREACHABLE as error:
            log.warning("Redis is away, the heartbeat brings what it would have: %s", error)
            if self._paying is None or self._paying.done():
                self._paying = asyncio.create_task(self._pay())
            return
        if self._owed.get(channel) is is_wanted:
            del self._owed[channel]

    async def _pay(self) -> None:
        while self._owed:
            await asyncio.sleep(AGAIN_SECONDS)
            for channel, is_wanted in list(self._owed.items()):
                if self._owed.get(channel) is is_wanted:
                    await self._settle(channel, is_wanted=is_wanted)

    async def _ask(self, question: Callable[[], Awaitable[None]]) -> None:
        """Ask the server, unless it did not answer a moment ago. Errors: `UNREACHABLE`."""
        now = asyncio.get_running_loop().time
        if now() < self._away_until:
            raise RedisGoneError("it did not answer a moment ago")
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await question()
        except UNREACHABLE:
            self._away_until = now() + AGAIN_SECONDS / 2
            raise


class LoopLayer(RedisPubSubLoopLayer):
    _shards: list[RedisSingleShardConnection]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._shards = [Connection(shard.host, self) for shard in self._shards]


class Bells(RedisPubSubChannelLayer):
    """`CHANNEL_LAYERS`' backend."""

    def _get_layer(self) -> LoopLayer:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            super()._get_layer()  # also arranges that the loop's end closes it
            self._layers[loop] = LoopLayer(*self._args, **self._kwargs, channel_layer=self)
        layer: LoopLayer = self._layers[loop]
        return layer
