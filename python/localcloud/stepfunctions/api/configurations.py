"""The logging, tracing and encryption configurations of state machines and activities.

AWS: AWS Step Functions API Reference, LoggingConfiguration, TracingConfiguration and EncryptionConfiguration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.stepfunctions.api.errors import ApiError
from localcloud.stepfunctions.models import OWNED_KEY

Json = Any
#: Whether there is a log group with an ARN.
HasGroup = Callable[[str], bool]


def logging(given: dict[str, Json] | None, has_group: HasGroup) -> dict[str, Json]:
    """A logging configuration with its defaults.

    Raises:
        ApiError: InvalidLoggingConfiguration.

    Example::

        >>> logging({}, lambda arn: True)
        {'level': 'OFF', 'includeExecutionData': False}
    """
    found = {"level": "OFF", "includeExecutionData": False, **(given or {})}
    destinations = found.get("destinations") or []
    if len(destinations) > 1 or (found["level"] != "OFF" and not destinations):
        raise _refused("Must specify exactly one Log Destination.")
    if destinations and not has_group((destinations[0].get("cloudWatchLogsLogGroup") or {}).get("logGroupArn") or ""):
        raise _refused("Log Destination not found.")
    return found


def tracing(given: dict[str, Json] | None) -> dict[str, Json]:
    """A tracing configuration with its default."""
    return {"enabled": False, **(given or {})}


def encryption(given: dict[str, Json] | None) -> dict[str, Json]:
    """An encryption configuration with its defaults.

    Raises:
        ApiError: InvalidEncryptionConfiguration.

    Example::

        >>> encryption({"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/states"})["kmsDataKeyReusePeriodSeconds"]
        300
    """
    if given is None:
        return dict(OWNED_KEY)
    if given["type"] == OWNED_KEY["type"]:
        if len(given) > 1:
            words = "kmsKeyId and kmsDataKeyReusePeriodSeconds must not be set for the type AWS_OWNED_KEY"
            raise ApiError("InvalidEncryptionConfiguration", f"Invalid Encryption Configuration: {words}")
        return dict(OWNED_KEY)
    if "kmsKeyId" not in given:
        words = "kmsKeyId must be set for the type CUSTOMER_MANAGED_KMS_KEY"
        raise ApiError("InvalidEncryptionConfiguration", f"Invalid Encryption Configuration: {words}")
    return {"kmsDataKeyReusePeriodSeconds": 300, **given}


def _refused(words: str) -> ApiError:
    return ApiError("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {words}")
