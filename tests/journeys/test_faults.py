"""Real processes die under live traffic, and nothing that was acknowledged is lost, doubled or out of order.

Each test ends with the same questions: is every acknowledged message stored exactly once, do the tickets keep
their rules, does every screen show what its viewer may see, each event once and in order (reliability, C1 to C4, C8).
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import pytest

from chat.consumers.live import HEARTBEAT_JITTER, HEARTBEAT_SECONDS
from tests.journeys.inside import PASSWORD
from tests.journeys.people import Person, until
from tests.journeys.running_desk import RunningDesk, running_desk

GUESTS = 3
EVERY_SECONDS = 0.05  # somebody says something this often
WITHOUT_BELLS_SECONDS = HEARTBEAT_SECONDS + HEARTBEAT_JITTER + 5
ACK_SECONDS = 3  # nothing waits for Redis; generous for a busy machine
BELL_SECONDS = 1
PAGE_SECONDS = 2
JOIN_SECONDS = 2  # a socket that comes while Redis is away asks it twice, a second each


@pytest.fixture(scope="module")
def the_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    with running_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture
def desk(the_desk: RunningDesk) -> RunningDesk:
    the_desk.make_whole()
    return the_desk


class Traffic:
    """Guests who chat, and Alice who answers, notes and has everything open."""

    def __init__(self, desk: RunningDesk, alice: Person, guests: dict[str, Person]) -> None:
        self.desk, self.alice, self.guests = desk, alice, guests
        self.people = [alice, *guests.values()]
        self.count = 0

    async def talk(self) -> None:
        """One after the other says something, without waiting for the acknowledgement of what was said before."""
        while True:
            ref = list(self.guests)[self.count % len(self.guests)]
            self.count += 1
            if self.count % 4:
                await self.guests[ref].say(f"guest's words {self.count}", ref)
            else:
                kind = "note" if self.count % 8 else "reply"
                await self.alice.say(f"Alice's words {self.count}", ref, kind)
            await asyncio.sleep(EVERY_SECONDS)

    async def settle(self, seconds: float = 20) -> None:
        """Everything is acknowledged, and everybody has seen what there is to see."""
        await until(lambda: not any(person.outbox for person in self.people), seconds, "every word to be acknowledged")
        self.truth = await asyncio.to_thread(self.desk.report)
        await until(self.is_seen, WITHOUT_BELLS_SECONDS, "every screen to show everything")

    def is_seen(self) -> bool:
        agents, customers = self.truth["agents"], self.truth["customers"]
        return all(
            len(self.alice.shows(ref)) >= len(agents[ref]) and len(guest.shows(ref)) >= len(customers[ref])
            for ref, guest in self.guests.items()
        )

    def check(self) -> None:
        stored, errors = self.truth["stored"], [error for person in self.people for error in person.errors]
        acked = [client_id for person in self.people for client_id in person.acked_at]
        assert {stored.get(client_id, 0) for client_id in acked} == {1}, "lost, or stored twice"
        assert self.truth["broken"] == []
        assert errors == []
        for ref, guest in self.guests.items():
            assert guest.shows(ref) == self.truth["customers"][ref]
            assert self.alice.shows(ref) == self.truth["agents"][ref]
            assert own_words(guest, ref) == guest.said[ref], "not in the order of sending"
            assert own_words(self.alice, ref) == self.alice.said[ref]
            assert {event.kind for event in guest.screen[ref]} <= {"reply", None}


def own_words(person: Person, ref: str) -> list[str]:
    """The ids of what a person said in a conversation after its first words, in the order they see it."""
    said = set(person.said[ref])
    return [event.client_id for event in person.screen[ref] if event.client_id in said]


@asynccontextmanager
async def everybody(desk: RunningDesk) -> AsyncIterator[Traffic]:
    """Alice and the guests are connected, each guest with a conversation that Alice has open."""
    socket = desk.url.replace("http", "ws", 1)
    async with AsyncExitStack() as stack:
        bearer = {"Authorization": f"Bearer {desk.cast['token']}"}
        alice = await stack.enter_async_context(Person(f"{socket}/ws/inbox/", additional_headers=bearer))
        guests = {}
        for number in range(GUESTS):
            token = await asyncio.to_thread(desk.new_guest)
            guest = await stack.enter_async_context(Person(f"{socket}/ws/widget/", {"token": token}, origin=desk.url))
            ref = await guest.open(f"Hello, I am guest {number}.")
            await alice.follow(ref)
            guests[ref] = guest
        traffic = Traffic(desk, alice, guests)
        await until(lambda: all(alice.screen[ref] and guest.screen[ref] for ref, guest in guests.items()), 10, "all")
        yield traffic


@asynccontextmanager
async def talking(traffic: Traffic) -> AsyncIterator[None]:
    """They talk as long as this lasts; then everything must be as if nothing had happened."""
    talk = asyncio.create_task(traffic.talk())
    try:
        yield
        assert not talk.done()
    finally:
        talk.cancel()
        await asyncio.gather(talk, return_exceptions=True)
    await traffic.settle()
    traffic.check()


async def ask(desk: RunningDesk, path: str, **options: Any) -> tuple[int, str]:
    return await asyncio.to_thread(desk.ask, path, **options)


async def test_postgres_goes_away_and_comes_back_under_traffic(desk: RunningDesk) -> None:
    assert (await ask(desk, "/readyz"))[0] == 200
    async with everybody(desk) as traffic, talking(traffic):
        await asyncio.sleep(1)
        await asyncio.to_thread(desk.postgres.stop)
        acked = {person: len(person.acked_at) for person in traffic.people}
        status, words = await asyncio.to_thread(desk.ask_as_alice, "/inbox/")
        assert (status, "Back in a moment" in words) == (503, True)
        assert (await ask(desk, "/accounts/login/"))[0] in (200, 503)
        assert (await ask(desk, "/readyz"))[0] == 503
        assert (await ask(desk, "/healthz"))[0] == 200
        await until(lambda: all(person.closes for person in traffic.people), 15, "everybody to notice")
        assert {person: len(person.acked_at) for person in traffic.people} == acked, "acknowledged without a database"
        assert any(person.outbox for person in traffic.people)
        await asyncio.to_thread(desk.start, desk.postgres)
        await asyncio.sleep(1)
    assert (await asyncio.to_thread(desk.ask_as_alice, "/inbox/"))[0] == 200
    assert (await ask(desk, "/readyz"))[0] == 200
    assert {code for person in traffic.people for code in person.closes[:1]} == {1012}, "told to come again"


async def test_a_killed_web_process_loses_nothing_and_everybody_resumes(desk: RunningDesk) -> None:
    async with everybody(desk) as traffic, talking(traffic):
        await asyncio.sleep(1)
        await asyncio.to_thread(desk.end_web, signal.SIGKILL)
        await asyncio.sleep(0.5)
        assert any(person.outbox for person in traffic.people)
        await asyncio.to_thread(desk.start_web)
        answers = time.monotonic()
        await until(lambda: all(person.hellos == 2 for person in traffic.people), 10, "everybody to be back")
        assert time.monotonic() - answers < 5
        await asyncio.sleep(1)


async def test_with_redis_dead_the_chat_goes_on_and_with_redis_back_it_is_live_again(desk: RunningDesk) -> None:
    async with everybody(desk) as traffic:
        ref, guest = next(iter(traffic.guests.items()))
        assert desk.valkey.process is not None
        async with talking(traffic):
            await asyncio.sleep(0.5)
            desk.valkey.process.kill()
            await asyncio.to_thread(desk.valkey.process.wait)
            at = time.monotonic()
            late = await guest.say("said without Redis", ref)
            answer = await traffic.alice.say("answered without Redis", ref)
            await until(lambda: {"said without Redis"} <= traffic.alice.seen_at.keys(), WITHOUT_BELLS_SECONDS, "words")
            await until(lambda: {"answered without Redis"} <= guest.seen_at.keys(), WITHOUT_BELLS_SECONDS, "the answer")
            await asyncio.sleep(at + 15 - time.monotonic())
            died_at = time.monotonic()
            await asyncio.to_thread(desk.start, desk.valkey)
        waits = [
            person.acked_at[client_id] - sent_at
            for person in traffic.people
            for client_id, sent_at in person.sent_at.items()
            if client_id in person.acked_at and sent_at < died_at
        ]
        assert max(waits) < ACK_SECONDS
        assert {late, answer} <= {client_id for person in traffic.people for client_id in person.acked_at}
        ref, guest = next(iter(traffic.guests.items()))
        await bells_ring_again(guest, traffic.alice, ref)
        assert [person.hellos for person in traffic.people] == [1] * len(traffic.people), "nobody had to come again"


async def bells_ring_again(speaker: Person, listener: Person, ref: str) -> None:
    """Three words in a row arrive at once, which no heartbeat could do, within ten seconds from now."""
    deadline, in_a_row = time.monotonic() + 10, 0
    while in_a_row < 3:
        assert time.monotonic() < deadline, "live bells do not come back"
        words = f"ping {time.monotonic()}"
        await speaker.say(words, ref)
        try:
            await until(lambda words=words: words in listener.seen_at, BELL_SECONDS, "a bell")
            in_a_row += 1
        except AssertionError:
            in_a_row = 0


@contextmanager
def redis_away(desk: RunningDesk, how: str) -> Iterator[None]:
    """Dead: nobody listens there. Hanging: it takes connections and never answers."""
    assert desk.valkey.process is not None
    desk.valkey.process.send_signal(signal.SIGKILL if how == "dead" else signal.SIGSTOP)
    try:
        yield
    finally:
        desk.valkey.process.send_signal(signal.SIGCONT)
        desk.make_whole()


@pytest.mark.parametrize("how", ["dead", "hanging"])
def test_no_page_waits_for_a_redis_that_does_not_answer(desk: RunningDesk, how: str) -> None:
    reply = f"/tickets/{desk.cast['ticket']}/reply/"
    assert desk.ask_as_alice(reply, {"body": "The first answer."}, **{"HX-Request": "true"})[0] == 200
    with redis_away(desk, how):
        for number in range(3):
            begun = time.monotonic()
            status, page = desk.ask_as_alice(reply, {"body": f"Answer {number}, {how}"}, **{"HX-Request": "true"})
            assert (status, f"Answer {number}, {how}" in page) == (200, True)
            assert time.monotonic() - begun < PAGE_SECONDS, "it waited for the broker's nudge"
        form = {"login": "alice@example.com", "password": PASSWORD}
        begun = time.monotonic()
        assert desk.ask("/accounts/login/")[0] == 200
        assert desk.ask("/accounts/login/", form)[0] == 302
        assert desk.ask("/accounts/login/", form | {"password": "wrong"})[0] == 200
        assert time.monotonic() - begun < 3 * PAGE_SECONDS, "signing in waited for Redis"
        assert desk.ask("/readyz")[0] == 503
    assert desk.ask("/readyz")[0] == 200


@pytest.mark.parametrize("how", ["dead", pytest.param("hanging", marks=pytest.mark.long)])
async def test_people_come_while_redis_is_away_and_hear_bells_when_it_is_back(desk: RunningDesk, how: str) -> None:
    await asyncio.to_thread(desk.end_web, signal.SIGKILL)  # a new process has no connection to Redis yet
    async with AsyncExitStack() as stack:
        with redis_away(desk, how):
            await asyncio.to_thread(desk.start_web)
            traffic = await stack.enter_async_context(everybody(desk))
            waits = [p.acked_at[one] - sent_at for p in traffic.people for one, sent_at in p.sent_at.items()]
            assert max(waits) < ACK_SECONDS + JOIN_SECONDS
        ref, guest = next(iter(traffic.guests.items()))
        await bells_ring_again(guest, traffic.alice, ref)
        await bells_ring_again(traffic.alice, guest, ref)
        await traffic.settle()
        traffic.check()
        assert [person.hellos for person in traffic.people] == [1] * len(traffic.people), "nobody had to come again"


async def test_an_orderly_end_tells_everybody_to_come_again(desk: RunningDesk) -> None:
    async with everybody(desk) as traffic, talking(traffic):
        await asyncio.sleep(0.5)
        begun = time.monotonic()
        await asyncio.to_thread(desk.end_web, signal.SIGTERM, 25)
        assert time.monotonic() - begun < 25
        await until(lambda: all(person.closes for person in traffic.people), 2, "the sockets to be closed")
        assert {person.closes[0] for person in traffic.people} == {1012}
        await asyncio.to_thread(desk.start_web)
        await until(lambda: all(person.hellos == 2 for person in traffic.people), 10, "everybody to be back")
