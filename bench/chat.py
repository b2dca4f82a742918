"""Messages a second that one web process carries, beside a bare Channels insert-and-echo.

    bin/bench chat [--sockets 50] [--seconds 8] [--rounds 3]

Both are served by one uvicorn process on the same durable Postgres (synchronous_commit=on) and the same channel
layer, and are measured in turn in one run. Each socket sends its next message when the one before has come full
circle: for the bare echo when the echo is back, for us when the message is acknowledged (after COMMIT) *and* its
event has been delivered. The figure that counts is the ratio (decisions: at least 0.6).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from accounts.models import Desk, Site
from bench import report
from bench.bare import create_table
from chat.actions import begin_conversation, start_visit

GOAL = 0.6


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bin/bench chat", description=__doc__)
    parser.add_argument("--sockets", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    guests = prepare(options.sockets)
    rounds = []
    for number in range(options.rounds):
        with serving("bench.bare:application") as url:
            bare = asyncio.run(measure(url, bare_client, list(range(options.sockets)), options.seconds))
        with serving("helpdesk.asgi:application") as url:
            ours = asyncio.run(measure(url, guest_client, guests, options.seconds))
        rounds.append({"bare": bare, "ours": ours, "ratio": ours["per_second"] / bare["per_second"]})
        print(f"round {number + 1}: bare {bare['per_second']:.0f}/s, ours {ours['per_second']:.0f}/s", file=sys.stderr)
    return report.chat(rounds, goal=GOAL)


def prepare(count: int) -> list[tuple[str, str]]:
    """The bare echo's table, and guests of our own, each in a conversation: (token, reference)."""
    create_table()
    if Desk.load() is None:
        Desk.objects.create(name="Bench")
    site = Site.objects.first() or Site.objects.create(name="Bench")
    guests = []
    for _ in range(count):
        visit = start_visit(site)
        ticket = begin_conversation(visit.visitor, body="Hello", client_id="hello")
        guests.append((visit.token, ticket.reference))
    return guests


@contextmanager
def serving(application: str) -> Iterator[str]:
    """One uvicorn process, as the Procfile starts it; yields its ws:// address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port)]
    options = ["--lifespan", "off", "--ws", "websockets-sansio", "--log-level", "warning"]
    environment = os.environ | {"GUEST_MESSAGES_PER_MINUTE": "10000000", "GUEST_CONVERSATIONS_PER_MINUTE": "10000000"}
    process = subprocess.Popen([*command, *options], env=environment)
    try:
        wait_for_port(port, process)
        yield f"ws://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server to be measured did not start")


async def measure(url: str, client: Any, guests: list[Any], seconds: float) -> dict[str, float]:
    """Messages a second and the time of one full circle, after a second of warming up."""
    circles: list[float] = []
    start = asyncio.Event()
    ends_at = [0.0]
    tasks = [asyncio.create_task(client(url, guest, start, ends_at, circles)) for guest in guests]
    await asyncio.sleep(1.5)
    ends_at[0] = time.perf_counter() + 1 + seconds
    start.set()
    await asyncio.sleep(1)
    circles.clear()
    began = time.perf_counter()
    await asyncio.gather(*tasks)
    took = time.perf_counter() - began
    ordered = sorted(circles)
    return {
        "per_second": len(circles) / took,
        "median_ms": statistics.median(ordered) * 1000,
        "p95_ms": ordered[int(len(ordered) * 0.95)] * 1000,
    }


async def bare_client(url: str, guest: int, start: asyncio.Event, ends_at: list[float], circles: list[float]) -> None:
    async with connect(f"{url}/room{guest}", compression=None) as connection:
        await start.wait()
        number = 0
        while (began := time.perf_counter()) < ends_at[0]:
            number += 1
            await connection.send(json.dumps({"client_id": f"{guest}.{number}", "body": words(number)}))
            await connection.recv()
            circles.append(time.perf_counter() - began)


async def guest_client(
    url: str, guest: tuple[str, str], start: asyncio.Event, ends_at: list[float], circles: list[float]
) -> None:
    token, ref = guest
    async with connect(f"{url}/ws/widget/", compression=None) as connection:
        await connection.send(json.dumps({"type": "hello", "token": token}))
        await until(connection, {"ready"})
        await start.wait()
        number = 0
        run = f"{time.time_ns():x}"
        while (began := time.perf_counter()) < ends_at[0]:
            number += 1
            post = {"type": "message.post", "ref": ref, "client_id": f"{run}.{number}", "body": words(number)}
            await connection.send(json.dumps(post))
            await until(connection, {"ack", "event"})
            circles.append(time.perf_counter() - began)


async def until(connection: ClientConnection, wanted: set[str]) -> None:
    """Read until one frame of each of these types has come."""
    missing = set(wanted)
    while missing:
        frame = json.loads(await connection.recv())
        if frame["type"] == "error":
            raise SystemExit(f"the server refused: {frame}")
        missing.discard(frame["type"])


def words(number: int) -> str:
    return f"Message {number}: the tyre that I ordered is a 42, and the one that I was handed is a 47."
