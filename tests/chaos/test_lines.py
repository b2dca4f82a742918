"""The proxy between people and desk does what its faults are named after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from runner.services import free_port
from tests.chaos.lines import Balancer, Line


@pytest.fixture
async def echo() -> AsyncIterator[list[str]]:
    """An echo server's port, and what became of its connections."""
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(100):
                writer.write(data)
            seen.append("end")
        except OSError:
            seen.append("reset")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    seen.append(str(server.sockets[0].getsockname()[1]))
    yield seen
    server.close()


@pytest.fixture
async def line(echo: list[str]) -> AsyncIterator[Line]:
    line = Line(Balancer([free_port(), int(echo[0])]))  # nobody listens at the first
    await line.open()
    yield line
    line.close()


async def dial(line: Line) -> Any:
    return await asyncio.open_connection("127.0.0.1", int(line.url.rpartition(":")[2]))


async def say(connection: Any, seconds: float = 2) -> bytes:
    reader, writer = connection
    writer.write(b"ping")
    async with asyncio.timeout(seconds):
        return await reader.read(4)


async def test_it_passes_over_a_dead_server_and_says_which_one_it_reached(line, echo):
    for _ in range(3):
        connection = await dial(line)
        assert await say(connection) == b"ping"
        assert line.port == int(echo[0])


async def test_a_cut_ends_both_sides(line, echo):
    connection = await dial(line)
    await say(connection)
    line.cut()
    assert await connection[0].read() == b""
    await asyncio.sleep(0.05)
    assert echo[1:] == ["end"]


async def test_a_reset_is_one(line):
    connection = await dial(line)
    await say(connection)
    line.cut(reset=True)
    with pytest.raises(ConnectionResetError):
        await connection[0].read()


async def test_in_the_dark_nothing_passes_and_afterwards_everything_does(line):
    connection = await dial(line)
    await say(connection)
    line.light.clear()
    with pytest.raises(TimeoutError):
        await say(connection, 0.2)
    line.light.set()
    assert await connection[0].read(4) == b"ping"


async def test_half_open_the_server_sees_an_end_and_the_client_only_silence(line, echo):
    connection = await dial(line)
    await say(connection)
    half_open = asyncio.create_task(line.half_open(0.5))
    await asyncio.sleep(0.05)
    assert echo[1:] == []
    with pytest.raises(TimeoutError):
        await say(connection, 0.2)
    await half_open
    await asyncio.sleep(0.05)
    assert echo[1:] in (["end"], ["reset"])
    assert line.port is None
    with pytest.raises(TimeoutError):
        await say(connection, 0.2)


async def test_a_slow_line_is_slow(line):
    connection = await dial(line)
    line.delay = 0.1
    began = asyncio.get_running_loop().time()
    assert await say(connection) == b"ping"
    assert asyncio.get_running_loop().time() - began >= 0.2
