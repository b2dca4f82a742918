#!/bin/sh
# Find a Python that is new enough and hand over to the runner. Used by the scripts in bin/.
set -eu
here=$(dirname "$0")
# Standard input may be closed; an open one keeps later files off its number.
{ true <&0; } 2>/dev/null || exec </dev/null
for python in "${PYTHON:-python3.11}" python3 python3.12 python3.13 python3.14; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" "$here" "$@"
    fi
done
echo "Python 3.11 or newer is needed and none was found: install it (apt-get install python3 python3-venv) or name one with PYTHON=/path/to/python3." >&2
exit 1
