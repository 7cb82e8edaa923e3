"""The fake AWS: moto's server inside this process, corrected."""

from __future__ import annotations

import importlib
import os
import threading
from typing import Any

# moto looks up its settings at import: no images of virtual machines are needed.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

# Imported before the first request, so that no call pays for it (moto imports a service when it is first used).
_USED = [
    "applicationautoscaling",
    "backup",
    "cloudwatch",
    "ec2",
    "ecs",
    "elbv2",
    "events",
    "iam",
    "kms",
    "logs",
    "rds",
    "route53",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
]


class _QuietHandler(MotoRequestHandler):
    """The server's own line for each request would bury everything else in the log."""

    def log_request(self, *args: Any) -> None:
        pass


def warm_up() -> None:
    """Import the services that an estate uses."""
    for service in _USED:
        importlib.import_module(f"moto.{service}.models")
        importlib.import_module(f"moto.{service}.responses")


def serve() -> tuple[BaseWSGIServer, str]:
    """Start the server on a free loopback port. Returns it and its URL."""
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_QuietHandler)
    threading.Thread(target=server.serve_forever, name="moto", daemon=True).start()
    return server, f"http://127.0.0.1:{server.port}"
