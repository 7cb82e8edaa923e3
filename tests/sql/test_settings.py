"""What is wrong with an environment or a service.toml is said at once, and never with a secret in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schema import service, settings
from schema.errors import BadInput

_SECRET = "hunter2-hunter2"


def _login(username: str) -> str:
    return json.dumps({"username": username, "password": _SECRET})


_GOOD = {
    "PGHOST": "db.internal",
    "PGDATABASE": "platform",
    "PGSSLMODE": "disable",
    "MASTER_SECRET": _login("estate_admin"),
    "ROLE_SECRET_platform_app": _login("platform_app"),
}


def _problems(environment: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(BadInput) as raised:
        settings.load(environment, ["platform_app"])
    assert _SECRET not in str(raised.value)
    return raised.value.problems


def test_a_good_environment_is_read() -> None:
    chosen = settings.load(_GOOD, ["platform_app"])

    assert (chosen.host, chosen.port, chosen.database, chosen.sslmode) == ("db.internal", 5432, "platform", "disable")
    assert chosen.master.password == chosen.roles[0].password == _SECRET
    assert _SECRET not in repr(chosen)


def test_everything_that_is_missing_is_reported_at_once() -> None:
    assert _problems({}) == (
        "PGSSLMODE is not set; set it to verify-full or disable",
        "PGHOST is not set; set it to the address of the instance",
        "PGDATABASE is not set; set it to the name of the database",
        'MASTER_SECRET is not set; set it to the secret\'s JSON, {"username": …, "password": …}, or to its ARN',
        'ROLE_SECRET_platform_app is not set; set it to the secret\'s JSON, {"username": …, "password": …}, or to its '
        "ARN",
    )


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("PGPORT", "0", "PGPORT='0' is no port; set it to a number from 1 to 65535"),
        ("PGPORT", "5432x", "PGPORT='5432x' is no port; set it to a number from 1 to 65535"),
        ("PGSSLMODE", "require", "PGSSLMODE='require' is not allowed; set it to verify-full or disable"),
        (
            "PGSSLMODE",
            "verify-full",
            "PGSSLROOTCERT is not set; verify-full needs the file of the certificate authority",
        ),
        (
            "MASTER_SECRET",
            _SECRET,
            'MASTER_SECRET is not the JSON {"username": …, "password": …} with two texts; correct the secret',
        ),
        (
            "MASTER_SECRET",
            json.dumps({"username": "a", "password": 1}),
            'MASTER_SECRET is not the JSON {"username": …, "password": …} with two texts; correct the secret',
        ),
        (
            "ROLE_SECRET_platform_app",
            _login("platform_auth"),
            "ROLE_SECRET_platform_app holds a secret of another user than platform_app; give it the secret of "
            "platform_app",
        ),
    ],
)
def test_a_wrong_value_is_reported_with_its_mend(name: str, value: str, problem: str) -> None:
    assert _problems(_GOOD | {name: value}) == (problem,)


def test_a_certificate_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    environment = _GOOD | {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(path)}
    assert _problems(environment) == (f"PGSSLROOTCERT={path}: there is no such file; correct the path",)

    path.touch()
    assert settings.load(environment, ["platform_app"]).sslrootcert == str(path)


@pytest.mark.parametrize("name", ["", "../x", "a/b"])
def test_a_service_name_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="ESTATE_SERVICE"):
        settings.service_name({"ESTATE_SERVICE": name})


def test_every_problem_of_a_service_toml_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "service.toml").write_text(
        '[[login_roles]]\nname = "Demo App"\nmember = []\n'
        '[[login_roles]]\nname = "demo_b"\nmember_of = "x"\nsettings = { "drop table" = "1", jit = {} }\n'
    )

    with pytest.raises(BadInput) as raised:
        service.load(folder)

    assert raised.value.problems == (
        "demo/service.toml: login role 1: name = 'Demo App' is no role name; write small letters, digits and _, at "
        "most 63",
        "demo/service.toml: login role 1: unknown key `member`; known: member_of, name, pooled, purpose, settings",
        'demo/service.toml: login role 2: member_of must be a list of role names, such as ["platform_owner"]',
        "demo/service.toml: login role 2: `drop table` is not the name of a setting",
        "demo/service.toml: login role 2: the setting jit must be a text, a number or a list of texts",
    )
