#!/bin/sh
# Whether a Python can be built upon. Argument: the Python.
set -eu
python=$1
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "setup: Python 3.11 or newer is needed, and '$python' is not one; install it, or: make PYTHON=/path/to/python3.11" >&2
    exit 1
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "setup: '$python' has no venv module (Debian, Ubuntu: sudo apt-get install python3-venv)" >&2
    exit 1
fi
