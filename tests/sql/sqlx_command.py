"""sqlx's own command, for the tests that hold our runner against it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from tests.sql.databases import password_of
from tests.sql.runner import Runner, finish


class Sqlx:
    """`sqlx migrate …` as the migrator of a service, on the same folder as the runner."""

    def __init__(self, runner: Runner) -> None:
        found = os.environ.get("SQLX") or shutil.which("sqlx")
        # The test fails without it, for it was asked for by its mark.
        assert found, "no sqlx: run `make test-sqlx`, which builds it"
        self.command = found
        self.runner = runner

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        database = self.runner.database
        running = database.server.running
        role = f"{self.runner.service}_migrator"
        url = f"postgres://{role}:{password_of(role)}@{running.host}:{running.port}/{database.name}"
        source = self.runner.sql / self.runner.service / "migrations"
        return subprocess.Popen(
            [self.command, "migrate", *arguments, "--source", str(source)],
            env={"PATH": os.defpath, "DATABASE_URL": url.replace("'", "%27").replace(" ", "%20"), "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        done = finish(self.start(*arguments))
        assert done.returncode == 0, done.stdout + done.stderr
        return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
