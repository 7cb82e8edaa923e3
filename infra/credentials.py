"""Passwords: drawn once, kept in Secrets Manager, handed on as references.

The database's master password cannot be RDS's own secret, because RDS refuses that for a source of replicas. So
Secrets Manager draws each password while the program runs, the first one drawn is kept (later runs do not compare
it), and the instance reads it back from the stored version. In Pulumi's state it is encrypted.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.config import LoginRole
from infra.names import MASTER_USER
from infra.options import options, tags

LENGTH = 32  # 190 bits from 62 characters; RDS takes up to 128 characters
RECOVERY_DAYS_PROTECTED = 30  # the longest window: a deleted secret of a live database is a long outage
RECOVERY_DAYS = 7  # the shortest one


@dataclass(frozen=True, slots=True)
class CredentialsArgs:
    """What a service's credentials are made from."""

    stack: str
    service: str
    protected: bool
    login_roles: tuple[LoginRole, ...]
    key_arn: pulumi.Input[str]


class Credentials(pulumi.ComponentResource):
    """The secrets of one service: the master's and one for each login role."""

    master_arn: pulumi.Output[str]
    master_password: pulumi.Output[str]
    role_arns: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Credentials", name, None, opts)
        self._name, self._args = name, args
        self.versions: list[aws.secretsmanager.SecretVersion] = []
        master = self._secret("master", MASTER_USER, "The master user: bootstrap and emergencies")
        self.master_arn = master.arn
        self.master_password = pulumi.Output.secret(self.versions[0].secret_string.apply(_password_of))
        self.role_arns = {role.name: self._secret(role.name, role.name, role.purpose).arn for role in args.login_roles}
        self.register_outputs({"master": self.master_arn, "roles": self.role_arns})

    def _secret(self, suffix: str, username: str, description: str) -> aws.secretsmanager.Secret:
        args = self._args
        logical = f"{self._name}-{suffix.replace('_', '-')}"
        secret = aws.secretsmanager.Secret(
            logical,
            description=description,
            kms_key_id=args.key_arn,
            recovery_window_in_days=RECOVERY_DAYS_PROTECTED if args.protected else RECOVERY_DAYS,
            tags=tags(args.stack, args.service),
            opts=options("secret", args.protected, self),
        )
        # Letters and digits only: punctuation would have to be quoted in connection URIs, in PgBouncer's user list
        # and in shells, each in another way.
        drawn: pulumi.Output[str] = pulumi.Output.secret(_drawn())
        version = aws.secretsmanager.SecretVersion(
            logical,
            secret_id=secret.id,
            secret_string=drawn.apply(
                lambda password: json.dumps({"username": username, "password": password}, sort_keys=True)
            ),
            opts=options("secret_version", args.protected, self),
        )
        self.versions.append(version)
        return secret


def _drawn() -> pulumi.Output[str]:
    """A password that nobody had before; in a preview it is not known yet.

    A preview that drew one would write it into a saved plan, and the update, which draws another, would not fit it.
    """
    if pulumi.runtime.is_dry_run():
        return _known_after_the_update()
    return aws.secretsmanager.get_random_password_output(
        password_length=LENGTH, exclude_punctuation=True, require_each_included_type=True
    ).random_password


def _known_after_the_update() -> pulumi.Output[Any]:
    return pulumi.Output(set(), _future(None), _future(False), _future(True))


def _future(value: Any) -> asyncio.Future[Any]:
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    done.set_result(value)
    return done


def _password_of(secret_string: str | None) -> str:
    if secret_string is None:
        raise ValueError("the master's secret has no value: restore a version of it, then run again")
    password = json.loads(secret_string)["password"]
    if not isinstance(password, str):
        raise TypeError("the master's secret holds no password: it must be JSON with username and password")
    return password
