"""bin/run: everything set up and started, until Ctrl-C."""

import argparse
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from runner.console import SetupError, say, step
from runner.development import (
    DataDir,
    address,
    answers,
    choose_mail_port,
    is_free,
    named_environment,
    running_services,
    write_env,
)
from runner.environment import PYTHON, ROOT, call, prepare
from runner.procfile import expand, read_procfile
from runner.supervisor import Process, Supervisor

ABOUT = """\
Sets everything up and starts it: packages, a database, a Redis-compatible server, a demo company,
then the web server, the worker, the clock and a page that catches every mail. Ctrl-C stops all of it."""
VARIABLES = """\
Environment (or a file .env; all of it is in .env.example):
  PORT, HOST           where it listens (8000 on 127.0.0.1)
  DATA_DIR             where everything is stored (.data)
  DATABASE_URL         a PostgreSQL of your own instead of the one started here
  REDIS_URL            a Redis of your own instead of the one started here
  WEB_PROCESSES        1      WORKER_PROCESSES  2
"""
ANSWER_SECONDS = 60
SAVED = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DEBUG", "SITE_URL", "EMAIL_URL", "MAIL_PORT", "DATA_DIR"} | {
    "HOST",
    "PORT",
}


def run(arguments: list[str]) -> int:
    options = _parse(arguments)
    signal.signal(signal.SIGTERM, _stop_setting_up)
    signal.signal(signal.SIGINT, _stop_setting_up)
    named = named_environment()
    prepare()
    base = Path(named.get("DATA_DIR") or ROOT / ".data")
    data = DataDir(base / "fresh" if options.fresh else base)
    _claim(data, named)
    if options.reset:
        if named.get("DATABASE_URL"):
            raise SetupError("--reset wipes only what bin/run made itself, and DATABASE_URL names another database.")
        data.wipe()
    with running_services(data, named, durable=True) as (environment, services):
        _complete(environment)
        with step("Database tables"):
            call([str(PYTHON), "manage.py", "migrate", "--noinput"], "Making the tables", environment=environment)
        has_demo = not options.fresh and _make_demo(data, named, environment)
        write_env(data.run_env, environment, SAVED)
        processes = [
            Process(name, expand(line, environment), environment, ROOT) for name, line in read_procfile().items()
        ]
        supervisor = Supervisor(processes, services)
        supervisor.run(_Announcement(environment, has_demo=has_demo).is_done)
        data.run_env.unlink(missing_ok=True)
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "bin/run", description=ABOUT, epilog=VARIABLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--fresh", action="store_true", help="an empty company, stored apart (DATA_DIR/fresh) and kept between starts"
    )
    parser.add_argument("--reset", action="store_true", help="first wipe what is stored, with --fresh only that")
    return parser.parse_args(arguments)


def _stop_setting_up(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _claim(data: DataDir, named: Mapping[str, str]) -> None:
    """Nobody else uses this folder, and the port is free."""
    if not data.try_lock():
        raise SetupError(f"{data.folder} is in use by another bin/run: stop that one, or set DATA_DIR and PORT.")
    host, port = named.get("HOST", "127.0.0.1"), named.get("PORT", "8000")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise SetupError(f"PORT is '{port}' and must be a number up to 65535.")
    if not is_free(host, int(port)):
        raise SetupError(f"{host}:{port} cannot be used; another program has it. Choose another: PORT=8001 bin/run")


def _complete(environment: dict[str, str]) -> None:
    """What depends on the ports, unless the caller has named it."""
    environment["MAIL_PORT"] = choose_mail_port(environment)
    environment.setdefault("SITE_URL", address(environment))
    environment.setdefault("EMAIL_URL", f"smtp://127.0.0.1:{environment['MAIL_PORT']}")


def _make_demo(data: DataDir, named: Mapping[str, str], environment: Mapping[str, str]) -> bool:
    """The demo company on the first start; answers whether it is there."""
    made = data.folder / "demo-company"
    is_ours = not named.get("DATABASE_URL")
    if is_ours and made.exists():
        return True
    try:
        with step("Demo company"):
            call([str(PYTHON), "manage.py", "demo"], "Making the demo company", environment=environment)
    except SetupError as error:
        if is_ours:
            raise
        say(str(error))  # a database of the caller's own may hold their company already
        return False
    if is_ours:
        made.touch()
    return True


class _Announcement:
    """Says where it is as soon as it answers."""

    def __init__(self, environment: Mapping[str, str], *, has_demo: bool) -> None:
        self.environment, self.has_demo = environment, has_demo
        self.address = address(environment)
        self.deadline = time.monotonic() + ANSWER_SECONDS

    def is_done(self) -> bool:
        if answers(self.environment):
            print(self._text(), flush=True)
            return True
        if time.monotonic() > self.deadline:
            say(f"{self.address} does not answer after {ANSWER_SECONDS} s; the lines above say why.")
            return True
        return False

    def _text(self) -> str:
        lines = ["", f"Makegood answers at {self.address}/"]
        if self.has_demo:
            lines += [
                "  Sign in as  agent@example.com, manager@example.com or admin@example.com, password demo",
                f"  A shop with the chat on it:  {self.address}/widget/demo/",
            ]
        else:
            lines += ["  Open it to set up your company."]
        lines += [f"  Every mail that left:        {self.address}/mail/", "  Ctrl-C stops it.", ""]
        return "\n".join(lines)
