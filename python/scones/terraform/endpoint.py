"""Detects that SageMaker has rolled back an update of the endpoint, which only DescribeEndpoint reports.

Example::

    >>> before = {"LastModifiedTime": 1}
    >>> after = {"LastModifiedTime": 2, "FailureReason": "The primary container did not pass the ping health check."}
    >>> rolled_back(before, after)
    'The primary container did not pass the ping health check.'

Fields: SageMaker API Reference, DescribeEndpoint. FailureReason stays until the next update, so it is from this update
only if the endpoint was modified since.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scones.errors import TerraformError

#: The endpoint's address in the stack ``service``.
ADDRESS = "module.endpoint.aws_sagemaker_endpoint.this"
HINT = (
    "the previous model still answers; look at the container's log, /aws/sagemaker/Endpoints, then pin a model that "
    "loads (invoke models; invoke pin VERSION) and apply again"
)


def describe(sagemaker: Any, name: str | None) -> Mapping[str, Any] | None:
    """DescribeEndpoint's answer. None if there is no such endpoint, or ``name`` is empty.

    Args:
        sagemaker: A boto3 SageMaker client.
    """
    if not name:
        return None
    try:
        return sagemaker.describe_endpoint(EndpointName=name)
    except sagemaker.exceptions.ClientError as error:
        if "Could not find endpoint" in str(error):
            return None
        raise


def rolled_back(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str | None:
    """SageMaker's reason for a roll-back between two descriptions. None if there was no roll-back."""
    if before is None or after is None or before["LastModifiedTime"] == after["LastModifiedTime"]:
        return None
    return after.get("FailureReason")


def verify(endpoint: Mapping[str, Any], wanted: str) -> None:
    """Check that an endpoint is InService with the wanted configuration.

    Args:
        endpoint: DescribeEndpoint's answer.
        wanted: The endpoint configuration's name.

    Raises:
        TerraformError: it is not; the message has SageMaker's reason.
    """
    if endpoint["EndpointStatus"] != "InService" or endpoint["EndpointConfigName"] != wanted:
        raise TerraformError(
            f"endpoint '{endpoint['EndpointName']}' is {endpoint['EndpointStatus']} and runs "
            f"{endpoint['EndpointConfigName']}, not {wanted}: "
            f"{endpoint.get('FailureReason', 'SageMaker gives no reason')}",
            hint=HINT,
        )


def explain(endpoint: Mapping[str, Any], reason: str) -> TerraformError:
    """The error for an apply that ended with a roll-back."""
    return TerraformError(
        f"SageMaker rolled the update of endpoint '{endpoint['EndpointName']}' back; it still runs "
        f"{endpoint['EndpointConfigName']} and is {endpoint['EndpointStatus']}. Its reason: {reason}",
        hint=HINT,
    )
