"""Strangers' mails are read in a process of their own, with limits of time and memory, and without our secrets.

Each of our processes has one, started when first needed and kept; after a mail was too much for it, it is killed and
the next mail gets a new one.
"""

from __future__ import annotations

import atexit
import os
import selectors
import struct
import subprocess
import sys
import threading
import time

from django.conf import settings

from mailroom.parsing import Parsed
from mailroom.parsing.limits import TOO_LARGE, Limits, gettext_noop
from mailroom.parsing.wire import unpack

WALL_SECONDS = 4.0  # for one mail
MEMORY = 768 * 1024 * 1024  # bytes of address space
START_SECONDS = 30.0  # until a new process is ready; on our account, not the mail's
MAILS_PER_PROCESS = 1_000  # then a new one: what leaks, leaks little

TOOK_TOO_LONG = gettext_noop("Reading it took too long.")
TOOK_TOO_MUCH_MEMORY = gettext_noop("Reading it took too much memory.")
CRASHED = gettext_noop("Reading it broke what reads mails.")
MISTAKE = gettext_noop("It could not be read, by a mistake of ours.")

_LENGTH = struct.Struct(">Q")
_PIECE = 1 << 16


class UnreadableError(Exception):
    """This mail is not read, now or later. Its only argument says why, in English; whoever shows it translates."""


class _GoneError(Exception):
    """The process has ended instead of answering."""


class _SlowError(Exception):
    """The process did not answer in time."""


class Reader:
    """A process that reads, one mail at a time."""

    def __init__(self, *, seconds: float = WALL_SECONDS, memory: int = MEMORY) -> None:
        self.seconds = seconds
        self.memory = memory
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = 0  # the process that started it; a fork of ours must not share its pipes
        self.mails = 0
        self.lock = threading.Lock()

    def read(self, raw: bytes) -> Parsed:
        """Errors: UnreadableError; OSError or TimeoutError if no process could be started: not the mail's fault."""
        if len(raw) > Limits.size:
            raise UnreadableError(TOO_LARGE)
        with self.lock:
            return self._read(raw)

    def _read(self, raw: bytes) -> Parsed:
        self._start_if_needed()
        until = time.monotonic() + self.seconds
        try:
            try:
                answer = self._ask(raw, until)
            except _GoneError:
                # Somebody may have ended it, or an earlier mail: this one gets a process of its own, in the same time.
                self.close()
                self._start_if_needed()
                answer = self._ask(raw, max(until, time.monotonic() + self.seconds / 4))
        except _GoneError:
            self.close()
            raise UnreadableError(CRASHED) from None
        except _SlowError:
            self.close()
            raise UnreadableError(TOOK_TOO_LONG) from None
        except BaseException:
            self.close()  # its answer would be taken for that to the next mail
            raise
        return self._understood(answer)

    def _understood(self, answer: bytes) -> Parsed:
        kind, rest = answer[:1], answer[1:]
        if kind == b"P":
            try:
                return unpack(rest)
            except (ValueError, KeyError, TypeError):
                self.close()
                raise UnreadableError(CRASHED) from None
        if kind == b"T":
            raise UnreadableError(rest.decode())
        if kind == b"M":
            self.close()
        raise UnreadableError(TOOK_TOO_MUCH_MEMORY if kind == b"M" else MISTAKE)

    def close(self) -> None:
        """Ends the process, if it is ours; it has nothing to lose."""
        process, self.process = self.process, None
        if process is None or self.owner != os.getpid():
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _start_if_needed(self) -> None:
        if self.owner != os.getpid():
            self.process = None
        if self.process is not None and (self.process.poll() is not None or self.mails >= MAILS_PER_PROCESS):
            self.close()
        if self.process is not None:
            return
        arguments = [str(self.memory), str(int(self.seconds) + 2), str(settings.MESSAGE_MAX_CHARS)]
        self.process = subprocess.Popen(  # noqa: S603  (this Python, and numbers)
            [sys.executable, "-m", "mailroom.parsing.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=settings.BASE_DIR,
            env={"LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # and none of our secrets
            bufsize=0,
        )
        self.owner, self.mails = os.getpid(), 0
        try:
            self._receive(time.monotonic() + START_SECONDS)
        except (_GoneError, _SlowError):
            self.close()
            raise TimeoutError("the process that reads mails does not start") from None

    def _ask(self, raw: bytes, until: float) -> bytes:
        self.mails += 1
        self._send(_LENGTH.pack(len(raw)) + raw, until)
        return self._receive(until)

    def _send(self, data: bytes, until: float) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
        left = memoryview(data)
        while left:
            self._wait(pipe.fileno(), selectors.EVENT_WRITE, until)
            try:
                left = left[os.write(pipe.fileno(), left[:_PIECE]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise _GoneError from error

    def _receive(self, until: float) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None
        data = bytearray()
        length = None
        while length is None or len(data) < length:
            self._wait(pipe.fileno(), selectors.EVENT_READ, until)
            piece = os.read(pipe.fileno(), _PIECE * 4)
            if not piece:
                raise _GoneError
            data += piece
            if length is None and len(data) >= _LENGTH.size:
                length = _LENGTH.unpack_from(data)[0]
                del data[: _LENGTH.size]
        return bytes(data)

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    @staticmethod
    def _wait(descriptor: int, event: int, until: float) -> None:
        with selectors.PollSelector() as selector:
            selector.register(descriptor, event)
            if not selector.select(max(0.0, until - time.monotonic())):
                raise _SlowError


_reader = Reader()
atexit.register(_reader.close)


def read_bounded(raw: bytes) -> Parsed:
    """Read a mail, whatever its bytes do to whoever reads them.

    Errors: UnreadableError with the reason, for good; OSError or TimeoutError if it may be tried again.
    """
    return _reader.read(raw)
