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
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runner.account import database_account, database_home
from runner.environment import ROOT
from runner.procfile import expand, read_procfile
from runner.services import Postgres, Service, Valkey, ends_with_parent, free_port

START_SECONDS = 60
CSRF = "t" * 32
UNLIMITED = str(10**6)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class RunningDesk:
    def __init__(self, folder: Path) -> None:
        account = database_account()
        self.home = database_home(folder, account)
        self.postgres = Postgres(self.home, account, durable=True)
        self.valkey = Valkey(self.home, account, durable=False)  # started again, it is empty
        # What we start ends with the thread that started it, so one thread that lasts starts everything.
        self._starter = ThreadPoolExecutor(1)
        self.start(self.postgres)
        self.start(self.valkey)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "web.log"
        self.environment = os.environ | {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "DATA_DIR": str(folder),
            "SITE_URL": self.url,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "WEB_PROCESSES": "1",
            "DEBUG": "1",
            "SECRET_KEY": "only-of-this-test-only-of-this-test-only-of-this-test",
            "GUEST_MESSAGES_PER_MINUTE": UNLIMITED,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        self.web: subprocess.Popen[bytes] | None = None
        self._run("manage.py", "migrate", "--verbosity", "0")
        self.cast: dict[str, Any] = json.loads(self._run("-m", "tests.journeys.inside", "prepare"))

    def _run(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def report(self) -> dict[str, Any]:
        """What the database holds: see `inside.report`."""
        answer: dict[str, Any] = json.loads(self._run("-m", "tests.journeys.inside", "report"))
        return answer

    def start(self, service: Service) -> None:
        self._starter.submit(service.start).result()

    # --- The web process ---

    def start_web(self) -> None:
        self.web = self._starter.submit(self._spawn_web).result()
        deadline = time.monotonic() + START_SECONDS
        while self.ask("/healthz")[0] != 200:
            assert self.web.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "the web process does not answer"
            time.sleep(0.05)

    def _spawn_web(self) -> subprocess.Popen[bytes]:
        command = expand(read_procfile()["web"], self.environment)
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                preexec_fn=ends_with_parent(signal.SIGKILL),
            )

    def end_web(self, number: int, seconds: float = 30) -> None:
        assert self.web is not None
        self.web.send_signal(number)
        self.web.wait(seconds)

    def make_whole(self) -> None:
        """Everything runs, whatever the test before this one left."""
        for service in (self.postgres, self.valkey):
            if service.process is None or service.has_died():
                self.start(service)
        if self.web is None or self.web.poll() is not None:
            self.start_web()

    def stop(self) -> None:
        if self.web is not None and self.web.poll() is None:
            self.end_web(signal.SIGKILL)
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
