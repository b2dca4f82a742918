"""A real server for tests: uvicorn on a free port, the way production runs it, and a client for its sockets."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """Serve an ASGI application; yields its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_level="warning",
        ws="websockets-sansio",
        ws_max_size=128 * 1024,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


class Socket:
    """One websocket, with its frames sorted as they come: `await socket.wait_for("ack")`."""

    def __init__(self, url: str, **options: Any) -> None:
        self.url, self.options = url, options
        self.frames: list[dict[str, Any]] = []
        self.close_code: int | None = None

    async def __aenter__(self) -> Self:
        self.connection = await connect(self.url, **self.options)
        self.reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()
        await self.reader

    async def _read(self) -> None:
        try:
            async for text in self.connection:
                self.frames.append(json.loads(text))
        except ConnectionClosed:
            pass
        self.close_code = self.connection.close_code

    async def send(self, frame: Any) -> None:
        await self.connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def wait_for(self, type_: str, seconds: float = 5, **fields: Any) -> dict[str, Any]:
        """The first frame of this type and with these fields, taken out of `frames`."""
        async with asyncio.timeout(seconds):
            while True:
                for frame in self.frames:
                    if frame["type"] == type_ and all(frame.get(key) == value for key, value in fields.items()):
                        self.frames.remove(frame)
                        return frame
                if self.close_code is not None:
                    raise AssertionError(f"closed with {self.close_code}; waited for {type_}; had {self.frames}")
                await asyncio.sleep(0.01)

    async def wait_closed(self, seconds: float = 5) -> int | None:
        """The code that the server closes with."""
        async with asyncio.timeout(seconds):
            await asyncio.shield(self.reader)
        return self.close_code

    def events(self, ref: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == "event" and frame["ref"] == ref]
