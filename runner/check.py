"""bin/test: every check there is, or pytest with the given arguments."""

import argparse
import os
import subprocess
from collections.abc import Mapping
from urllib.parse import urlsplit

from runner.browser import browser_environment
from runner.console import SetupError, say, step
from runner.development import DataDir, running_services, variable_names
from runner.environment import ROOT, on_path, prepare

NOTHING_RAN = 5  # pytest's own word for it
ABOUT = """\
usage: bin/test [arguments of pytest]

Without arguments: linters, types, import rules, container files, then all tests but the long ones.
With arguments: only pytest, with these arguments (bin/test tests/chat -k resume, bin/test -m long).
It uses databases and ports of its own and may run beside bin/run."""


def check(arguments: list[str]) -> int:
    if arguments in (["-h"], ["--help"]):
        print(ABOUT)
        return 0
    prepare(dev=True)
    data = _unused_data_dir()
    data.wipe()
    with running_services(data, _neutral_environment(), durable=False) as (environment, _services):
        environment |= browser_environment(environment)
        if arguments:
            statuses = run_pytest(arguments, environment)
            return max(statuses) if set(statuses) - {NOTHING_RAN} - {0} else min(statuses)
        failed = [name for name, command in linters().items() if not _passes(name, command, environment)]
        # Each process that tests needs a database: they copy this one instead of migrating their own.
        migrate = ["python", "manage.py", "migrate", "--verbosity", "0"]
        if _passes("a migrated database to copy", migrate, environment):
            environment["TEST_DATABASE_TEMPLATE"] = urlsplit(environment["DATABASE_URL"]).path.lstrip("/")
        # Here a kind of test that is missing altogether is a failure too.
        failed += ["pytest"] if any(run_pytest([], environment, is_everything=True)) else []
    say(f"\nFailed: {', '.join(failed)}" if failed else "\nEverything passed.")
    return 1 if failed else 0


def linters() -> dict[str, list[str]]:
    """What is checked without running the program, fastest first."""
    scripts = [str(path) for path in (*sorted((ROOT / "bin").iterdir()), ROOT / "runner/start.sh", ROOT / ".ci/run")]
    return {
        "style (ruff check)": ["ruff", "check", "."],
        "format (ruff format)": ["ruff", "format", "--check", "."],
        "shell scripts (shellcheck)": ["shellcheck", *scripts],
        "compose file": ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
        "workflow file": [
            "check-jsonschema",
            "--builtin-schema",
            "vendor.github-workflows",
            ".github/workflows/ci.yml",
        ],
        "Dockerfile (hadolint)": ["hadolint", "Dockerfile"],
        "import rules (lint-imports)": ["lint-imports"],
        "templates (djlint)": ["djlint", "--lint", "--quiet", "templates"],
        "migrations": ["python", "manage.py", "makemigrations", "--check", "--dry-run"],
        "types (mypy)": ["mypy"],
    }


# How all of a kind are run: shared out by what they share among themselves. A test in the browser that fails is tried
# once more, for a machine that is too busy is no mistake in the program; the last lines name each that was, since one
# that is named often has a race to be mended.
EVERYTHING = {
    # In their order, not by how many tests a file has: the slow ones have few, and would all be left for the end. They
    # wait as much as they reckon, so there are more processes than cores; a browser is several programs by itself.
    "not browser": ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"],
    "browser": ["-n", "2", "--dist", "worksteal", "--reruns", "1", "-rR"],
}


def run_pytest(arguments: list[str], environment: Mapping[str, str], *, is_everything: bool = False) -> list[int]:
    """The exit statuses of two runs: Playwright and pytest-asyncio cannot share a process."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-m", dest="marks", default="not long")
    options, others = parser.parse_known_args(arguments)
    statuses = []
    for kind, ways in EVERYTHING.items():
        say(f"\nTests: {kind}")
        command = ["python", "-m", "pytest", "-m", f"({options.marks}) and {kind}", *others]
        command += ways if is_everything else []
        statuses.append(subprocess.run(command, cwd=ROOT, env=environment).returncode)
    return statuses


def _passes(name: str, command: list[str], environment: Mapping[str, str]) -> bool:
    with step(name):
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    if done.returncode:
        say(f"{done.stdout.rstrip()}\n{name} FAILED\n")
    return done.returncode == 0


def _unused_data_dir() -> DataDir:
    """Several bin/test may run at once, each on databases of its own."""
    for number in range(1, 10):
        data = DataDir(ROOT / ".data" / f"test-{number}")
        if data.try_lock():
            return data
    raise SetupError("Nine other bin/test are running; wait for one of them.")


def _neutral_environment() -> dict[str, str]:
    """Ours without the settings of an installation: tests never touch a database they were not given."""
    kept = {name: value for name, value in os.environ.items() if name not in variable_names()}
    return on_path(kept) | {"DEBUG": "1", "SITE_URL": "http://127.0.0.1:8000", "EMAIL_URL": "smtp://127.0.0.1:9"}
