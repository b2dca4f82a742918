"""The process that reads: killed, hanging or short of memory, and what the next mail sees of that."""

from __future__ import annotations

import base64
import os
import signal
import statistics
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailroom import parsing
from mailroom.parsing.limits import TOO_LARGE, TOO_MANY_PARTS, Limits
from mailroom.parsing.wire import pack, unpack
from mailroom.reading import (
    CRASHED,
    TOOK_TOO_LONG,
    TOOK_TOO_MUCH_MEMORY,
    Reader,
    UnreadableError,
    read_bounded,
)
from tests.mailroom.test_parsing import BASE64, BOMBS, NASTY, PLAIN, mail, multi, part, typed
from tests.mailroom.test_quotes import MARKED
from tests.mailroom.winmails import winmail

ORDINARY = mail(b"My chair is broken.")
LARGE = typed(b"application/pdf", (b"QUJD" * 18 + b"\r\n") * 300_000, BASE64)


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.close()


def pid(reader: Reader) -> int:
    assert reader.process is not None
    return reader.process.pid


def test_it_reads_as_if_it_were_here(reader):
    for name, (raw, _) in NASTY.items():
        assert reader.read(raw) == parsing.read(raw), name
    assert reader.mails == len(NASTY), "all of them by one process"


@pytest.mark.parametrize("name", ["an invitation", "a report", "pictures within the HTML", "groups"])
def test_what_goes_over_the_wire_comes_back(name):
    parsed = parsing.read(NASTY[name][0])
    assert unpack(pack(parsed)) == parsed


@pytest.mark.parametrize("packed", [b"", b"\0\0\0\xff{}", b"\0\0\0\2{}", b"\0\0\0\2[]"])
def test_a_broken_answer_is_told_from_a_mail(packed):
    with pytest.raises((ValueError, KeyError, TypeError)):
        unpack(packed)


def test_what_is_too_much_says_why_and_costs_no_process(reader):
    reader.read(ORDINARY)
    before = pid(reader)
    with pytest.raises(UnreadableError, match=TOO_MANY_PARTS):
        reader.read(multi(b"mixed", *[PLAIN] * 101))
    with pytest.raises(UnreadableError, match=TOO_LARGE):
        reader.read(b"a" * (Limits.size + 1))
    assert reader.read(ORDINARY).text == "My chair is broken."
    assert pid(reader) == before


def test_a_mail_that_takes_long_is_given_up_and_the_next_is_read(reader):
    reader.read(ORDINARY)
    before = pid(reader)
    reader.seconds = 0.05
    with pytest.raises(UnreadableError, match=TOOK_TOO_LONG):
        reader.read(BOMBS["quotes in HTML"])
    reader.seconds = 4
    assert reader.read(ORDINARY).text == "My chair is broken."
    assert pid(reader) != before


def test_a_process_that_hangs_delays_the_next_mail_by_less_than_five_seconds(reader):
    reader.read(ORDINARY)
    os.kill(pid(reader), signal.SIGSTOP)
    begun = time.monotonic()
    with pytest.raises(UnreadableError, match=TOOK_TOO_LONG):
        reader.read(ORDINARY)
    given_up = time.monotonic() - begun
    assert 3.9 < given_up < 4.9
    assert reader.read(ORDINARY).text == "My chair is broken."


def test_a_large_mail_to_a_process_that_does_not_listen_is_given_up_too(reader):
    reader.read(ORDINARY)
    reader.seconds = 0.3
    os.kill(pid(reader), signal.SIGSTOP)
    with pytest.raises(UnreadableError, match=TOOK_TOO_LONG):
        reader.read(LARGE)


def test_a_mail_that_needs_too_much_memory_is_given_up(reader):
    reader.read(ORDINARY)
    idle = int(Path(f"/proc/{pid(reader)}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    reader.close()
    reader.memory = idle + len(LARGE) * 3 // 2
    assert reader.read(ORDINARY).text == "My chair is broken."
    with pytest.raises(UnreadableError, match=TOOK_TOO_MUCH_MEMORY):
        reader.read(LARGE)
    assert reader.read(ORDINARY).text == "My chair is broken."


def test_a_winmail_that_says_it_holds_four_billion_values_ends_in_time(reader):
    """tnefparse believes it and counts: until the memory or the time is used up."""
    many = struct.pack("<HHI", 0x1003, 0x3001, 0xFFFFFFFF)
    raw = multi(b"mixed", PLAIN, part(b"application/ms-tnef", base64.b64encode(winmail(count=1, inner=many)), BASE64))
    begun = time.monotonic()
    try:
        assert reader.read(raw).text == "Hi"
    except UnreadableError as error:
        assert str(error) in (TOOK_TOO_LONG, TOOK_TOO_MUCH_MEMORY, CRASHED)  # noqa: PT017
    assert reader.read(ORDINARY).text == "My chair is broken."
    assert time.monotonic() - begun < 6


def test_who_is_killed_while_idle_is_replaced(reader):
    for _ in range(5):
        reader.read(ORDINARY)
        os.kill(pid(reader), signal.SIGKILL)
    assert reader.read(ORDINARY).text == "My chair is broken."


def test_who_is_killed_while_reading_is_replaced_and_the_mail_read(reader):
    reader.read(ORDINARY)
    first = pid(reader)
    os.kill(first, signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (first, signal.SIGKILL)).start()
    assert reader.read(ORDINARY).text == "My chair is broken."
    assert pid(reader) != first


def test_a_mail_that_ends_every_process_is_blamed(reader, monkeypatch):
    real, killed = reader._ask, []

    def ask(raw: bytes, until: float) -> bytes:
        killed.append(pid(reader))
        os.kill(killed[-1], signal.SIGKILL)
        return real(raw, until)

    monkeypatch.setattr(reader, "_ask", ask)
    with pytest.raises(UnreadableError, match=CRASHED):
        reader.read(LARGE)
    assert len(set(killed)) == 2, "one more try in a new process"
    monkeypatch.undo()
    assert reader.read(ORDINARY).text == "My chair is broken."


def test_many_kills_at_any_moment_harm_nobody_else(reader):
    ending = threading.Event()

    def nemesis() -> None:
        while not ending.wait(0.05):
            process = reader.process
            if process is not None and process.returncode is None:
                process.send_signal(signal.SIGKILL)

    thread = threading.Thread(target=nemesis)
    thread.start()
    outcomes = []
    try:
        for _ in range(20):
            try:
                outcomes.append(reader.read(ORDINARY).text)
            except UnreadableError as error:
                outcomes.append(str(error))
            except TimeoutError:
                outcomes.append("no process")
    finally:
        ending.set()
        thread.join()
    assert set(outcomes) <= {"My chair is broken.", CRASHED, "no process"}
    assert reader.read(ORDINARY).text == "My chair is broken."


def test_threads_share_it_and_each_gets_its_own_mail(reader):
    answers: dict[int, list[str]] = {}

    def read(number: int) -> None:
        answers[number] = [reader.read(mail(b"mail %d" % number)).text for _ in range(15)]

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: [f"mail {number}"] * 15 for number in range(4)}


def test_a_fork_starts_its_own_and_leaves_ours_alone(reader):
    """As Celery's workers are."""
    reader.read(ORDINARY)
    ours = pid(reader)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if reader.read(ORDINARY).text == "My chair is broken." and pid(reader) != ours else 2
            reader.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert reader.read(ORDINARY).text == "My chair is broken."
    assert pid(reader) == ours


def test_it_knows_no_secrets_and_has_limits(reader, settings):
    reader.read(ORDINARY)
    known = Path(f"/proc/{pid(reader)}/environ").read_bytes()
    assert b"SECRET" not in known
    assert b"DATABASE" not in known
    limits = Path(f"/proc/{pid(reader)}/limits").read_text()
    assert str(reader.memory) in limits
    assert settings.SECRET_KEY.encode() not in Path(f"/proc/{pid(reader)}/cmdline").read_bytes()


def test_it_ends_when_nobody_asks_any_more(reader):
    reader.read(ORDINARY)
    process = reader.process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=5) == 0


def test_it_is_replaced_after_many_mails(reader, monkeypatch):
    monkeypatch.setattr("mailroom.reading.MAILS_PER_PROCESS", 3)
    seen = set()
    for _ in range(7):
        reader.read(ORDINARY)
        seen.add(pid(reader))
    assert len(seen) == 3


def test_the_length_of_a_text_is_that_of_the_settings(settings, reader):
    settings.MESSAGE_MAX_CHARS = 50
    parsed = reader.read(mail(b"word " * 100))
    assert parsed.is_cut
    assert len(parsed.text) <= 50


def test_everybody_shares_one_reader():
    assert read_bounded(ORDINARY).text == "My chair is broken."


def test_ordinary_mails_are_read_in_a_few_milliseconds():
    """By the processor's clock: the machine may be busy with other things."""
    for raw in (ORDINARY, multi(b"alternative", PLAIN, part(b"text/html; charset=utf-8", MARKED["Gmail"].encode()))):
        took = []
        for _ in range(30):
            begun = time.process_time()
            parsing.read(raw)
            took.append(time.process_time() - begun)
        assert statistics.median(took) < 0.005
