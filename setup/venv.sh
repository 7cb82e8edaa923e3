#!/bin/sh
# Make the virtual environment with all that is pinned. Arguments: the Python to use, the folder.
set -eu
python=$1
venv=$2
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
if [ -n "${CI:-}" ]; then # some jobs may deploy: there each file must be the one that was pinned (setup/lock.py)
    echo "setup: virtual environment with what requirements-ci.txt pins, by version and sum"
    set -- --only-binary :all: --require-hashes -r requirements-ci.txt
else
    echo "setup: virtual environment with what requirements-dev.txt pins"
    set -- -r requirements-dev.txt
fi
install() { "$venv/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check "$@"; }
# What a killed pip left half installed can stop the next one: then all is made anew, once.
install "$@" || {
    echo "setup: the environment was not whole, or a package could not be had: once more, from the beginning" >&2
    "$python" -m venv --clear "$venv"
    install "$@"
}
# Built with the setuptools that was just installed: pip would fetch another copy, by version alone.
install --no-build-isolation --no-deps --editable .
# Compiled now, on all cores: pip would do it on one, and an environment that forbids Python to write bytecode would
# pay for it at each start. A package may ship files for other Pythons, which do not compile and are not used.
"$venv/bin/python" -m compileall -q -j 0 "$venv/lib" > /dev/null 2>&1 || true
touch "$venv/.installed"
