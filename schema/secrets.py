"""Read a secret by its ARN, where the environment names one instead of holding its text.

An ECS task gets the texts injected. Whoever runs the runner elsewhere (a shell in the VPC, a pipeline) names ARNs, so
that no secret stands in an environment that other programs read. The only module here that knows AWS.
"""

from __future__ import annotations

import re

_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]+):\d{12}:secret:[A-Za-z0-9/_+=.@-]+")


class SecretNotRead(Exception):
    """Secrets Manager did not give the secret; says why, without any part of it."""


def is_arn(value: str) -> bool:
    """Whether a value looks like an ARN instead of a secret's JSON."""
    return value.startswith("arn:")


def fetch(arn: str) -> str:
    """The secret's current text; SecretNotRead when it cannot be had. Credentials come from the usual places."""
    match = _ARN.fullmatch(arn)
    if not match:
        raise SecretNotRead("is not the ARN of a secret, arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME")
    # Imported here: a task whose secrets are injected should not wait for it (a third of a second).
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = boto3.client("secretsmanager", region_name=match["region"])
        answer = client.get_secret_value(SecretId=arn)
    except ClientError as error:
        raise SecretNotRead(f"could not be read: {error.response['Error'].get('Code', 'unknown error')}") from None
    except BotoCoreError as error:
        raise SecretNotRead(f"could not be read: {error}") from None
    if "SecretString" not in answer:
        raise SecretNotRead("is binary; it must be a text")
    return str(answer["SecretString"])
