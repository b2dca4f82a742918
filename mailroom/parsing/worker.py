"""The process that reads: `python -m mailroom.parsing.worker MEMORY SECONDS CHARS`. Knows nothing of ours, not even
Django.

Frames both ways are a length of 8 bytes and that many bytes. A request is a mail; an answer is one letter and more:
`P` and the mail as in `wire`, `T` and why it is too much, `M` if the memory is used up (it ends then), `E` and the name
of an error, which is a mistake of ours. It says `R` once it is ready.
"""

from __future__ import annotations

import math
import resource
import struct
import sys
from contextlib import suppress
from typing import BinaryIO

from mailroom.parsing.letters import read
from mailroom.parsing.limits import Limits, TooMuchError
from mailroom.parsing.wire import pack

_LENGTH = struct.Struct(">Q")


def main(memory: int, seconds: int, limits: Limits) -> None:
    """Answers until nobody asks any more."""
    with suppress(ValueError, OSError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    _send(target, b"R")
    while (raw := _receive(source)) is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = math.ceil(used.ru_utime + used.ru_stime) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
        answer = _answer(raw, limits)
        _send(target, answer)
        if answer == b"M":
            return


def _answer(raw: bytes, limits: Limits) -> bytes:
    try:
        return b"P" + pack(read(raw, limits=limits))
    except TooMuchError as error:
        return b"T" + str(error).encode()
    except MemoryError:
        return b"M"
    except Exception as error:  # noqa: BLE001  (one mail must not end what reads the next)
        return b"E" + type(error).__name__.encode()


def _receive(source: BinaryIO) -> bytes | None:
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    raw = source.read(length)
    return raw if len(raw) == length else None


def _send(target: BinaryIO, answer: bytes) -> None:
    target.write(_LENGTH.pack(len(answer)))
    target.write(answer)
    target.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Limits(chars=int(sys.argv[3])))
