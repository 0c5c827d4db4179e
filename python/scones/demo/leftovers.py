"""Lists the resources that an environment's stacks have left in its cloud.

Example (not run: it needs a running cloud)::

    left_behind(settings.load("local"))     # [] once everything is destroyed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scones import aws

if TYPE_CHECKING:
    from scones.settings import Environment


def left_behind(environment: Environment) -> list[str]:
    """The remaining resources of the stacks' kinds, such as ``bucket scones-local-123456789012``."""

    def client(service: str) -> Any:
        return aws.client(environment, service)

    sagemaker = client("sagemaker")
    prefix = f"scones-{environment.name}"
    found = {
        "bucket": [
            bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"] if bucket["Name"].startswith(prefix)
        ],
        "endpoint": [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]],
        "configuration": [one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]],
        "model": [one["ModelName"] for one in sagemaker.list_models()["Models"]],
        "function": [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]],
        "state machine": [one["name"] for one in client("stepfunctions").list_state_machines()["stateMachines"]],
        "role": [one["RoleName"] for one in client("iam").list_roles()["Roles"] if one["RoleName"].startswith(prefix)],
    }
    return [f"{kind} {name}" for kind, names in found.items() for name in names]
