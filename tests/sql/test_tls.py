"""verify-full against a server with a certificate: the right authority and name are let through, nothing else.

On majors whose build here knows TLS (Debian's does, PyPI's does not).
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local import engines, processes
from local.postgres import temporary
from schema import folder
from schema.connection import connect
from schema.patience import Patience
from schema.report import Report
from tests.sql.databases import MAJORS, Server
from tests.sql.runner import Runner


def _knows_tls(major: str) -> bool:
    program = engines.get(major).program("pg_config")
    answer = subprocess.run([program, "--configure"], capture_output=True, text=True, check=True)
    return "openssl" in answer.stdout


class Authority:
    """A certificate authority that signs for one day."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0), None)

    def server(self, address: str) -> tuple[bytes, bytes]:
        """Certificate and key of a server at an address, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        certificate = self._signed(name, key, x509.BasicConstraints(ca=False, path_length=None), address)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return certificate, private

    def _signed(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, constraints: x509.BasicConstraints, address: str | None
    ) -> bytes:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(constraints, critical=True)
        )
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, slots=True)
class Secured:
    """A server that answers with a certificate, and the folder in which certificate and authorities are."""

    server: Server
    folder: Path
    ours: Authority

    def answer_as(self, address: str) -> None:
        """Show the certificate of a server at this address from now on."""
        certificate, key = self.ours.server(address)
        (self.folder / "server.crt").write_bytes(certificate)
        (self.folder / "server.key").write_bytes(key)
        with psycopg.connect(self.server.running.superuser_conninfo, autocommit=True) as superuser:
            loaded = superuser.execute("SELECT pg_conf_load_time()").fetchone()
            superuser.execute("ALTER SYSTEM SET ssl = on")
            superuser.execute("SELECT pg_reload_conf()")
            assert processes.wait_for(
                lambda: superuser.execute("SELECT pg_conf_load_time()").fetchone() != loaded, timeout=20
            )


@pytest.fixture(scope="module", params=[major for major in MAJORS if _knows_tls(major)])
def secured(request: pytest.FixtureRequest) -> Iterator[Secured]:
    place = Path(tempfile.mkdtemp(prefix="estate-tls-"))
    place.chmod(0o755)  # PostgreSQL runs as another user when the tests run as root
    ours = Authority("ours")
    (place / "ours.pem").write_bytes(ours.certificate)
    (place / "other.pem").write_bytes(Authority("other").certificate)
    files = {"ssl_cert_file": place / "server.crt", "ssl_key_file": place / "server.key"}
    for path in files.values():
        path.touch(mode=0o600)
        processes.give(path, processes.drop_to())
    try:
        settings = {name: str(path) for name, path in files.items()}
        with temporary(request.param, dbname="empty", settings=settings) as running:
            made = Secured(Server(running), place, ours)
            yield made
            made.server.forget()
    finally:
        shutil.rmtree(place)


@pytest.fixture
def runner(secured: Secured) -> Iterator[Runner]:
    """The platform's files on a fresh database of that server."""
    with secured.server.database("secured") as database:
        yield Runner(database, "platform")


def _status(secured: Secured, runner: Runner, authority: str) -> subprocess.CompletedProcess[str]:
    root = str(secured.folder / f"{authority}.pem")
    return runner.run("status", PGSSLMODE="verify-full", PGSSLROOTCERT=root)


def test_the_right_authority_and_address_are_let_through_encrypted(secured: Secured, runner: Runner) -> None:
    secured.answer_as(secured.server.running.host)
    root = str(secured.folder / "ours.pem")

    done = runner.run("apply", PGSSLMODE="verify-full", PGSSLROOTCERT=root)

    assert done.returncode == 0, done.stderr
    settings = runner.environment() | {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": root}
    found = folder.folder_and_settings(runner.sql / "platform", settings, with_roles=False)
    with connect(found.settings, Patience(), Report()) as connection:
        asked = connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    assert asked == (True,)


def test_another_authority_is_refused_at_once(secured: Secured, runner: Runner) -> None:
    secured.answer_as(secured.server.running.host)

    done = _status(secured, runner, "other")

    assert done.returncode == 1
    assert "certificate verify failed; compare MASTER_SECRET, PGDATABASE and PGSSLROOTCERT" in done.stderr
    assert "waiting for" not in done.stdout


def test_a_certificate_of_another_server_is_refused(secured: Secured, runner: Runner) -> None:
    secured.answer_as("127.1.2.3")

    done = _status(secured, runner, "ours")

    assert done.returncode == 1
    assert f'server certificate for "127.1.2.3" does not match host name "{secured.server.running.host}"' in done.stderr
