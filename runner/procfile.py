"""The Procfile: the only list of processes. bin/run, Docker and compose all start its lines."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from runner.console import SetupError
from runner.environment import ROOT

PROCFILE = ROOT / "Procfile"
_LINE = re.compile(r"([a-z][a-z0-9_-]*):\s+(\S.*)")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def read_procfile(file: Path = PROCFILE) -> dict[str, str]:
    """Name of each process and its line, in the file's order."""
    lines: dict[str, str] = {}
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.rstrip())
        if not match:
            raise SetupError(f"{file.name} line {number} is not 'name: command'.")
        if match[1] in lines:
            raise SetupError(f"{file.name} line {number}: there is a '{match[1]}' already.")
        lines[match[1]] = match[2]
    return lines


def expand(line: str, environment: Mapping[str, str]) -> list[str]:
    """The line as arguments, `${NAME}` replaced; a value with spaces stays one argument."""

    def value(match: re.Match[str]) -> str:
        if not environment.get(match[1]):
            raise SetupError(f"{match[1]} is not set, and the Procfile needs it; .env.example says what it is.")
        return environment[match[1]]

    return [_VARIABLE.sub(value, word) for word in shlex.split(line)]
