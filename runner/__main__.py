"""`python -m runner COMMAND`; people use the scripts in `bin/`."""

import sys
from pathlib import Path

# Whatever folder it was called from, `runner` and nothing of that folder is what we import.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from runner.commands import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
