"""Which function stands behind which script in bin/."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from runner.browser import browser_environment
from runner.check import check
from runner.console import SetupError, say, step
from runner.development import DEFAULTS, DataDir, answers, named_environment, read_env, running_services
from runner.environment import DEV_LOCK, PYTHON, ROOT, RUNTIME_LOCK, call, on_path, prepare
from runner.procfile import expand, read_procfile
from runner.run import run

# The functions that mark words, beside those that Babel knows.
MARKS = "gettext_lazy ngettext_lazy:1,2 pgettext_lazy:1c,2 gettext_noop"


def main(arguments: list[str]) -> int:
    commands: dict[str, Callable[[list[str]], int]] = {
        "run": run,
        "test": check,
        "manage": manage,
        "bench": bench,
        "chaos": chaos,
        "lock": lock,
        "words": words,
        "process": process,
        "health": health,
    }
    if not arguments or arguments[0] not in commands:
        say(f"Usage: python -m runner [{'|'.join(commands)}] …")
        return 2
    try:
        return commands[arguments[0]](arguments[1:])
    except SetupError as error:
        say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    except OSError as error:
        if error.errno == errno.ENOSPC:
            say("\nThe disk is full. Free some space and start again.")
            return 1
        raise


def process(arguments: list[str]) -> int:
    """Become one process of the Procfile; containers start with this."""
    lines = read_procfile()
    if len(arguments) != 1 or arguments[0] not in lines:
        raise SetupError(f"Name one process: {', '.join(lines)}.")
    command = expand(lines[arguments[0]], os.environ)
    os.chdir(ROOT)
    os.execvp(command[0], command)


def health(_arguments: list[str]) -> int:
    """Whether the web process of this container answers."""
    return 0 if answers({**DEFAULTS, **os.environ}) else 1


def manage(arguments: list[str]) -> int:
    """manage.py against the database that the environment names, bin/run started, or is started for it."""
    prepare()
    command = [str(PYTHON), str(ROOT / "manage.py"), *arguments]
    named = named_environment()
    if named.get("DATABASE_URL"):
        return subprocess.run(command, env=named).returncode
    base = Path(named.get("DATA_DIR") or ROOT / ".data")
    data = DataDir(base)
    if started := _started_environment(base):
        return subprocess.run(command, env={**named, **started}).returncode
    if not data.try_lock():
        raise SetupError(f"bin/run is just starting or stopping in {data.folder}: try again in a moment.")
    with running_services(data, named, durable=True) as (environment, _services):
        return subprocess.run(command, env=environment).returncode


def _started_environment(base: Path) -> dict[str, str] | None:
    """What bin/run, with or without --fresh, wrote down while it runs."""
    for data in (DataDir(base), DataDir(base / "fresh")):
        if data.run_env.exists() and not data.try_lock():
            return read_env(data.run_env)
    return None


def bench(arguments: list[str]) -> int:
    """The benchmarks, on durable databases of their own; that of the workspace looks through a browser, too."""
    has_browser = arguments[:1] == ["workspace"]
    prepare(dev=has_browser)
    named = on_path(os.environ)
    if has_browser:
        named |= browser_environment(named)
    data = DataDir(Path(named.get("DATA_DIR") or ROOT / ".data") / "bench")
    if not data.try_lock():
        raise SetupError(f"Another bin/bench uses {data.folder}; wait for it, two would only measure each other.")
    with running_services(data, named, durable=True) as (environment, _services):
        environment.setdefault("SITE_URL", "http://127.0.0.1:8000")
        with step("Database tables"):
            call([str(PYTHON), "manage.py", "migrate", "--noinput"], "Making the tables", environment=environment)
        return subprocess.run([PYTHON, "-m", "bench", *arguments], cwd=ROOT, env=environment).returncode


def chaos(arguments: list[str]) -> int:
    """The history checker (docs/reliability.md), on servers of its own."""
    prepare(dev=True)
    return subprocess.run([PYTHON, "-m", "tests.chaos", *arguments], cwd=ROOT, env=on_path(os.environ)).returncode


# Plain Python of which there are no wheels: nothing is compiled.
FROM_SOURCE = ["--no-binary", "dkimpy", "--no-binary", "pyspf"]


def lock(arguments: list[str]) -> int:
    """requirements*.in to lock files with hashes; arguments go to uv (`--upgrade-package django`)."""
    prepare(dev=True)
    compile_ = [str(PYTHON), "-m", "uv", "pip", "compile", "--universal", "--python-version", "3.11", "--quiet"]
    compile_ += ["--only-binary", ":all:", *FROM_SOURCE, "--generate-hashes", "--no-emit-index-url"]
    compile_ += ["--custom-compile-command", "bin/lock", *arguments]
    for source, target, extra in (
        ("requirements-dev.in", DEV_LOCK.name, []),
        ("requirements.in", RUNTIME_LOCK.name, ["-c", DEV_LOCK.name]),
        ("bench/requirements-beside.in", "bench/requirements-beside.txt", []),
    ):
        with step(target):
            call([*compile_, source, "-o", target, *extra], f"Compiling {source}")
    return 0


def words(_arguments: list[str]) -> int:
    """Collect what the interface says from the code, and bring the texts of each language (locale/) up to date."""
    prepare()
    babel = [str(PYTHON), "-m", "babel.messages.frontend", "--quiet"]
    collect = ["extract", "-k", MARKS, "--add-location=file", "--no-wrap", "--sort-by-file"]
    update = ["update", "-d", "locale", "--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date"]
    with tempfile.TemporaryDirectory() as folder:
        for domain in ("django", "djangojs"):
            found, environment = f"{folder}/{domain}.pot", {**os.environ, "PYTHONPATH": str(ROOT)}
            with step(domain):
                command = [*babel, *collect, "-F", f"locale/{domain}.toml", "-o", found, "."]
                call(command, "Collecting the words", environment=environment)
                call([*babel, *update, "--no-wrap", "-D", domain, "-i", found], "Updating the texts")
    return 0
