#!/bin/sh
# The policy pack's own virtual environment, once for this user, and a link to it where PulumiPolicy.yaml looks for it.
# Prints a folder for PATH with the program by which an engine without Pulumi's language hosts starts Python packs: the
# CLI that is built from Go modules has none. An engine with them does not need it. Argument: the Python to use.
set -eu
python=${1:-python3}
here=$(cd "$(dirname "$0")/.." && pwd)
wanted=$(sha256sum "$here/policy/requirements.txt" | cut -c 1-12)
root=${XDG_CACHE_HOME:-$HOME/.cache}/postgres-estate/policy-$wanted
venv=$root/venv
starter=$root/bin/pulumi-analyzer-policy-python

mkdir -p "$root"
exec 9> "$root/build.lock"
flock 9 # two clones may set up at once: one builds, the other waits
if [ ! -x "$starter" ]; then
    echo "setup: virtual environment of the policy pack, once for this user" >&2
    "$python" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check \
        -r "$here/policy/requirements.txt" >&2
    mkdir -p "$root/bin"
    # The engine gives its address and the pack's folder, and then the runtime's options, which are for a language host.
    {
        echo '#!/bin/sh'
        echo "exec '$venv/bin/python' -u -m pulumi.policy \"\$1\" \"\$2\""
    } > "$starter.new"
    chmod +x "$starter.new"
    mv "$starter.new" "$starter" # whole or not at all
fi
# A copy that somebody else made in this place is left alone.
if [ -L "$here/policy/.venv" ] || [ ! -e "$here/policy/.venv" ]; then
    ln -sfn "$venv" "$here/policy/.venv"
fi
echo "$root/bin"
