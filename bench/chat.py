"""What a web process carries beside a bare Channels insert-and-echo, what two carry, and how a crowd fares.

    bin/bench chat [--sockets 50] [--seconds 8] [--rounds 3] [--crowd 1000] [--rate 50] [--crowd-seconds 30]

Both are served by one uvicorn process on the same durable Postgres (synchronous_commit=on) and the same channel
layer, and are measured in turn in one run. Each socket sends its next message when the one before has come full
circle: for the bare echo when the echo is back, for us when the message is acknowledged (after COMMIT) *and* its
event has been delivered. The figure that counts is the ratio (decisions: at least 0.6).

The crowd (`bench.crowd`) is served by two processes; `--crowd 0` leaves it out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from accounts.models import Desk, Site
from bench import crowd, report
from bench.bare import create_table
from bench.serving import serving
from chat.actions import begin_conversation, start_visit

GOAL = 0.6


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bin/bench chat", description=__doc__)
    parser.add_argument("--sockets", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--crowd", type=int, default=1000, help="guests who hold a socket at the same time")
    parser.add_argument("--rate", type=float, default=50, help="messages a second of the whole crowd")
    parser.add_argument("--crowd-seconds", type=float, default=30)
    options = parser.parse_args(argv)
    status = measure_rounds(options) if options.rounds else 0
    return max(status, measure_crowd(options) if options.crowd else 0)


def measure_rounds(options: argparse.Namespace) -> int:
    """The bare echo, one process of ours and two of ours, in turn."""
    guests = prepare(options.sockets)
    rounds = []
    for number in range(options.rounds):
        with serving("bench.bare:application") as server:
            bare = asyncio.run(measure(server.url, bare_client, list(range(options.sockets)), options.seconds))
        with serving("bench.unlimited:application") as server:
            ours = asyncio.run(measure(server.url, guest_client, guests, options.seconds))
        with serving("bench.unlimited:application", workers=2) as server:
            two = asyncio.run(measure(server.url, guest_client, guests, options.seconds))
        rounds.append({"bare": bare, "ours": ours, "two": two, "ratio": ours["per_second"] / bare["per_second"]})
        speeds = (
            f"{name} {found['per_second']:.0f}/s" for name, found in (("bare", bare), ("ours", ours), ("two", two))
        )
        print(f"round {number + 1}: {', '.join(speeds)}", file=sys.stderr)
    return report.chat(rounds, goal=GOAL)


def measure_crowd(options: argparse.Namespace) -> int:
    """Two processes full of guests, some of whom never read."""
    guests, agents = crowd.prepare(options.crowd)
    with serving("helpdesk.asgi:application", workers=2) as server:
        found = asyncio.run(crowd.measure(server, guests, agents, rate=options.rate, seconds=options.crowd_seconds))
    return report.crowd(found, is_good=crowd.is_good(found))


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
