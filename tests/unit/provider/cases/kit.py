"""What cases share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.unit.provider.conftest import World

Inputs = dict[str, Any]

Cases = dict[str, Callable[[World], tuple[Inputs, Inputs]]]
"""By token: the inputs of an ordinary program, and a change that is made in place."""

TAGS = {"Service": "platform", "Stack": "test"}
OTHER_TAGS = {"Service": "platform", "Owner": "ops"}


def policy(*actions: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
        }
    )
