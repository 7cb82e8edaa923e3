"""The pooler scales only where it may, out quickly and in slowly, and the ceiling holds at its most."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra import containers, scaling_rules
from tests.unit.infra.recorder import Recording

TARGET, POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"
SERVICE = "aws:ecs/service:Service"


def test_a_service_with_room_for_more_tasks_scales_between_both_numbers(prod: Recording) -> None:
    target = prod.one(TARGET, "platform-pooler")
    inputs = target.inputs
    assert (inputs["minCapacity"], inputs["maxCapacity"]) == (2, 4)
    assert (inputs["serviceNamespace"], inputs["scalableDimension"]) == ("ecs", "ecs:service:DesiredCount")
    assert inputs["resourceId"].startswith("service/") and inputs["resourceId"].count("/") == 2


def test_its_service_forgets_the_count_it_was_made_with(prod: Recording) -> None:
    assert list(prod.one(SERVICE, "platform-pooler").request.ignoreChanges) == ["desiredCount"]


@pytest.mark.parametrize("stack", ["prod", "dev", "local"])
def test_ecs_stops_no_task_to_spread_them_again(stack: str, recorded: Callable[[str], Recording]) -> None:
    services = recorded(stack).of(SERVICE)
    said = {name: item.inputs["availabilityZoneRebalancing"] for name, item in services.items()}
    assert said == {"platform-pooler": "DISABLED", "familytales-pooler": "DISABLED"}


def test_a_service_with_no_room_has_none_of_it(prod: Recording, local: Recording) -> None:
    assert set(prod.of(TARGET)) == {"platform-pooler"}
    assert list(prod.one(SERVICE, "familytales-pooler").request.ignoreChanges) == []
    assert not local.of(TARGET) and not local.of(POLICY)


def test_each_rule_is_a_policy_on_that_target(prod: Recording) -> None:
    policies = prod.of(POLICY)
    assert set(policies) == {"platform-pooler-cpu", "platform-pooler-pool"}
    cpu = policies["platform-pooler-cpu"].inputs["targetTrackingScalingPolicyConfiguration"]
    assert cpu == {
        "targetValue": 65, "scaleOutCooldown": 120, "scaleInCooldown": 1800,
        "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
    }  # fmt: skip
    pool = policies["platform-pooler-pool"].inputs["targetTrackingScalingPolicyConfiguration"]
    assert pool == {
        "targetValue": 65, "scaleOutCooldown": 120, "scaleInCooldown": 1800,
        "customizedMetricSpecification": {
            "namespace": "PostgresEstate", "metricName": "PoolUsedPercent", "statistic": "Average",
            "dimensions": [{"name": "Service", "value": "platform"}, {"name": "Stack", "value": "prod"}],
        },
    }  # fmt: skip


@pytest.mark.parametrize(("units", "target"), [(256, 65.0), (1024, 65.0), (2048, 32.5), (4096, 16.2)])
def test_a_larger_task_is_full_when_one_thread_is(units: int, target: float) -> None:
    assert scaling_rules.cpu_target(units) == target


def test_a_cluster_is_named_without_its_arn() -> None:
    arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/estate-tasks-1a2b3c4"
    assert scaling_rules.resource_id(arn, "pooler-1") == "service/estate-tasks-1a2b3c4/pooler-1"


def test_the_numbers_come_one_after_the_other() -> None:
    # A task that leaves is drained before the next may leave.
    assert scaling_rules.IN_SECONDS > 2 * containers.STOP_TIMEOUT
    assert scaling_rules.OUT_SECONDS < scaling_rules.IN_SECONDS
