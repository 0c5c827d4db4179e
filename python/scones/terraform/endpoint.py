"""Follows the endpoint through an apply: waits until it settles, and says what a rollback was for and what serves now.

Example::

    >>> before = {"LastModifiedTime": 1, "EndpointConfigName": "scones-dev-1"}
    >>> after = {"LastModifiedTime": 2, "EndpointConfigName": "scones-dev-1", "FailureReason": "It does not load."}
    >>> rolled_back(before, after)
    True

Terraform's provider gives up as soon as it sees RollingBack (``unexpected state 'RollingBack'``), while SageMaker goes
on for minutes. If it does not see it, it reports a success.

Fields: SageMaker API Reference, DescribeEndpoint. FailureReason stays until the next update, so it is from this update
only if the endpoint was modified since. It can be empty after a rollback.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from scones.errors import TerraformError

# The statuses that do not change by themselves (SageMaker API Reference, DescribeEndpoint, EndpointStatus).
SETTLED = ("InService", "Failed", "OutOfService", "UpdateRollbackFailed")
POLL_SECONDS = 2.0
# A deployment takes an hour at most (terraform/modules/endpoint, maximum_execution_timeout_in_seconds).
LIMIT_SECONDS = 3600.0
#: The endpoint's address in the stack ``service``.
ADDRESS = "module.endpoint.aws_sagemaker_endpoint.this"
# "DeleteEndpoint is the only operation that can be performed on a failed endpoint" (API Reference, DescribeEndpoint).
AGAIN = f"-replace={ADDRESS}[0]"
HINT = (
    "that model answers all the time; look at the container's log, /aws/sagemaker/Endpoints/{name}, then pin a model "
    "that works (invoke models; invoke pin VERSION) and apply again"
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


def settle(
    look: Callable[[], Mapping[str, Any] | None],
    *,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Mapping[str, Any] | None:
    """Wait until an endpoint stops changing, and return its last description. None if it is gone.

    Args:
        look: Describes the endpoint.
        say: Told once what is waited for, if there is something to wait for.
        sleep: Waits for a number of seconds.

    Raises:
        TerraformError: it still changes after an hour.
    """
    found, waited = look(), 0.0
    while found is not None and found["EndpointStatus"] not in SETTLED:
        name, status = found["EndpointName"], found["EndpointStatus"]
        if not waited:
            say(f"endpoint '{name}' is {status}: waiting until SageMaker has finished")
        if waited >= LIMIT_SECONDS:
            raise TerraformError(
                f"endpoint '{name}' is still {status} after {waited / 60:.0f} minutes",
                hint=f"wait for it: aws sagemaker wait endpoint-in-service --endpoint-name {name}; then apply again",
            )
        sleep(POLL_SECONDS)
        waited += POLL_SECONDS
        found = look()
    return found


def rolled_back(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, *, seen: Iterable[str] = (), rung: bool = False
) -> bool:
    """Whether SageMaker rolled an update back between two descriptions.

    Args:
        seen: Statuses in between.
        rung: Whether an alarm of the deployment has gone off.
    """
    if before is None or after is None or before["LastModifiedTime"] == after["LastModifiedTime"]:
        return False
    # Autoscaling modifies an endpoint too, without a reason and without an alarm.
    turned = "RollingBack" in seen or bool(after.get("FailureReason")) or rung
    return turned and before["EndpointConfigName"] == after["EndpointConfigName"]


def ringing(cloudwatch: Any, endpoint: Mapping[str, Any] | None) -> dict[str, str]:
    """The alarms of an endpoint's deployments that are on, by name, each with CloudWatch's reason.

    Args:
        cloudwatch: A boto3 CloudWatch client.
        endpoint: DescribeEndpoint's answer.
    """
    guard = ((endpoint or {}).get("LastDeploymentConfig") or {}).get("AutoRollbackConfiguration") or {}
    names = [alarm["AlarmName"] for alarm in guard.get("Alarms") or []]
    if not names:
        return {}
    found = cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM")["MetricAlarms"]
    return {alarm["AlarmName"]: alarm.get("StateReason", "") for alarm in found}


def serving(sagemaker: Any, endpoint: Mapping[str, Any]) -> str:
    """What an endpoint serves, for people: ``scones-dev-1 (AllTraffic: version 3)``.

    The module endpoint tags each model with its model package. Without the tag, it is the model's name.
    """
    name = endpoint["EndpointConfigName"]
    try:
        config = sagemaker.describe_endpoint_config(EndpointConfigName=name)
        variants = [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]
        models = ", ".join(f"{one['VariantName']}: {_version(sagemaker, one['ModelName'])}" for one in variants)
    except ClientError:  # somebody has deleted the configuration or a model, which the endpoint does not need
        return str(name)
    return f"{name} ({models})"


def _version(sagemaker: Any, model: str) -> str:
    arn = sagemaker.describe_model(ModelName=model)["ModelArn"]
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    package = tags.get("ModelPackage", "")
    return f"version {package.rpartition('/')[2]}" if package else model


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
            hint=HINT.format(name=endpoint["EndpointName"]),
        )


def explain(endpoint: Mapping[str, Any], *, serves: str, rung: Mapping[str, str]) -> TerraformError:
    """The error for an apply that ended with a rollback.

    Args:
        endpoint: DescribeEndpoint's answer, after it.
        serves: What the endpoint serves now.
        rung: The alarms that went off, each with its reason.
    """
    alarms = "; ".join(f"the alarm {name} went off ({reason.rstrip('.')})" for name, reason in sorted(rung.items()))
    given = str(endpoint.get("FailureReason") or "")
    because = "; ".join(filter(None, [alarms, given and f"SageMaker says: {given.rstrip('.')}"]))
    name, status = endpoint["EndpointName"], endpoint["EndpointStatus"]
    return TerraformError(
        f"SageMaker rolled the update of endpoint '{name}' back: {because or 'SageMaker gives no reason'}. "
        f"The endpoint is {status} and serves {serves} now",
        hint=HINT.format(name=name),
    )
