"""A small IMAP server on 127.0.0.1 for tests: just the commands that fetching needs, and faults to order.

with ImapServer() as server:
    server.deliver(b"Subject: x\\r\\n\\r\\nHello")
    server.faults.cut_at.add(1)      # the connection breaks whenever mail 1 is asked for
"""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

_UID_FETCH = re.compile(r"(\S+) \((.*)\)", re.DOTALL)
_PARTIAL = re.compile(r"BODY\.PEEK\[\]<0\.(\d+)>")
_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")


@dataclass
class Stored:
    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)
    day: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Faults:
    """What goes wrong."""

    cut_at: set[int] = field(default_factory=set)  # UIDs at whose BODY the connection breaks, each time
    cut_once_at: set[int] = field(default_factory=set)
    refuse: set[int] = field(default_factory=set)  # UIDs whose BODY is answered with NO
    refuse_store: bool = False
    refuse_sign_in: bool = False
    read_only: bool = False
    hang_at: str = ""  # a command that is never answered
    greeting: bytes = b"* OK ready\r\n"
    huge_literal: bool = False
    drip: bool = False  # a byte a second


class ImapServer:
    def __init__(self, *, capabilities: str = "IMAP4rev1 UIDPLUS MOVE IDLE AUTH=XOAUTH2", tls: Any = None) -> None:
        self.capabilities, self.tls = capabilities, tls
        self.users = {"support@example.com": "secret"}
        self.tokens: set[str] = set()
        self.folders: dict[str, list[Stored]] = {"INBOX": []}
        self.uid_validity, self.uid_next = 17, 1
        self.faults = Faults()
        self.commands: list[str] = []
        self.port = 0
        self._bells: set[asyncio.Event] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    # What tests do
    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self.loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def deliver(self, raw: bytes, *, day: datetime | None = None) -> int:
        uid = self.uid_next
        self.uid_next += 1
        self.folders["INBOX"].append(Stored(uid, raw, day=day or datetime.now(UTC)))
        self.loop.call_soon_threadsafe(lambda: [bell.set() for bell in self._bells])
        return uid

    def count_anew(self) -> None:
        """Another UIDVALIDITY, and all numbers new, as after a restored backup."""
        self.uid_validity += 1
        for number, stored in enumerate(self.folders["INBOX"], 101):
            stored.uid = number
        self.uid_next = 101 + len(self.folders["INBOX"])

    def cut_all(self) -> None:
        self.loop.call_soon_threadsafe(lambda: [writer.transport.abort() for writer in self._writers])

    def flags(self, uid: int) -> set[str]:
        return next(stored.flags for stored in self.folders["INBOX"] if stored.uid == uid)

    # The server
    async def _start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls, limit=2**20)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _stop(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await _Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


class _Session:
    def __init__(self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.folder: list[Stored] = []
        self.is_known = False

    async def run(self) -> None:
        if self.server.faults.drip:
            for _ in range(600):
                self.say(b"* OK"[:1] if _ == 0 else b" ")
                await asyncio.sleep(0.2)
        self.say(self.server.faults.greeting)
        while line := await self._command():
            tag, _, rest = line.partition(" ")
            name, _, arguments = rest.partition(" ")
            name = name.upper()
            if name == "UID":
                name, _, arguments = arguments.partition(" ")
                name = f"UID {name.upper()}"
            self.server.commands.append(f"{name} {arguments}".strip())
            if self.server.faults.hang_at == name:
                await asyncio.sleep(3600)
            answer = await getattr(self, "do_" + name.lower().replace(" ", "_"), self._unknown)(tag, arguments)
            self.is_known |= name in ("LOGIN", "AUTHENTICATE") and answer.startswith("OK")
            self.say(f"{tag} {answer}\r\n".encode())
            if name == "LOGOUT":
                await self.writer.drain()
                return

    async def _command(self) -> str:
        line = await self.reader.readline()
        while found := _LITERAL.search(line):
            self.say(b"+ go on\r\n")
            line = line[: found.start()] + await self.reader.readexactly(int(found[1])) + await self.reader.readline()
        return line.decode("utf-8", "surrogateescape").rstrip("\r\n")

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def _unknown(self, _tag: str, _arguments: str) -> str:
        return "BAD what is that"

    async def do_capability(self, _tag: str, _arguments: str) -> str:
        # As real servers do: what it can do is said to whom it knows.
        said = self.server.capabilities if self.is_known else "IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN"
        self.say(f"* CAPABILITY {said}\r\n".encode())
        return "OK done"

    async def do_noop(self, _tag: str, _arguments: str) -> str:
        return "OK done"

    async def do_logout(self, _tag: str, _arguments: str) -> str:
        self.say(b"* BYE see you\r\n")
        return "OK done"

    async def do_login(self, _tag: str, arguments: str) -> str:
        name, _, password = arguments.partition(" ")
        good = self.server.users.get(name.strip('"')) == password.strip('"').replace('\\"', '"').replace("\\\\", "\\")
        return "OK signed in" if good and not self.server.faults.refuse_sign_in else "NO [AUTHENTICATIONFAILED] wrong"

    async def do_authenticate(self, _tag: str, arguments: str) -> str:
        from base64 import b64decode

        self.say(b"+ \r\n")
        said = b64decode(await self.reader.readline()).decode()
        if arguments == "PLAIN":
            _, name, password = said.split("\0")
            return "OK signed in" if self.server.users.get(name) == password else "NO wrong"
        token = said.partition("auth=Bearer ")[2].rstrip("\1")
        return "OK signed in" if token in self.server.tokens else "NO [AUTHENTICATIONFAILED] Invalid credentials"

    async def do_list(self, _tag: str, _arguments: str) -> str:
        for name in self.server.folders:
            self.say(f'* LIST (\\HasNoChildren) "/" "{name}"\r\n'.encode())
        return "OK done"

    async def do_status(self, _tag: str, arguments: str) -> str:
        name = arguments.split('"')[1]
        if name not in self.server.folders:
            return "NO no such folder"
        self.say(f'* STATUS "{name}" (UIDNEXT {self.server.uid_next})\r\n'.encode())
        return "OK done"

    async def do_select(self, _tag: str, arguments: str) -> str:
        name = arguments.strip('"')
        if name not in self.server.folders:
            return "NO [NONEXISTENT] no such folder"
        self.folder = self.server.folders[name]
        self.say(f"* {len(self.folder)} EXISTS\r\n* OK [UIDVALIDITY {self.server.uid_validity}] valid\r\n".encode())
        self.say(f"* OK [UIDNEXT {self.server.uid_next}] next\r\n".encode())
        if self.server.faults.read_only:
            self.say(b"* OK [READ-ONLY] only for reading\r\n")
            return "OK [READ-ONLY] opened"
        return "OK [READ-WRITE] opened"

    async def do_uid_search(self, _tag: str, arguments: str) -> str:
        found = [stored.uid for stored in self.folder]
        if arguments.startswith("UID "):
            first = int(arguments[4:].partition(":")[0])
            found = [uid for uid in found if uid >= first] or found[-1:]  # as "9:*" is understood
        elif arguments.startswith("SINCE "):
            day = datetime.strptime(arguments[6:], "%d-%b-%Y").replace(tzinfo=UTC)
            found = [stored.uid for stored in self.folder if stored.day >= day]
        self.say(("* SEARCH " + " ".join(map(str, found))).rstrip().encode() + b"\r\n")
        return "OK done"

    async def do_uid_fetch(self, _tag: str, arguments: str) -> str:
        match = _UID_FETCH.match(arguments)
        assert match
        wanted = {int(number) for number in match[1].split(",")}
        for place, stored in enumerate(self.folder, 1):
            if stored.uid in wanted:
                answer = self._fetch(place, stored, match[2])
                if answer:
                    return answer
                await self.writer.drain()
        return "OK done"

    def _fetch(self, place: int, stored: Stored, items: str) -> str:
        if "INTERNALDATE" in items:
            day = stored.day.strftime("%d-%b-%Y %H:%M:%S %z")
            self.say(f'* {place} FETCH (UID {stored.uid} INTERNALDATE "{day}")\r\n'.encode())
            return ""
        if "BODY.PEEK" not in items:
            self.say(f"* {place} FETCH (UID {stored.uid} RFC822.SIZE {len(stored.raw)})\r\n".encode())
            return ""
        faults = self.server.faults
        if stored.uid in faults.refuse:
            return "NO [SERVERBUG] this one is broken"
        if stored.uid in faults.cut_at | faults.cut_once_at:
            faults.cut_once_at.discard(stored.uid)
            self.say(f"* {place} FETCH (UID {stored.uid} BODY[] {{{len(stored.raw)}}}\r\n".encode())
            self.say(stored.raw[:3])
            self.writer.close()
            return ""
        if faults.huge_literal:
            self.say(f"* {place} FETCH (UID {stored.uid} BODY[] {{{10**12}}}\r\n".encode())
            return ""
        partial = _PARTIAL.search(items)
        raw = stored.raw[: int(partial[1])] if partial else stored.raw
        name = "BODY[]<0>" if partial else "BODY[]"
        self.say(f"* {place} FETCH (UID {stored.uid} {name} {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
        return ""

    async def do_uid_store(self, _tag: str, arguments: str) -> str:
        if self.server.faults.refuse_store:
            return "NO [NOPERM] this folder is only for reading"
        uid, _, flags = arguments.partition(" ")
        for stored in self.folder:
            if stored.uid == int(uid):
                stored.flags |= set(flags.partition("(")[2].rstrip(")").split())
        return "OK done"

    async def do_uid_copy(self, _tag: str, arguments: str) -> str:
        uid, _, name = arguments.partition(" ")
        target = name.strip('"')
        if target not in self.server.folders:
            return "NO [TRYCREATE] no such folder"
        self.server.folders[target] += [Stored(s.uid, s.raw, set(s.flags)) for s in self.folder if s.uid == int(uid)]
        return "OK done"

    async def do_uid_move(self, tag: str, arguments: str) -> str:
        answer = await self.do_uid_copy(tag, arguments)
        if answer.startswith("OK"):
            self.folder[:] = [stored for stored in self.folder if stored.uid != int(arguments.partition(" ")[0])]
        return answer

    async def do_uid_expunge(self, _tag: str, arguments: str) -> str:
        self.folder[:] = [s for s in self.folder if not (s.uid == int(arguments) and r"\Deleted" in s.flags)]
        return "OK done"

    async def do_expunge(self, _tag: str, _arguments: str) -> str:
        self.folder[:] = [stored for stored in self.folder if r"\Deleted" not in stored.flags]
        return "OK done"

    async def do_append(self, _tag: str, arguments: str) -> str:
        raw = arguments.partition(" ")[2].encode("utf-8", "surrogateescape")
        self.folder.append(Stored(self.server.uid_next, raw))
        self.server.uid_next += 1
        return "OK done"

    async def do_idle(self, _tag: str, _arguments: str) -> str:
        self.say(b"+ idling\r\n")
        bell = asyncio.Event()
        self.server._bells.add(bell)
        done = asyncio.create_task(self.reader.readline())
        try:
            while not done.done():
                ring = asyncio.create_task(bell.wait())
                await asyncio.wait({ring, done}, return_when=asyncio.FIRST_COMPLETED)
                ring.cancel()
                if bell.is_set():
                    bell.clear()
                    self.say(f"* {len(self.folder)} EXISTS\r\n".encode())
            if not done.result():
                raise ConnectionResetError
        finally:
            self.server._bells.discard(bell)
            done.cancel()
        return "OK done"
