#!/bin/sh
# A bare Debian 13 in a folder, as its container image has it: where the commands of the Dockerfiles are run without a
# container engine (tests/e2e/images). Made once into the user's cache folder, as root or with sudo; prints where it is.
#
# The archive is the one that apt is configured with, where that is Debian's: mirrors and proxies are taken over.
set -eu
suite=trixie
root=${XDG_CACHE_HOME:-$HOME/.cache}/postgres-estate/debian-$suite
if [ -e "$root/ready" ]; then
    echo "$root/root"
    exit 0
fi

fail() {
    echo "setup: a bare Debian cannot be made: $1" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# The address of one of Debian's archives (by its label) as apt here knows it; nothing where it knows none.
archive() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' | sed -n "s/^Debian|$1|//p" | sort -u | head -n 1
}

as_root true 2> /dev/null || fail "it takes root, or sudo without a password"
command -v apt-get > /dev/null || fail "there is no apt here to take Debian's packages with"
mkdir -p "$root"
exec 9> "$root/build.lock"
flock 9 # two clones may set up at once: one builds, the other waits
if [ -e "$root/ready" ]; then
    echo "$root/root"
    exit 0
fi
echo "setup: a bare Debian 13, once for this user (about half a minute)" >&2
if ! command -v debootstrap > /dev/null && ! [ -x /usr/sbin/debootstrap ]; then
    quiet="env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300"
    # shellcheck disable=SC2086 # words are meant
    as_root $quiet install --no-install-recommends debootstrap debian-archive-keyring > "$root/build.log" 2>&1 ||
        { as_root $quiet update && as_root $quiet install --no-install-recommends debootstrap debian-archive-keyring; } \
            >> "$root/build.log" 2>&1 ||
        fail "$(tail -n 3 "$root/build.log")"
fi

main=$(archive Debian)
main=${main:-http://deb.debian.org/debian/}
security=$(archive Debian-Security)
security=${security:-http://deb.debian.org/debian-security/}
include=
case $main in https:*) include=--include=ca-certificates ;; esac

as_root rm -rf "$root/root" "$root/new"
# shellcheck disable=SC2086 # nothing or one word
as_root env PATH="$PATH:/usr/sbin:/sbin" debootstrap --variant=minbase $include \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg "$suite" "$root/new" "$main" >> "$root/build.log" 2>&1 ||
    fail "see $root/build.log: $(tail -n 3 "$root/build.log")"

write() {
    as_root tee "$root/new/$1" > /dev/null
}
printf 'deb %s %s main\ndeb %s %s-updates main\ndeb %s %s-security main\n' \
    "$main" "$suite" "$main" "$suite" "$security" "$suite" | write etc/apt/sources.list
# How this machine reaches the archive, proxies and their like.
apt-config dump --format '%F "%v";%n' Acquire | write etc/apt/apt.conf.d/90machine
# What the container image has too: no documents, no descriptions in other languages, no service that starts, no fsync.
printf 'path-exclude /usr/share/%s/*\n' doc man locale info | write etc/dpkg/dpkg.cfg.d/slim
printf 'force-unsafe-io\n' | write etc/dpkg/dpkg.cfg.d/speed
printf 'Acquire::Languages "none";\n' | write etc/apt/apt.conf.d/91languages
printf '#!/bin/sh\nexit 101\n' | write usr/sbin/policy-rc.d
as_root chmod 0755 "$root/new/usr/sbin/policy-rc.d"
as_root sh -c "rm -rf '$root/new/var/lib/apt/lists/'* '$root/new/var/cache/apt/'* '$root/new/usr/share/doc/'* \
    '$root/new/usr/share/man/'* '$root/new/usr/share/locale/'*"
as_root mkdir -p "$root/new/var/cache/apt/archives/partial"
as_root mv "$root/new" "$root/root" # whole or not at all
touch "$root/ready"
echo "$root/root"
