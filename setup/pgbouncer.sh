#!/bin/sh
# A newer PgBouncer than the distribution's, for the tests that hold the rendered pgbouncer.ini against both. Built once
# from the source in Debian's archive into the user's cache folder; prints where it is. Nothing else needs it.
#
#   setup/pgbouncer.sh            1.24.1, Debian 13's: the one that its archive keeps for years, so what the tests use
#   setup/pgbouncer.sh 1.25.2     for a look by hand; Debian's testing has it until the next release takes its place
#
# The archive is the one that apt is configured with, mirrors and proxies included: apt's own helper fetches the file
# and holds it against its SHA-256. PGBOUNCER_TARBALL names a file to use instead, where no archive of apt's has it.
set -eu
version=${1:-1.24.1}
case $version in
1.24.1) sha256=da72a3aba13072876d055a3e58dd4aba4a5de4ed6148e73033185245598fd3e0 ;;
1.25.2) sha256=924ad35113fd0a71c8e2dbe85b5d03445532e2b7b37a9f8a48983beea238b332 ;;
*)
    echo "setup: no checksum is known of PgBouncer $version; 1.24.1 and 1.25.2 can be built" >&2
    exit 64
    ;;
esac
root=${XDG_CACHE_HOME:-$HOME/.cache}/postgres-estate/pgbouncer-$version
binary=$root/bin/pgbouncer
if [ -x "$binary" ]; then
    echo "$binary"
    exit 0
fi

fail() {
    echo "setup: PgBouncer $version cannot be built: $1" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# pkg-config's name of each library, and Debian's package with its headers. c-ares looks names up, as in production.
missing() {
    command -v cc > /dev/null && command -v make > /dev/null || printf 'build-essential '
    command -v pkg-config > /dev/null || printf 'pkg-config '
    for pair in libevent:libevent-dev libcares:libc-ares-dev openssl:libssl-dev; do
        pkg-config --exists "${pair%%:*}" 2> /dev/null || printf '%s ' "${pair##*:}"
    done
}

mkdir -p "$root"
exec 9> "$root/build.lock"
flock 9 # two clones may set up at once: one builds, the other waits
if [ -x "$binary" ]; then
    echo "$binary"
    exit 0
fi
echo "setup: building PgBouncer $version, once for this user (about 1 minute on 2 cores)" >&2

packages=$(missing)
if [ -n "$packages" ]; then
    command -v apt-get > /dev/null || fail "install the headers that Debian calls: $packages"
    as_root true 2> /dev/null || fail "run \`sudo apt-get install $packages\` and then \`make setup\` again"
    echo "setup:   installing $packages" >&2
    quiet="env DEBIAN_FRONTEND=noninteractive apt-get -qq -y"
    # shellcheck disable=SC2086 # words are meant
    as_root $quiet install --no-install-recommends $packages > "$root/build.log" 2>&1 ||
        { as_root $quiet update && as_root $quiet install --no-install-recommends $packages; } >> "$root/build.log" 2>&1 ||
        fail "$(tail -n 3 "$root/build.log")"
fi

work=$(mktemp -d "$root/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
tarball=$work/pgbouncer.tar.gz
if [ -n "${PGBOUNCER_TARBALL:-}" ]; then
    cp "$PGBOUNCER_TARBALL" "$tarball"
else
    command -v apt-get > /dev/null || fail "there is no apt; name its source with PGBOUNCER_TARBALL"
    # Whatever archives apt knows: Debian keeps it in main, Ubuntu in universe. The first that has the file wins.
    # A list of mirrors is no address of a file; the public archives are the last to be asked.
    for archive in $(apt-get indextargets --format '$(REPO_URI)' | grep -v '^mirror' | sort -u) \
        http://deb.debian.org/debian http://archive.ubuntu.com/ubuntu; do
        for part in main universe; do
            source=${archive%/}/pool/$part/p/pgbouncer/pgbouncer_$version.orig.tar.gz
            rm -f "$tarball"
            /usr/lib/apt/apt-helper download-file "$source" "$tarball" "SHA256:$sha256" >> "$root/build.log" 2>&1 &&
                break 2
        done
    done
    [ -s "$tarball" ] || fail "no archive of apt's has its source; name a file with PGBOUNCER_TARBALL"
fi
echo "$sha256  $tarball" | sha256sum --check --status || fail "the source is not the one that was pinned"

tar -xzf "$tarball" -C "$work" --strip-components=1
( # one chain: what stands before a `||` is not stopped by `set -e`
    cd "$work" &&
        ./configure --prefix="$root" --with-cares --without-systemd --without-pam --disable-debug --quiet &&
        make -s -j 2 pgbouncer && # the manual pages would need pandoc
        mkdir -p "$root/bin" &&
        strip -o "$root/bin/pgbouncer.new" pgbouncer &&
        mv "$root/bin/pgbouncer.new" "$binary" # whole or not at all
) >> "$root/build.log" 2>&1 || fail "see $root/build.log: $(tail -n 3 "$root/build.log")"
echo "$binary"
