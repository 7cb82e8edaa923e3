#!/bin/sh
# actionlint, which checks the workflows, and ShellCheck, with which it checks the shell in them. Prints where actionlint
# is; ShellCheck lies beside it, unless there is one on PATH. The tests of the workflows need both, nothing else does.
#
# actionlint is built once with Go into the user's cache folder; setup/actionlint/go.mod and go.sum pin every module.
# ShellCheck is Debian's package, unpacked there: that takes no root, and installs nothing.
set -eu
version=1.7.12
module=$(cd "$(dirname "$0")/actionlint" && pwd)
root=${XDG_CACHE_HOME:-$HOME/.cache}/postgres-estate/actionlint-$version
binary=$root/bin/actionlint

fail() {
    echo "setup: $1" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

mkdir -p "$root/bin"
exec 9> "$root/build.lock"
flock 9 # two clones may set up at once: one fetches and builds, the other waits

if ! command -v shellcheck > /dev/null && [ ! -x "$root/bin/shellcheck" ]; then
    command -v apt-get > /dev/null || fail "ShellCheck is missing; install it from https://www.shellcheck.net"
    echo "setup: fetching ShellCheck with apt-get" >&2
    work=$(mktemp -d "$root/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    (
        cd "$work" &&
            # apt's lists may be older than its archive, or there may be none yet; to renew them takes root.
            { apt-get -qq download shellcheck || { as_root apt-get -qq update && apt-get -qq download shellcheck; }; } &&
            dpkg-deb --extract shellcheck_*.deb . &&
            usr/bin/shellcheck --version &&
            mv usr/bin/shellcheck "$root/bin/shellcheck" # whole or not at all
    ) > "$root/build.log" 2>&1 ||
        fail "ShellCheck cannot be had: $(tail -n 3 "$root/build.log"); run \`sudo apt-get install shellcheck\`"
fi

if [ ! -x "$binary" ]; then
    command -v go > /dev/null ||
        fail "actionlint is built with Go, and there is none; install it from https://go.dev/doc/install"
    echo "setup: building actionlint $version with Go, once for this user (seconds)" >&2
    link_flags="-s -w -X github.com/rhysd/actionlint.version=$version"
    (
        cd "$module" &&
            CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "$link_flags" -o "$binary.new" \
                github.com/rhysd/actionlint/cmd/actionlint &&
            mv "$binary.new" "$binary" # whole or not at all
    ) > "$root/build.log" 2>&1 || fail "actionlint $version cannot be built: $(tail -n 3 "$root/build.log")"
fi
echo "$binary"
