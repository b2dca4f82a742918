"""bin/bench NAME [options]: a benchmark is a module of this package with `main(argv) -> exit status`."""

import os
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import django

HELPERS = {
    *("__main__", "report", "bare", "crowd", "desks", "opening", "serving", "unlimited", "workday"),
    *("beside", "neighbour", "drawing"),
}


def names() -> list[str]:
    return sorted(module.name for module in iter_modules([str(Path(__file__).parent)]) if module.name not in HELPERS)


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in names():
        print(f"Usage: bin/bench [{'|'.join(names())}] [options], each with --help")
        return 0 if argv[:1] in (["--help"], ["-h"]) else 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    django.setup()
    return int(import_module(f"bench.{argv[0]}").main(argv[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
