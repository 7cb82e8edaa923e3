"""A bundle of certificates shaped as RDS's global bundle: three authorities of Amazon's in each region."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ORGANISATION = "Amazon Web Services, Inc."
KINDS = ("RSA2048", "RSA4096", "ECC384")
# As many as the real bundle has: 36 regions.
REGIONS = tuple(f"xx-test-{number}" for number in range(1, 37))
YEAR = dt.timedelta(days=365)


def name(common: str, organisation: str = ORGANISATION) -> x509.Name:
    """As RDS names its authorities."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Amazon RDS"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "WA"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "Seattle"),
        ]
    )


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority with its key. Its keys are all of the quick kind, whatever its name says."""

    subject: x509.Name
    key: ec.EllipticCurvePrivateKey
    pem: str

    def server(self, address: str) -> tuple[str, str]:
        """Certificate and key of a server at an address, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        certificate = signed(name("server"), self.subject, key, self.key, authority=False, names=names)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return certificate, private.decode()


def make(
    common: str,
    *,
    organisation: str = ORGANISATION,
    begins: dt.timedelta = -YEAR,
    lasts: dt.timedelta = 40 * YEAR,
    authority: bool = True,
) -> Authority:
    """A certificate that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name(common, organisation)
    return Authority(subject, key, signed(subject, subject, key, key, authority=authority, begins=begins, lasts=lasts))


def signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
    names: x509.SubjectAlternativeName | None = None,
    begins: dt.timedelta = -YEAR,
    lasts: dt.timedelta = 40 * YEAR,
) -> str:
    """A certificate as PEM."""
    first = dt.datetime.now(dt.UTC) + begins
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(first + lasts)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def bundle() -> list[Authority]:
    """A whole bundle."""
    return [make(f"Amazon RDS {region} Root CA {kind} G1") for region in REGIONS for kind in KINDS]
