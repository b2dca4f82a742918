"""A whole desk as in production: its own durable Postgres, its own Valkey, the web process of the Procfile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from runner.account import database_account, database_home
from runner.environment import ROOT
from runner.procfile import expand, read_procfile
from runner.services import Postgres, Service, Valkey, ends_with_parent, free_port

START_SECONDS = 60
CSRF = "t" * 32
UNLIMITED = str(10**6)
Answer = TypeVar("Answer")


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class DeskProcess:
    """One line of the Procfile. `environment` is added to the desk's own."""

    def __init__(self, desk: RunningDesk, name: str, log: str, **environment: str) -> None:
        self.desk, self.name, self.log = desk, name, desk.folder / f"{log}.log"
        self.environment = desk.environment | environment
        self.popen: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def start(self) -> None:
        self.popen = self.desk.call(self._spawn)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                expand(read_procfile()[self.name], self.environment),
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=ends_with_parent(signal.SIGKILL),
            )

    def end(self, number: int, seconds: float = 30) -> None:
        """Send a signal and wait for the end; one that cannot be refused goes to its children too."""
        assert self.popen is not None
        if number == signal.SIGKILL:
            os.killpg(self.popen.pid, number)
        else:
            self.popen.send_signal(number)
        self.popen.wait(seconds)


class WebProcess(DeskProcess):
    def __init__(self, desk: RunningDesk, number: int, port: int) -> None:
        super().__init__(desk, "web", f"web{number}", PORT=str(port))
        self.port = port

    def start(self) -> None:
        """Start it and wait until it answers."""
        super().start()
        assert self.popen is not None
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self.popen.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "the web process does not answer"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class RunningDesk:
    """`url` is where people find it, if that is not its one web process itself. `inside` makes its cast."""

    inside = "tests.journeys.inside"
    postgres_kind = Postgres

    def __init__(self, folder: Path, *, webs: int = 1, url: str = "", **environment: str) -> None:
        account = database_account()
        self.folder = folder
        self.home = database_home(folder, account)
        self.postgres = self.postgres_kind(self.home, account, durable=True)
        self.valkey = Valkey(self.home, account, durable=False)  # started again, it is empty
        # What we start ends with the thread that started it, so one thread that lasts starts everything.
        self._starter = ThreadPoolExecutor(1)
        self.start(self.postgres)
        self.start(self.valkey)
        ports = [free_port() for _ in range(webs)]
        self.url = url or f"http://127.0.0.1:{ports[0]}"
        self.environment = os.environ | {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "DATA_DIR": str(folder),
            "SITE_URL": self.url,
            "HOST": "127.0.0.1",
            "PORT": str(ports[0]),
            "WEB_PROCESSES": "1",
            "WORKER_PROCESSES": "1",
            "DEBUG": "1",
            "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
            "SECRET_KEY": "only-of-this-test-only-of-this-test-only-of-this-test",
            "GUEST_MESSAGES_PER_MINUTE": UNLIMITED,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **environment,
        }
        self.webs = [WebProcess(self, number, port) for number, port in enumerate(ports, 1)]
        self.run_inside("manage.py", "migrate", "--verbosity", "0")
        self.cast: dict[str, Any] = json.loads(self.run_inside("-m", self.inside, "prepare"))

    def run_inside(self, *arguments: str) -> str:
        """What Python says to these arguments in this desk's environment."""
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def report(self) -> dict[str, Any]:
        """What the database holds: see `inside.report`."""
        answer: dict[str, Any] = json.loads(self.run_inside("-m", self.inside, "report"))
        return answer

    def call(self, work: Callable[[], Answer]) -> Answer:
        """Do it on the thread that lasts."""
        return self._starter.submit(work).result()

    def start(self, service: Service) -> None:
        self.call(service.start)

    # --- The web process ---

    def start_web(self) -> None:
        self.webs[0].start()

    def end_web(self, number: int, seconds: float = 30) -> None:
        self.webs[0].end(number, seconds)

    def make_whole(self) -> None:
        """Everything runs, whatever the test before this one left."""
        for service in (self.postgres, self.valkey):
            if service.process is None or service.has_died():
                self.start(service)
        for process in self.processes:
            if not process.is_running:
                process.start()

    @property
    def processes(self) -> list[DeskProcess]:
        return [*self.webs]

    def stop(self) -> None:
        for process in self.processes:
            if process.is_running:
                process.end(signal.SIGKILL)
        self.valkey.stop()
        self.postgres.stop()
        self._starter.shutdown()
        shutil.rmtree(self.home, ignore_errors=True)

    # --- Its pages ---

    def ask(
        self, path: str, form: dict[str, str] | None = None, *, seconds: float = 30, **headers: str
    ) -> tuple[int, str]:
        """Status and text of a page; 0 if nobody answers. A form is sent with what proves that it is ours."""
        headers |= {"Cookie": f"makegood_csrf={CSRF}; {headers.get('Cookie', '')}"}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form | {"csrfmiddlewaretoken": CSRF}).encode()
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.build_opener(NoRedirects).open(request, timeout=seconds) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ask_as_alice(
        self, path: str, form: dict[str, str] | None = None, *, seconds: float = 30, **headers: str
    ) -> tuple[int, str]:
        cookie = f"makegood_session={self.cast['session']}"
        return self.ask(path, form, seconds=seconds, **headers, Cookie=cookie)

    def new_guest(self) -> str:
        """The token of a browser that comes for the first time."""
        body = json.dumps({"site": self.cast["site"]}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/widget/start/", body), timeout=30) as answer:
            token: str = json.loads(answer.read())["token"]
            return token


@contextmanager
def running_desk(folder: Path) -> Iterator[RunningDesk]:
    desk = RunningDesk(folder)
    try:
        yield desk
    finally:
        desk.stop()
