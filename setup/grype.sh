#!/bin/sh
# Grype, which scans the images for known vulnerabilities: the release's own archive, by its checksum, once into the
# user's cache folder; prints where it is. Only the workflow of the images needs it.
set -eu
version=0.110.0
sha256=aaa98d27d2d7efd9317c6a1ad6d9b15f3e65bab320e7d03bde41e251387bb71c # of grype_0.110.0_linux_amd64.tar.gz
root=${XDG_CACHE_HOME:-$HOME/.cache}/postgres-estate/grype-$version
binary=$root/bin/grype
if [ ! -x "$binary" ]; then
    mkdir -p "$root/bin"
    work=$(mktemp -d "$root/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    curl --fail --silent --show-error --location --retry 3 --output "$work/grype.tar.gz" \
        "https://github.com/anchore/grype/releases/download/v$version/grype_${version}_linux_amd64.tar.gz"
    echo "$sha256  $work/grype.tar.gz" | sha256sum --check --status || {
        echo "setup: the archive of Grype $version is not the one that was pinned" >&2
        exit 1
    }
    tar -xzf "$work/grype.tar.gz" -C "$work" grype
    mv "$work/grype" "$binary" # whole or not at all
fi
echo "$binary"
