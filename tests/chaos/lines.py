"""A small TCP proxy: each person's line to the desk, which can be cut, go dark or be slow, and the desk's front door.

Every connection goes to the next web process that takes it, as behind a balancer.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

CHUNK = 16 * 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, no time


class Balancer:
    """Takes turns among the web processes' ports and passes over those that refuse."""

    def __init__(self, ports: list[int]) -> None:
        self.ports, self.turn = ports, 0

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int] | None:
        self.turn += 1
        for number in range(len(self.ports)):
            port = self.ports[(self.turn + number) % len(self.ports)]
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(5):
                    return (*await asyncio.open_connection("127.0.0.1", port), port)
        return None


class Link:
    """One connection through a line."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter, port: int) -> None:
        self.client, self.server, self.port = client, server, port
        self.is_deaf = False  # what the server says does not arrive; what the client says does
        self.is_orphan = False  # the server's end is gone and the client does not know

    def close(self, *, reset: bool = False) -> None:
        for writer in (self.client, self.server):
            found = writer.get_extra_info("socket")
            if reset and found is not None:
                with suppress(OSError):
                    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort() if reset else writer.close()


class Line:
    """A port of its own; `url` is http://127.0.0.1:PORT."""

    def __init__(self, balancer: Balancer) -> None:
        self.balancer = balancer
        self.links: list[Link] = []
        self.light = asyncio.Event()  # unset: nothing passes, in either direction, and nobody is told
        self.light.set()
        self.delay = 0.0

    async def open(self, port: int = 0) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        self.server.close()
        self.light.set()
        self.cut()

    @property
    def port(self) -> int | None:
        """The web process at the other end of the newest connection."""
        return self.links[-1].port if self.links and not self.links[-1].is_orphan else None

    def cut(self, *, reset: bool = False) -> None:
        for link in self.links:
            link.close(reset=reset)

    async def half_open(self, seconds: float) -> None:
        """For so long words arrive and answers do not; then the server sees an end, and the client only silence."""
        links = list(self.links)
        for link in links:
            link.is_deaf = True
        await asyncio.sleep(seconds)
        for link in links:
            link.is_orphan = True
            link.server.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await self.balancer.dial()
        if found is None:
            writer.transport.abort()
            return
        back_reader, back_writer, port = found
        link = Link(writer, back_writer, port)
        self.links.append(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, back_writer, link))
                both.create_task(self._pump(back_reader, writer, link))
        finally:
            self.links.remove(link)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link) -> None:
        try:
            while data := await reader.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self.light.wait()
                if not link.is_orphan and not (link.is_deaf and writer is link.client):
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass
        if link.is_orphan and writer is link.client:
            return  # it will find out by the silence
        link.close()
