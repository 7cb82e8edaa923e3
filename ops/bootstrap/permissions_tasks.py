"""What the resource types around tasks take: ECS, scaling, roles, logs, alarms, events, schedules, messages. Pure."""

from __future__ import annotations

from ops.bootstrap.permission_rows import row
from ops.bootstrap.scopes import (
    ALARMS,
    ATTACH,
    BOUNDED_ROLES,
    LINKED,
    MAKE,
    OURS,
    PASS,
    READ,
    REGIONAL,
    ROLES,
    SCALING,
    SCHEDULES,
)

TASKS_AND_EVENTS = (
    row(
        "aws:ecs/cluster:Cluster",
        ecs={
            READ: "DescribeClusters ListTagsForResource",
            MAKE: "CreateCluster TagResource",
            OURS: "DeleteCluster TagResource UntagResource UpdateCluster UpdateClusterSettings",
        },
        iam={LINKED: "CreateServiceLinkedRole"},
    ),
    row(
        "aws:ecs/service:Service",
        # The provider waits for a deployment by its own name; a failed one it stops.
        ecs={
            READ: "DescribeServiceDeployments DescribeServices ListServiceDeployments ListTagsForResource",
            MAKE: "CreateService TagResource",
            OURS: "DeleteService StopServiceDeployment TagResource UntagResource UpdateService",
        },
        iam={PASS: "PassRole"},
    ),
    row(
        "aws:ecs/taskDefinition:TaskDefinition",
        ecs={
            READ: "DescribeTaskDefinition ListTagsForResource",
            MAKE: "RegisterTaskDefinition TagResource",
            REGIONAL: "DeregisterTaskDefinition",
            OURS: "TagResource UntagResource",
        },
        iam={PASS: "PassRole", READ: "GetRole"},
    ),
    row(
        "aws:appautoscaling/target:Target",
        # Application Auto Scaling looks at the service in the caller's name.
        application_autoscaling={
            READ: "DescribeScalableTargets ListTagsForResource",
            SCALING: "DeregisterScalableTarget RegisterScalableTarget",
            MAKE: "TagResource",
            OURS: "TagResource UntagResource",
        },
        ecs={READ: "DescribeServices", OURS: "UpdateService"},
        iam={LINKED: "CreateServiceLinkedRole"},
    ),
    row(
        "aws:appautoscaling/policy:Policy",
        application_autoscaling={
            READ: "DescribeScalingPolicies",
            SCALING: "DeleteScalingPolicy PutScalingPolicy",
        },
        cloudwatch={READ: "DescribeAlarms GetMetricData", ALARMS: "DeleteAlarms PutMetricAlarm"},
    ),
    row(
        "aws:iam/role:Role",
        iam={
            READ: "GetRole ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoleTags",
            BOUNDED_ROLES: "CreateRole DeleteRolePolicy DetachRolePolicy PutRolePermissionsBoundary",
            ROLES: "DeleteRole TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription",
        },
    ),
    row(
        "aws:iam/rolePolicy:RolePolicy",
        iam={READ: "GetRolePolicy", BOUNDED_ROLES: "DeleteRolePolicy PutRolePolicy"},
    ),
    row(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        iam={READ: "ListAttachedRolePolicies", ATTACH: "AttachRolePolicy", BOUNDED_ROLES: "DetachRolePolicy"},
    ),
    row(
        "aws:cloudwatch/logGroup:LogGroup",
        logs={
            READ: "DescribeLogGroups ListTagsForResource",
            MAKE: "CreateLogGroup TagResource",
            OURS: "AssociateKmsKey DeleteLogGroup DeleteRetentionPolicy DisassociateKmsKey PutRetentionPolicy"
            " TagResource UntagResource",
        },
    ),
    row(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        logs={READ: "DescribeMetricFilters", OURS: "DeleteMetricFilter PutMetricFilter"},
    ),
    row(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        cloudwatch={
            READ: "DescribeAlarms ListTagsForResource",
            ALARMS: "DeleteAlarms PutMetricAlarm TagResource UntagResource",
        },
    ),
    row(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        # CloudWatch API Reference: PutCompositeAlarm takes a permission for all resources, or fails.
        cloudwatch={
            READ: "DescribeAlarms ListTagsForResource",
            REGIONAL: "PutCompositeAlarm",
            ALARMS: "DeleteAlarms TagResource UntagResource",
        },
    ),
    row(
        "aws:cloudwatch/dashboard:Dashboard",
        cloudwatch={READ: "GetDashboard", ALARMS: "DeleteDashboards PutDashboard"},
    ),
    row(
        "aws:cloudwatch/eventRule:EventRule",
        events={
            READ: "DescribeRule ListTagsForResource",
            MAKE: "PutRule TagResource",
            OURS: "DeleteRule PutRule TagResource UntagResource",
        },
    ),
    row(
        "aws:cloudwatch/eventTarget:EventTarget",
        events={READ: "ListTargetsByRule", OURS: "PutTargets RemoveTargets"},
    ),
    row(
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        scheduler={
            READ: "GetScheduleGroup ListTagsForResource",
            # A group takes the schedules in it along.
            SCHEDULES: "CreateScheduleGroup DeleteSchedule DeleteScheduleGroup TagResource UntagResource",
        },
    ),
    row(
        "aws:scheduler/schedule:Schedule",
        iam={PASS: "PassRole"},
        scheduler={READ: "GetSchedule", SCHEDULES: "CreateSchedule DeleteSchedule UpdateSchedule"},
    ),
    row(
        "aws:sns/topic:Topic",
        sns={
            READ: "GetTopicAttributes ListTagsForResource",
            MAKE: "CreateTopic TagResource",
            OURS: "DeleteTopic SetTopicAttributes TagResource UntagResource",
        },
    ),
    row("aws:sns/topicPolicy:TopicPolicy", sns={READ: "GetTopicAttributes", OURS: "SetTopicAttributes"}),
    row(
        "aws:sns/topicSubscription:TopicSubscription",
        sns={
            READ: "GetSubscriptionAttributes",
            OURS: "SetSubscriptionAttributes Subscribe Unsubscribe",
        },
    ),
    row(
        "aws:sqs/queue:Queue",
        sqs={
            READ: "GetQueueAttributes GetQueueUrl ListQueueTags",
            MAKE: "CreateQueue TagQueue",
            OURS: "DeleteQueue SetQueueAttributes TagQueue UntagQueue",
        },
    ),
    row("aws:sqs/queuePolicy:QueuePolicy", sqs={READ: "GetQueueAttributes", OURS: "SetQueueAttributes"}),
)
