"""What became of the endpoint: SageMaker rolls an update back that fails, and says so nowhere but in DescribeEndpoint.

Example::

    before = describe(sagemaker, "scones-dev")
    …                                               # terraform apply
    if reason := rolled_back(before, describe(sagemaker, "scones-dev")):
        print(reason)                               # 'The primary container … did not pass the ping health check. …'

Fields: SageMaker API Reference, DescribeEndpoint. FailureReason of an update that was rolled back stays until the next
one, so only an endpoint that was touched meanwhile tells of this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scones.errors import TerraformError

HINT = (
    "the model before still answers; look at the container's log, /aws/sagemaker/Endpoints, then pin a model that "
    "loads (invoke models; invoke pin VERSION) and apply again"
)


def describe(sagemaker: Any, name: str | None) -> Mapping[str, Any] | None:
    """DescribeEndpoint's answer; None where there is no such endpoint, or none is known yet.

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
    """Why an update between these two was rolled back, in SageMaker's words; None where none was."""
    if before is None or after is None or before["LastModifiedTime"] == after["LastModifiedTime"]:
        return None
    return after.get("FailureReason")


def verify(endpoint: Mapping[str, Any], wanted: str) -> None:
    """Prove that an endpoint runs the configuration that was asked for, and is InService.

    Args:
        endpoint: DescribeEndpoint's answer.
        wanted: The configuration's name.

    Raises:
        TerraformError: it does not, with SageMaker's reason.
    """
    if endpoint["EndpointStatus"] != "InService" or endpoint["EndpointConfigName"] != wanted:
        raise TerraformError(
            f"endpoint '{endpoint['EndpointName']}' is {endpoint['EndpointStatus']} and runs "
            f"{endpoint['EndpointConfigName']}, not {wanted}: "
            f"{endpoint.get('FailureReason', 'SageMaker gives no reason')}",
            hint=HINT,
        )


def explain(endpoint: Mapping[str, Any], reason: str) -> TerraformError:
    """The error of an apply that ended with a roll-back."""
    return TerraformError(
        f"SageMaker rolled the update of endpoint '{endpoint['EndpointName']}' back; it still runs "
        f"{endpoint['EndpointConfigName']} and is {endpoint['EndpointStatus']}. Its reason: {reason}",
        hint=HINT,
    )
