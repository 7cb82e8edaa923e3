"""boto3 behind one door: clients, requests fitted to the service model, errors in one readable line."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

# Every AWS service has its own word for "there is no such thing"; these parts are common to all of them.
ABSENT = re.compile(r"NotFound|NoSuch|DoesNotExist")

# "Not now": a dependant is still going away, a database is still being modified. The real provider tries
# these again as well; AWS takes minutes, the local cloud seconds, and 30 of them leave room for a slow machine.
BUSY = frozenset({"DependencyViolation", "InvalidDBInstanceState", "InvalidDBInstanceStateFault"})
BUSY_SECONDS = 30.0

# First pauses are short because most things are ready at once; the longest keeps ten minutes of polling cheap.
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0

# botocore's session looks at these even if credentials and endpoint are given: a developer's own profile,
# files and CA bundle must not reach the local cloud (no name of a variable, so nothing is read).
_SEALED = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}
_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 2},  # one more try: the server is on this machine
    proxies={},  # loopback is never behind a proxy
    max_pool_connections=32,  # pulumi creates many resources at once
    use_fips_endpoint=False,
    use_dualstack_endpoint=False,
)


class AwsError(Exception):
    """An AWS operation that failed, told in one line; `code` is AWS's word for why."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code

    @property
    def absent(self) -> bool:
        """Whether AWS says that the thing does not exist."""
        return bool(ABSENT.search(self.code))


class Clients:
    """boto3 clients of one endpoint, made once each: making them is slow and not safe on two threads."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._session = boto3.Session(
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 (the local cloud checks none)
            botocore_session=botocore.session.Session(session_vars=_SEALED),
        )

    def get(self, service: str, region: str) -> Any:
        """The client of a service in a region."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                make: Callable[..., Any] = self._session.client
                self._clients[key] = make(service, region_name=region, endpoint_url=self._endpoint_url, config=_CONFIG)
            return self._clients[key]


@dataclass(frozen=True, slots=True)
class Api:
    """Calls on behalf of one resource in one region; what it says never holds one of `secrets`."""

    clients: Clients
    region: str
    subject: str
    secrets: frozenset[str] = frozenset()
    cancelled: threading.Event | None = None

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The response of one operation, waiting for a while where AWS says that it is busy."""
        deadline = time.monotonic() + BUSY_SECONDS
        pause = FIRST_PAUSE
        while True:
            try:
                return self._call(service, operation, request)
            except AwsError as error:
                if error.code not in BUSY or time.monotonic() > deadline:
                    raise
            pause = self.sleep(pause)

    def look(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The response of a read-only operation, all of its pages."""
        return self._call(service, operation, request, all_pages=True)

    def sleep(self, pause: float) -> float:
        """Waits, unless the engine cancels; returns the next, longer pause."""
        cancelled = self.cancelled or threading.Event()
        if cancelled.wait(pause):
            raise AwsError(f"waiting for {self.subject} was cancelled", "Cancelled")
        return min(pause * 2, LONGEST_PAUSE)

    def error(self, operation: str, message: str, code: str = "") -> AwsError:
        """An error of this resource: one line, no secret in it."""
        why = f"{code}: {message}" if code else message
        line = " ".join(f"{operation} failed for {self.subject}: {why}".split())
        for secret in sorted(self.secrets, key=len, reverse=True):
            line = line.replace(secret, "[secret]")
        return AwsError(line, code)

    def _call(
        self, service: str, operation: str, request: Mapping[str, Any], all_pages: bool = False
    ) -> dict[str, Any]:
        client = self.clients.get(service, self.region)
        named = f"{service}.{operation}"
        try:
            model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
            sent = fitted(request, model.input_shape)
            response: dict[str, Any]
            if all_pages and client.can_paginate(operation):
                response = client.get_paginator(operation).paginate(**sent).build_full_result()
            else:
                response = getattr(client, operation)(**sent)
        except ClientError as error:
            told = error.response.get("Error", {})
            raise self.error(named, told.get("Message", str(error)), told.get("Code", "Unknown")) from None
        except ParamValidationError as error:
            # botocore repeats the offending values, and any of them may be a secret.
            report = re.sub(r"value: .*?(?=, (type|valid)|$)", "value: [hidden]", str(error), flags=re.MULTILINE)
            raise self.error(named, report, "ParamValidation") from None
        except BotoCoreError as error:
            raise self.error(named, str(error), type(error).__name__) from None
        return response


def fitted(value: Any, shape: Any) -> Any:
    """A request with its scalars in the types that the service model wants: a program may write 5 or "5"."""
    kind = shape.type_name if shape is not None else ""
    if kind == "structure" and isinstance(value, Mapping):
        return {key: fitted(item, shape.members.get(key)) for key, item in value.items()}
    if kind == "map" and isinstance(value, Mapping):
        return {key: fitted(item, shape.value) for key, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [fitted(item, shape.member) for item in value]
    return _scalar(value, kind)


def _scalar(value: Any, kind: str) -> Any:
    if kind == "string" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    if kind in {"integer", "long"} and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def secret_texts(values: Iterable[Any]) -> frozenset[str]:
    """Every text that must not be told: the values and, of JSON texts, what is inside."""
    found: set[str] = set()
    for value in values:
        if isinstance(value, Mapping):
            found |= secret_texts(value.values())
        elif isinstance(value, list):
            found |= secret_texts(value)
        elif isinstance(value, str) and value:
            found.add(value)
            found |= _inside(value)
    return frozenset(found)


def _inside(text: str) -> frozenset[str]:
    if text[0] not in "{[":
        return frozenset()
    try:
        return secret_texts([json.loads(text)])
    except ValueError:
        return frozenset()
