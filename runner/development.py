"""The environment of development: databases of our own, a secret made here, mail that goes nowhere.

Production names all of this itself (docker-compose.yml, .env.example).
"""

import fcntl
import os
import re
import secrets
import shlex
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from runner.account import database_account, database_home
from runner.console import SetupError, step
from runner.environment import ROOT, on_path
from runner.services import Postgres, Service, Valkey, free_port

DEFAULTS = {"HOST": "127.0.0.1", "PORT": "8000", "WEB_PROCESSES": "1", "WORKER_PROCESSES": "2"}


def named_environment() -> dict[str, str]:
    """What the caller's environment says, then `.env`, with `.venv` first on the path."""
    file = ROOT / ".env"
    return on_path({**(read_env(file) if file.exists() else {}), **os.environ})


def read_env(file: Path) -> dict[str, str]:
    """`NAME=value` lines; a value may be quoted as in a shell."""
    found = {}
    for line in file.read_text().splitlines():
        name, equals, value = line.removeprefix("export ").partition("=")
        if equals and not line.startswith("#"):
            is_quoted = value[:1] in ("'", '"')
            found[name.strip()] = shlex.split(value, comments=True)[0] if is_quoted else value.strip()
    return found


def variable_names() -> set[str]:
    """Every variable of `.env.example`, which settings.py and the Procfile read."""
    return set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def write_env(file: Path, environment: Mapping[str, str], names: set[str]) -> None:
    """Those variables, readable by ourselves only, since passwords are among them."""
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={shlex.quote(environment[name])}\n" for name in sorted(names)))


class DataDir:
    """A folder with everything one installation stores, used by one runner at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.run_env = self.folder / "run.env"
        self._lock: IO[str] | None = None

    def try_lock(self) -> bool:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = open(self.folder / "lock", "w")  # noqa: SIM115
        except OSError as error:
            raise SetupError(
                f"{self.folder} cannot be written ({error.strerror}): name another with DATA_DIR."
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock  # held until this process ends
        return True

    def wipe(self) -> None:
        """Forget everything stored here, wherever the databases are."""
        shutil.rmtree(database_home(self.folder, database_account()), ignore_errors=True)
        for path in self.folder.iterdir():
            if path.name == "lock":
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def secret_key(self) -> str:
        file = self.folder / "secret"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(48))
        return file.read_text()


@contextmanager
def running_services(
    data: DataDir, named: Mapping[str, str], *, durable: bool
) -> Iterator[tuple[dict[str, str], list[Service]]]:
    """Start those databases that the environment does not name; answers the whole environment."""
    environment = dict(DEFAULTS) | dict(named)
    environment.setdefault("DEBUG", "1")
    environment["PYTHONUNBUFFERED"] = "1"  # what processes say is shown when they say it
    environment.setdefault("SECRET_KEY", data.secret_key())
    environment["DATA_DIR"] = str(data.folder)
    services: list[Service] = []
    kinds: dict[str, type[Postgres | Valkey]] = {"DATABASE_URL": Postgres, "REDIS_URL": Valkey}
    try:
        missing = [variable for variable in kinds if not environment.get(variable)]
        if missing:
            account = database_account()
            home = database_home(data.folder, account)
        for variable in missing:
            service: Service = kinds[variable](home, account, durable=durable)
            with step(service.name):
                service.start()
            services.append(service)
            environment[variable] = service.url
        yield environment, services
    finally:
        for service in reversed(services):
            service.stop()


def address(environment: Mapping[str, str]) -> str:
    """Where a browser on this machine finds the web process."""
    host = environment["HOST"]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    return f"http://{host}:{environment['PORT']}"


def answers(environment: Mapping[str, str]) -> bool:
    """Whether the web process is alive; asked on this machine, but by the name it goes by."""
    here = urlsplit(address(environment)).netloc
    name = urlsplit(environment.get("SITE_URL", "")).netloc or here
    connection = HTTPConnection(here, timeout=1)
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose_mail_port(environment: Mapping[str, str]) -> str:
    """The named port, else the usual one, else any."""
    usual = 8025
    return environment.get("MAIL_PORT") or str(usual if is_free("127.0.0.1", usual) else free_port())
