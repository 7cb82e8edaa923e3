#!/bin/sh
# Make the virtual environment with all that is pinned. Arguments: the Python to use, the folder.
set -eu
python=$1
venv=$2
echo "setup: virtual environment with what requirements-dev.txt pins"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check -r requirements-dev.txt
"$venv/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --editable .
# Compiled now, on all cores: pip would do it on one, and an environment that forbids Python to write bytecode would
# pay for it at each start. A package may ship files for other Pythons, which do not compile and are not used.
"$venv/bin/python" -m compileall -q -j 0 "$venv/lib" > /dev/null 2>&1 || true
touch "$venv/.installed"
