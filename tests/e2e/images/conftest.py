"""The images, built once for this folder's tests; a server with TLS for them to work with."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
import pytest

from infra.pgbouncer import POSTGRES_PORT
from local import roles
from ops.paths import REPOSITORY, cache_folder
from tests.e2e.images import container
from tests.e2e.images.bare_root import Build, Built
from tests.e2e.images.container import as_root
from tests.e2e.images.dockerfile import Image
from tests.unit.images import authorities
from tests.unit.images.authorities import Authority
from tests.unit.images.files import checksums

SERVER_ADDRESS, SERVICE, MASTER = "127.46.1.1", "platform", "estate_admin"
# What is taken instead of what no test may depend on: PgBouncer's site, the PostgreSQL project's archive, AWS's.
PGBOUNCER = "1.24.1"
POSTGRES = "17"  # the one major that Debian 13 has
# All roots of all stages are 2.5 GiB. They are written, read once and deleted: a slow disk takes minutes for that, so
# they lie in memory where there is twice as much of it.
ROOTS_GIB = 4


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL with a certificate that one of the bundle's authorities signed."""

    address: str
    master_password: str
    superuser: str


@dataclass(frozen=True, slots=True)
class Given:
    """What the builds see at /mnt, and the authority in it whose key the tests have."""

    folder: Path
    authority: Authority


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    """Where roots lie while the tests run; whatever is in it belongs to root."""
    as_root()
    made = Path(tempfile.mkdtemp(prefix="estate-images-"))
    made.chmod(0o755)
    in_memory = available_gib() >= 2 * ROOTS_GIB
    if in_memory:
        options = f"size={ROOTS_GIB}g,mode=0755,uid={os.getuid()},gid={os.getgid()}"
        subprocess.run([*as_root(), "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(made)], check=True)
    yield made
    if in_memory:
        subprocess.run([*as_root(), "umount", "--lazy", str(made)], check=True)
    subprocess.run([*as_root(), "rm", "-rf", "--one-file-system", str(made)], check=True)


@pytest.fixture(scope="package")
def given(folder: Path) -> Given:
    """PgBouncer's source out of Debian's archive, a bundle, and how this machine reaches packages."""
    place = folder / "given"
    release = place / "pgbouncer" / PGBOUNCER
    release.mkdir(parents=True)
    shutil.copy(source(PGBOUNCER), release / f"pgbouncer-{PGBOUNCER}.tar.gz")
    bundle = authorities.bundle()
    (place / "bundle.pem").write_text("".join(one.pem for one in bundle))
    return Given(place, bundle[0])


@pytest.fixture(scope="package")
def images(folder: Path, given: Given) -> dict[str, Built]:
    """Every image, built from the repository as `docker build` would; two at a time."""
    bundle = {"RDS_BUNDLE_URL": "file:///mnt/bundle.pem"}
    wanted = {
        "pooler": (
            REPOSITORY / "docker" / "pooler" / "Dockerfile",
            {
                **bundle,
                "PGBOUNCER_VERSION": PGBOUNCER,
                "PGBOUNCER_SHA256": checksums()[PGBOUNCER],
                "PGBOUNCER_SOURCE": "file:///mnt/pgbouncer",
            },
        ),
        "schema": (
            REPOSITORY / "docker" / "schema" / "Dockerfile",
            {**bundle, "PG_MAJORS": POSTGRES, "PG_REPOSITORY": ""},
        ),
        "server": (Path(__file__).with_name("server.Dockerfile"), {}),
    }
    debian = subprocess.run(
        [str(REPOSITORY / "setup" / "debian_root.sh")], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    machine = packages(given.folder)

    def built(name: str) -> Built:
        file, arguments = wanted[name]
        archives = str(cache_folder() / "debian-archives" / name)
        target = str(folder / name)
        return build(
            folder / f"{name}.json",
            Build(str(file), str(REPOSITORY), debian, target, str(given.folder), archives, arguments, machine),
        )

    with ThreadPoolExecutor(2) as threads:
        return dict(zip(wanted, threads.map(built, wanted), strict=True))


def build(specification: Path, what: Build) -> Built:
    """Build one image as root; what it said is the failure's text."""
    specification.write_text(json.dumps(asdict(what)))
    done = subprocess.run(
        [*as_root(), sys.executable, "-m", "tests.e2e.images.bare_root", str(specification)],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{what.file}:\n{done.stderr[-6000:]}"
    answer = json.loads(done.stdout.splitlines()[-1])
    return Built(answer["root"], Image(**answer["image"]), answer["stages"])


@pytest.fixture(scope="package")
def server(images: dict[str, Built], given: Given, folder: Path) -> Iterator[Server]:
    """As RDS has it: TLS only, the master's roles, the service's database."""
    certificate, key = given.authority.server(SERVER_ADDRESS)
    password, master, replication = (secrets.token_urlsafe(16) for _ in range(3))
    log = folder / "server.log"
    environment = {"SERVER_CRT": certificate, "SERVER_KEY": key, "SUPERUSER_PASSWORD": password}
    settings = {
        "listen_addresses": SERVER_ADDRESS, "port": str(POSTGRES_PORT), "unix_socket_directories": "", "fsync": "off",
        "ssl": "on", "ssl_cert_file": "/tmp/server.crt", "ssl_key_file": "/tmp/server.key",
    }  # fmt: skip
    given_settings = " ".join(f"-c {shlex.quote(f'{key}={value}')}" for key, value in settings.items())
    script = (
        'set -eu; umask 077; printf %s "$SERVER_CRT" > /tmp/server.crt; printf %s "$SERVER_KEY" > /tmp/server.key;'
        ' printf %s "$SUPERUSER_PASSWORD" > /tmp/password; unset SERVER_KEY SUPERUSER_PASSWORD;'
        f" initdb -D /tmp/data -U {roles.SUPERUSER} --pwfile=/tmp/password --auth=scram-sha-256"
        " -E UTF8 --locale=C.UTF-8;"
        " echo 'hostssl all all 127.0.0.0/8 scram-sha-256' > /tmp/data/pg_hba.conf;"
        f" exec postgres -D /tmp/data {given_settings}"
    )
    superuser = (
        f"host={SERVER_ADDRESS} port={POSTGRES_PORT} user={roles.SUPERUSER} password={password} dbname=postgres"
        f" sslmode=verify-full sslrootcert={given.folder / 'bundle.pem'}"
    )
    with container.running(images["server"], log, environment, ("sh", "-c", script), tmp_mib=1024) as running:
        container.eventually(lambda: running.process.poll() is not None or _answers(superuser), "PostgreSQL answers")
        assert running.process.poll() is None, running.text
        roles.ensure_roles(superuser, MASTER, master, replication)
        roles.ensure_database(superuser, SERVICE, MASTER)
        yield Server(SERVER_ADDRESS, master, superuser)


def available_gib() -> int:
    """The memory that programs can still have."""
    found = re.search(r"(?m)^MemAvailable:\s+(\d+) kB$", Path("/proc/meminfo").read_text())
    return int(found[1]) // 1024**2 if found else 0


def _answers(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError:
        return False
    return True


def source(version: str) -> Path:
    """PgBouncer's tarball out of the archives that apt knows, once for this user."""
    target = cache_folder() / "sources" / f"pgbouncer-{version}.tar.gz"
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    known = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True, check=True
    ).stdout.split()
    said = ""
    # A list of mirrors is no address of a file; the public archive is the last to be asked.
    for archive in [*sorted({one for one in known if not one.startswith("mirror")}), "http://deb.debian.org/debian"]:
        for part in ("main", "universe"):
            address = f"{archive.rstrip('/')}/pool/{part}/p/pgbouncer/pgbouncer_{version}.orig.tar.gz"
            with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".new") as new:
                helper = ["/usr/lib/apt/apt-helper", "download-file", address, f"{new.name}.part"]
                done = subprocess.run(
                    [*helper, f"SHA256:{checksums()[version]}"], capture_output=True, text=True, check=False
                )
                if done.returncode == 0:
                    return Path(f"{new.name}.part").replace(target)
                said += done.stderr
    raise AssertionError(f"no archive of apt's has PgBouncer {version}: {said}")


def packages(given: Path) -> dict[str, str]:
    """pip's settings of this machine, which its own image build would have to know too."""
    told = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    found = dict(re.findall(r"(?m)^(?:global|:env:)\.([a-z-]+)='(.*)'$", told.stdout))
    wanted = {f"PIP_{key.replace('-', '_').upper()}": found[key] for key in ("index-url", "timeout") if key in found}
    if "cert" in found:
        shutil.copy(found["cert"], given / "ca.pem")
        wanted["PIP_CERT"] = "/mnt/ca.pem"
    return {**wanted, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
