"""Lists the resources that an environment's stacks have left in its cloud.

Example (not run: it needs a running cloud)::

    left_behind(settings.load("local"))     # [] once everything is destroyed
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scones import aws

if TYPE_CHECKING:
    from scones.settings import Environment

# Each kind with the service, the operation, the key of the answer's list, and the member with the name, or with an ARN,
# address or path that ends in it. None: the list is one of texts.
KINDS = {
    "bucket": ("s3", "list_buckets", "Buckets", "Name"),
    "endpoint": ("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
    "configuration": ("sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
    "model": ("sagemaker", "list_models", "Models", "ModelName"),
    "registry": (
        "sagemaker",
        "list_model_package_groups",
        "ModelPackageGroupSummaryList",
        "ModelPackageGroupName",
    ),
    "function": ("lambda", "list_functions", "Functions", "FunctionName"),
    "event source mapping": ("lambda", "list_event_source_mappings", "EventSourceMappings", "EventSourceArn"),
    "queue": ("sqs", "list_queues", "QueueUrls", None),
    "rule": ("events", "list_rules", "Rules", "Name"),
    "schedule": ("scheduler", "list_schedules", "Schedules", "Name"),
    "state machine": ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "role": ("iam", "list_roles", "Roles", "RoleName"),
    "log group": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "dashboard": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "topic": ("sns", "list_topics", "Topics", "TopicArn"),
    "key": ("kms", "list_aliases", "Aliases", "AliasName"),
}


def left_behind(environment: Environment, *, client: Callable[..., Any] = aws.client) -> list[str]:
    """The remaining resources of the stacks' kinds, such as ``bucket scones-local-123456789012``.

    Args:
        client: Makes boto3 clients.
    """
    return [
        f"{kind} {name}"
        for kind, (service, operation, key, member) in KINDS.items()
        for page in client(environment, service).get_paginator(operation).paginate()
        for one in page.get(key, [])  # SQS leaves out an empty list
        if environment.owns(name := re.split("[/:]", one[member] if member else one)[-1])
    ]
