"""Which Resources the local cloud calls. What it does not call is refused when a state machine is created.

It calls the operations that it really does (:mod:`localcloud.fidelity`) and whose permissions it can check.
"""

from __future__ import annotations

from collections.abc import Mapping

from moto.core.utils import get_service_model

from localcloud import fidelity
from localcloud.iam.needs import Table, simple
from localcloud.stepfunctions.integrations.names import capitalized, names
from localcloud.stepfunctions.integrations.readers import READ_TYPES
from localcloud.stepfunctions.language.resources import Resource
from localcloud.stepfunctions.language.scope import Json

CALL, CALLBACK, JOB = ("",), ("", "waitForTaskToken"), ("", "sync")

# The optimized integrations of AWS that the local cloud has, with their patterns (Step Functions Developer Guide,
# "Integrating optimized services").
ACTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "events": {"putEvents": CALLBACK},
    "lambda": {"invoke": CALLBACK},
    "sagemaker": {
        "createEndpoint": CALL,
        "createEndpointConfig": CALL,
        "createHyperParameterTuningJob": JOB,
        "createLabelingJob": JOB,
        "createModel": CALL,
        "createProcessingJob": JOB,
        "createTrainingJob": JOB,
        "createTransformJob": JOB,
        "updateEndpoint": CALL,
    },
    "sns": {"publish": CALLBACK},
    "sqs": {"sendMessage": CALLBACK},
    "states": {"startExecution": ("", "sync", "sync:2", "waitForTaskToken")},
}
READERS = ("getObject", "listObjectsV2")
WRITERS = ("putObject",)

# The services of AWS's other optimized integrations.
ELSEWHERE = (
    "apigateway",
    "athena",
    "batch",
    "bedrock",
    "codebuild",
    "databrew",
    "dynamodb",
    "ecs",
    "eks",
    "elasticmapreduce",
    "emr-containers",
    "emr-serverless",
    "glue",
    "http",
    "mediaconvert",
)


class Support:
    """What the local cloud's services do, by the tables of their permissions.

    Example::

        >>> from localcloud.services import registered
        >>> from localcloud.stepfunctions.language.resources import resource
        >>> support = Support(registered().tables)
        >>> support.refusal(resource("arn:aws:states:::sqs:sendMessage.waitForTaskToken")) is None
        True
        >>> support.refusal(resource("arn:aws:states:::dynamodb:putItem"))
        'the local cloud does not support dynamodb:putItem: use a service that it has, or a Pass state instead'
        >>> support.refusal(resource("arn:aws:states:::sqs:sendMessage.sync"))
        'The resource provided arn:aws:states:::sqs:sendMessage.sync is not recognized. The value is not a valid ...'
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        """Args:
        tables: The permissions of the operations, by service and operation (``context.registry.tables``).
        """
        self._tables = tables

    def refusal(self, resource: Resource) -> str | None:
        """Why a Task cannot call a Resource; None if it can."""
        if resource.kind != "service":
            return None
        if resource.sdk:
            return self._sdk(resource)
        if resource.service in ELSEWHERE:
            return _lacking(f"{resource.service}:{resource.action}")
        if resource.pattern not in ACTIONS.get(resource.service, {}).get(resource.action, ()):
            return _unknown(resource)
        return self._operation(resource)

    def reader_refusal(self, resource: Resource, config: Mapping[str, Json]) -> str | None:
        """Why an ItemReader cannot read; None if it can.

        Args:
            config: ReaderConfig as the definition has it. Values that are computed later are not checked.
        """
        if (resource.service, resource.sdk, resource.pattern) != ("s3", False, "") or resource.action not in READERS:
            return _unknown(resource)
        kind = config.get("InputType")
        if isinstance(kind, str) and kind.upper() == "PARQUET":
            return f"the local cloud does not read InputType {kind}: use {', '.join(READ_TYPES)}"
        return None

    def writer_refusal(self, resource: Resource) -> str | None:
        """Why a ResultWriter cannot write; None if it can."""
        fits = (resource.service, resource.sdk, resource.pattern) == ("s3", False, "") and resource.action in WRITERS
        return None if fits else _unknown(resource)

    def _sdk(self, resource: Resource) -> str | None:
        known = names(resource.service, sdk=True)
        if known is None:
            return _lacking(f"aws-sdk:{resource.service}")
        exists = capitalized(resource.action) in get_service_model(known.boto).operation_names
        if not exists or resource.pattern not in CALLBACK or resource.action[:1].isupper():
            return _unknown(resource)
        return self._operation(resource)

    def _operation(self, resource: Resource) -> str | None:
        known = names(resource.service, sdk=resource.sdk)
        assert known is not None
        operation = capitalized(resource.action)
        if operation in self._tables.get(simple(known.boto), {}) and not fidelity.refusal(known.boto, operation, {}):
            return None
        return _lacking(f"{resource.shown_type}:{resource.action}")


def _lacking(what: str) -> str:
    return f"the local cloud does not support {what}: use a service that it has, or a Pass state instead"


def _unknown(resource: Resource) -> str:
    """AWS's words (its answers to CreateStateMachine)."""
    return (
        f"The resource provided {resource.arn} is not recognized. The value is not a valid resource ARN, or the "
        "resource is not available in this region."
    )
