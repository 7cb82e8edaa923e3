"""boto3 sessions for a stack: the real account's, or the local cloud's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
"""About a minute of throttling or network trouble, with backoff: botocore's own three attempts last seconds."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where a stack's AWS calls go: `environment` is empty for real AWS, whose own chain finds the credentials."""

    region: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A boto3 client of this account and region."""
        if not self.environment:
            return boto3.client(service, region_name=self.region, config=RETRIES)  # type: ignore[call-overload]
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=self.region,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )
