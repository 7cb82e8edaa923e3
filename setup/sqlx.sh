#!/bin/sh
# sqlx's command, for the tests that hold our runner against it (`make test-sqlx`). Built once with cargo into the
# user's cache folder; prints where it is. Nothing else needs it.
set -eu
version=0.9.0
root=${XDG_CACHE_HOME:-$HOME/.cache}/postgres-estate/sqlx-$version
if [ ! -x "$root/bin/sqlx" ]; then
    if ! command -v cargo > /dev/null; then
        echo "setup: sqlx-cli is built with cargo, and there is none; install Rust from https://rustup.rs" >&2
        exit 1
    fi
    echo "setup: building sqlx-cli $version with cargo, once for this user (about 3 minutes on 2 cores)" >&2
    cargo install sqlx-cli --version "$version" --locked --quiet --no-default-features --features rustls,postgres \
        --root "$root" >&2
fi
echo "$root/bin/sqlx"
