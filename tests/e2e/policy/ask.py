"""Asks the pack's own analyzer, as the engine does, in the pack's virtual environment: graphs in, diagnostics out.

It knows nothing of the project but the pack. Standard input: a level, and lists of resources, as JSON. Standard output:
for each list the diagnostics, as (enforcement, policy, message).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer

from policy.catalogue import POLICIES
from policy.pack import policies


def request(kind: Any, row: dict[str, Any]) -> Any:
    properties = struct_pb2.Struct()
    json_format.ParseDict(row["properties"], properties)
    options = proto.AnalyzerResourceOptions(protect=row["protect"], parent=row["parent"])
    urn = f"urn:pulumi:prod::postgres-estate::{row['type']}::{row['name']}"
    return kind(urn=urn, type=row["type"], name=row["name"], properties=properties, options=options)


def main() -> None:
    asked = json.load(sys.stdin)
    analyzer = _PolicyAnalyzerServicer(
        "postgres-estate", "0.0.1", policies(asked["level"], POLICIES), EnforcementLevel.ADVISORY
    )
    answers = []
    for rows in asked["graphs"]:
        found = [analyzer.Analyze(request(proto.AnalyzeRequest, row), None) for row in rows]
        stack = proto.AnalyzeStackRequest(resources=[request(proto.AnalyzerResource, row) for row in rows])
        found.append(analyzer.AnalyzeStack(stack, None))
        levels = {1: "mandatory", 0: "advisory"}
        answers.append(
            [
                (levels[item.enforcementLevel], item.policyName, item.message)
                for answer in found
                for item in answer.diagnostics
            ]
        )
    json.dump(answers, sys.stdout)


main()
