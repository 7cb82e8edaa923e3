"""`python3 check_bundle.py FILE`: whether a bundle of certificates is RDS's. Only Python's standard library.

Run when an image is built: a bundle that is half, empty, somebody else's or too old would be found out by the first
connection in production, since the pooler and the runner trust nothing else.
"""

from __future__ import annotations

import re
import ssl
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ORGANISATION = "Amazon Web Services, Inc."
# RDS has three authorities in each region (RSA 2048, RSA 4096, ECC 384). The global bundle had 108 certificates in
# September 2026, for 36 regions; AWS adds regions and takes none away. Fewer than this is a file that broke off.
FEWEST = 90
# An image lives for months. AWS replaces an authority years before it ends, so one that ends this soon is an old file.
DAYS_LEFT = 90

_DAY_SECONDS = 86_400
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n.*?\n-----END CERTIFICATE-----", re.DOTALL)


def problems(text: str, now: float) -> list[str]:
    """What is wrong with a bundle, one line for each certificate and each fault; empty when nothing is.

    `now` is in seconds since 1970.
    """
    parts = _PEM.findall(text)
    found = [problem for number, part in enumerate(parts, 1) for problem in _of_one(number, part, now)]
    begun = text.count("-----BEGIN ")
    if begun != len(parts):
        found.append(f"{begun} blocks begin and {len(parts)} are whole certificates: the file is cut off or mixed")
    if len(parts) < FEWEST:
        found.append(f"{len(parts)} certificates; RDS's bundle has {FEWEST} at the least")
    if len(set(parts)) < len(parts):
        found.append(f"{len(parts) - len(set(parts))} certificates are there twice")
    return found


def _of_one(number: int, part: str, now: float) -> list[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=part)
    except (ssl.SSLError, ValueError) as error:
        return [f"certificate {number} cannot be read: {error}"]
    # What may sign others; OpenSSL lists nothing else here.
    authorities: Sequence[Mapping[str, Any]] = context.get_ca_certs()
    if not authorities:
        return [f"certificate {number} is no authority's"]
    (one,) = authorities
    subject = {key: value for pairs in one["subject"] for key, value in pairs}
    name = subject.get("commonName", f"certificate {number}")
    found = []
    if subject.get("organizationName") != ORGANISATION:
        found.append(f"{name}: is of {subject.get('organizationName', 'nobody')!r}, not of {ORGANISATION!r}")
    if ssl.cert_time_to_seconds(one["notBefore"]) > now:
        found.append(f"{name}: begins on {one['notBefore']}")
    if ssl.cert_time_to_seconds(one["notAfter"]) < now + DAYS_LEFT * _DAY_SECONDS:
        found.append(f"{name}: ends on {one['notAfter']}, which is within {DAYS_LEFT} days or past")
    return found


def main(arguments: list[str]) -> int:
    """Checks the file; returns the exit code."""
    if len(arguments) != 1:
        print("usage: check_bundle.py FILE", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        print(f"check_bundle: {path} cannot be read: {error}", file=sys.stderr)
        return 2
    found = problems(text, time.time())
    for problem in found:
        print(f"check_bundle: {path}: {problem}", file=sys.stderr)
    if not found:
        print(f"check_bundle: {path}: {len(_PEM.findall(text))} authorities of {ORGANISATION}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
