"""Lists the resources that an environment's stacks have left in its cloud.

Example (not run: it needs a running cloud)::

    left_behind(settings.load("local"))     # [] once everything is destroyed
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scones import aws

if TYPE_CHECKING:
    from scones.settings import Environment

# Each kind with the service, the operation, the key of the answer's list, and the name's key.
_KINDS = {
    "bucket": ("s3", "list_buckets", "Buckets", "Name"),
    "endpoint": ("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
    "configuration": ("sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
    "model": ("sagemaker", "list_models", "Models", "ModelName"),
    "function": ("lambda", "list_functions", "Functions", "FunctionName"),
    "state machine": ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "role": ("iam", "list_roles", "Roles", "RoleName"),
}


def left_behind(environment: Environment, *, client: Callable[..., Any] = aws.client) -> list[str]:
    """The remaining resources of the stacks' kinds, such as ``bucket scones-local-123456789012``.

    Args:
        client: Makes boto3 clients.
    """
    return [
        f"{kind} {one[name]}"
        for kind, (service, operation, key, name) in _KINDS.items()
        for page in client(environment, service).get_paginator(operation).paginate()
        for one in page[key]
        if environment.owns(one[name])
    ]
