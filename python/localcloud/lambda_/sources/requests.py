"""CreateEventSourceMapping and UpdateEventSourceMapping are checked: what cannot be done is refused by its name.

AWS: AWS Lambda API Reference, both operations; Lambda Developer Guide, "Using Lambda with Amazon SQS". Where AWS
documents no words, the words here are this cloud's own.

AWS refuses a queue whose visibility timeout is shorter than the function's timeout. So does this cloud, but not for a
function with Lambda's default timeout of 3 seconds or less: so a test may let messages come back after a second or two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError

from localcloud.iam.acting import Acting
from localcloud.iam.roles import AccessDenied, CannotAssume, Roles
from localcloud.lambda_.sources.filters import MOST_FILTERS, WrongFilter, compiled
from localcloud.lambda_.sources.mappings import REPORTS, QueueMapping

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction
    from moto.sqs.models import Queue

DEFAULT_TIMEOUT = 3  # seconds of a function
MOST_BATCH, MOST_FIFO_BATCH, MOST_WINDOW = 10_000, 10, 300
CONCURRENCY = (2, 1000)
#: Fields that only streams and brokers have. AWS refuses them for a queue.
OF_STREAMS = (
    "AmazonManagedKafkaEventSourceConfig",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "DocumentDBEventSourceConfig",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "Queues",
    "SelfManagedKafkaEventSourceConfig",
    "SourceAccessConfigurations",
    "StartingPosition",
    "StartingPositionTimestamp",
    "Topics",
    "TumblingWindowInSeconds",
)
#: Fields that AWS has for queues, and this cloud does not act upon.
NOT_CARRIED_OUT = ("KMSKeyArn", "LoggingConfig", "MetricsConfig", "ProvisionedPollerConfig")
SOURCES = {
    "dynamodb": "DynamoDB streams",
    "kinesis": "Kinesis streams",
    "kafka": "Amazon MSK clusters",
    "mq": "Amazon MQ brokers",
    "rds": "Amazon DocumentDB clusters",
}
#: What a mapping does with its queue in the name of the function's role.
QUEUE_OPERATIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
SESSION = "awslambda"


def source_of(given: Mapping[str, Any], account: str, region: str) -> str:
    """The ARN of the queue in a request.

    Raises:
        InvalidParameterValueException: It has none, or another event source, or a queue of another place.
    """
    if given.get("SelfManagedEventSource"):
        raise _other_source("self-managed Apache Kafka clusters")
    arn = str(given.get("EventSourceArn") or "")
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        raise InvalidParameterValueException("Unrecognized event source.")
    if parts[2] != "sqs":
        if parts[2] not in SOURCES:
            raise InvalidParameterValueException("Unrecognized event source.")
        raise _other_source(SOURCES[parts[2]])
    if parts[3:5] != [region, account]:
        raise InvalidParameterValueException(
            "the local cloud maps queues of the function's own account and region only: "
            f"{arn} is not in {region} of {account}"
        )
    return arn


def _other_source(what: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(
        f"the local cloud carries out event source mappings of SQS queues only, not of {what}"
    )


def changed(mapping: QueueMapping, given: Mapping[str, Any]) -> QueueMapping:
    """A mapping with the settings of a request. What the request leaves out stays.

    Raises:
        InvalidParameterValueException: A setting is wrong, or is not carried out.
    """
    for name in OF_STREAMS:
        if given.get(name) not in (None, {}, []):
            raise InvalidParameterValueException(f"Unsupported {name} parameter for given event source mapping type.")
    for name in NOT_CARRIED_OUT:
        if given.get(name) not in (None, {}, [], ""):
            raise InvalidParameterValueException(
                f"the local cloud does not carry out {name} of an event source mapping: leave it out"
            )
    settings: dict[str, Any] = {}
    if given.get("Enabled") is not None:
        settings["enabled"] = bool(given["Enabled"])
    if given.get("BatchSize") is not None:
        settings["batch_size"] = _within(given, "BatchSize", 1, MOST_BATCH)
    if given.get("MaximumBatchingWindowInSeconds") is not None:
        settings["window"] = _within(given, "MaximumBatchingWindowInSeconds", 0, MOST_WINDOW)
    if given.get("FilterCriteria") is not None:
        settings["patterns"] = _patterns(given["FilterCriteria"])
    if given.get("FunctionResponseTypes") is not None:
        settings["response_types"] = _response_types(given["FunctionResponseTypes"])
    if given.get("ScalingConfig") is not None:
        scaling = given["ScalingConfig"]
        limited = scaling.get("MaximumConcurrency") is not None
        settings["maximum_concurrency"] = _within(scaling, "MaximumConcurrency", *CONCURRENCY) if limited else None
    made = dataclasses.replace(mapping, **settings)
    if made.fifo and made.window:
        raise InvalidParameterValueException("Batching window is not supported for FIFO queues")
    if made.fifo and made.batch_size > MOST_FIFO_BATCH:
        raise InvalidParameterValueException(f"Batch size must not exceed {MOST_FIFO_BATCH} for FIFO queues")
    if made.batch_size > MOST_FIFO_BATCH and not made.window:
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    return made


def _within(given: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = given[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        low = isinstance(value, int) and value < least
        bound = f"greater than or equal to {least}" if low else f"less than or equal to {most}"
        raise InvalidParameterValueException(
            f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy "
            f"constraint: Member must have value {bound}"
        )
    return value


def _patterns(criteria: Mapping[str, Any]) -> tuple[str, ...]:
    found = tuple(str(one.get("Pattern") or "") for one in criteria.get("Filters") or [])
    if len(found) > MOST_FILTERS:
        raise InvalidParameterValueException(f"an event source mapping has {MOST_FILTERS} filters at most")
    try:
        compiled(found)
    except WrongFilter as error:
        raise InvalidParameterValueException(str(error)) from None
    return found


def _response_types(given: list[str]) -> tuple[str, ...]:
    if any(one != REPORTS for one in given):
        raise InvalidParameterValueException(
            f"1 validation error detected: Value '[{', '.join(given)}]' at 'functionResponseTypes' failed to satisfy "
            f"constraint: Member must satisfy constraint: [Member must satisfy enum value set: [{REPORTS}]]"
        )
    return tuple(given)


def check_queue(queue: Queue | None, function: LambdaFunction) -> None:
    """Refuse a queue that does not exist, or that brings messages back while the function still runs.

    Raises:
        InvalidParameterValueException: It is one of these.
    """
    if queue is None:
        raise InvalidParameterValueException(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist for this wsdl version."
        )
    timeout, visibility = int(function.timeout), int(queue.visibility_timeout)
    if visibility < timeout and (timeout > DEFAULT_TIMEOUT or not visibility):
        raise InvalidParameterValueException(
            f"Queue visibility timeout: {visibility} seconds is less than Function timeout: {timeout} seconds"
        )


def check_role(roles: Roles, function: LambdaFunction, source_arn: str) -> None:
    """Refuse a function whose role may not use the queue.

    Raises:
        InvalidParameterValueException: It may not. The message is AWS's.
    """
    if why := role_problem(roles, function, source_arn):
        raise InvalidParameterValueException(why)


def role_problem(roles: Roles, function: LambdaFunction, source_arn: str) -> str | None:
    """Why the role of a function may not use a queue, in AWS's words. None if it may."""
    queue = {"QueueUrl": source_arn.rpartition(":")[2]}
    acting = Acting(roles, function.role, function.account_id, function.region, session=SESSION)
    try:
        roles.assume(function.role, "lambda.amazonaws.com")
        for operation in QUEUE_OPERATIONS:
            acting.roles.require_call(
                acting.role_arn, "sqs", operation, queue, region=acting.region, session=SESSION, often=True
            )
    except CannotAssume:
        return "The role defined for the function cannot be assumed by Lambda."
    except AccessDenied as error:
        service, action = error.request.action.split(":")
        return f"The provided execution role does not have permissions to call {action} on {service.upper()}"
    return None


def check_new(mappings: Mapping[str, QueueMapping], mapping: QueueMapping) -> None:
    """Refuse a second mapping of the same queue and function.

    Raises:
        LambdaClientError: There is one. The message is AWS's.
    """
    for other in mappings.values():
        if (other.source_arn, other.function_arn) == (mapping.source_arn, mapping.function_arn):
            raise MappingConflict(
                "ResourceConflictException",
                f'An event source mapping with SQS arn (" {mapping.source_arn} ") and function '
                f'(" {mapping.function_name} ") already exists. Please update or delete the existing mapping with UUID '
                f"{other.uuid}",
            )


class MappingConflict(LambdaClientError):
    """A mapping exists already."""

    code = 409


class MappingMissing(LambdaClientError):
    """There is no such mapping."""

    code = 404
