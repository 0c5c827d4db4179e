"""What a Task, an ItemReader or a ResultWriter calls, in the role of its state machine.

Example (not run: it needs a running cloud)::

    calls = Integrations(context)
    sends = resource("arn:aws:states:::sqs:sendMessage")
    calls.call(sends, {"QueueUrl": url, "MessageBody": {"a": 1}}, caller).output["MessageId"]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel
from moto.core.utils import get_service_model

from localcloud.context import Context
from localcloud.identifiers import new_uuid
from localcloud.stepfunctions.integrations import events, failures, jobs, readers, shapes, writers
from localcloud.stepfunctions.integrations.answers import Answer, Caller
from localcloud.stepfunctions.integrations.clients import Clients, same_call
from localcloud.stepfunctions.integrations.functions import Functions
from localcloud.stepfunctions.integrations.metadata import service_headers, with_metadata
from localcloud.stepfunctions.integrations.names import Names, capitalized, names
from localcloud.stepfunctions.language.resources import Resource
from localcloud.stepfunctions.language.scope import Json


class Integrations:
    """The integrations of one local cloud. Every call waits for its answer in the caller's thread."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clients = Clients(context)

    def call(self, resource: Resource, arguments: Json, caller: Caller) -> Answer:
        """Call what a Task's Resource names.

        Args:
            arguments: The Task's effective input for a function; else its Parameters or Arguments.

        Raises:
            StateFailure: The call failed, with AWS's error and cause.
        """
        if resource.kind == "lambda":
            return Answer(self._functions.plain(resource.arn, arguments, caller))
        if (resource.service, resource.action) == ("lambda", "invoke"):
            invoke = self._functions.sdk if resource.sdk else self._functions.optimized
            return Answer(invoke(arguments, caller))
        known = _names(resource)
        operation = operation_of(known, resource.action)
        prepared = arguments
        if not resource.sdk and resource.service == "events":
            prepared = events.with_resources(arguments, caller.execution_arn)
        given, problems = shapes.parameters(operation.input_shape, prepared)
        if problems:
            raise failures.unusable(shapes.text_of(arguments), problems)
        if missing := [name for name in operation.input_shape.required_members if name not in given]:
            raise failures.null(known, operation, missing[0], sdk=resource.sdk)
        if "QueueUrl" in given and (host := unknown_host(given["QueueUrl"])):
            raise failures.unreachable(known, f"{host}: Name or service not known")
        if operation.has_streaming_input and "ContentType" in operation.input_shape.members:
            given.setdefault("ContentType", "text/plain; charset=UTF-8")  # as the SDK for Java, whose body is a text
        answered = self._send(known, operation, given, caller, sdk=resource.sdk)
        output = shapes.answer(operation.output_shape, answered, sdk=resource.sdk)
        if resource.sdk:
            return Answer(output)
        if resource.service == "events":
            return Answer(events.checked(output))
        request_id = new_uuid()  # the local cloud's services have ids of other forms
        shown = with_metadata(output, service_headers(resource.service, answered, request_id), request_id)
        if resource.pattern not in ("sync", "sync:2"):
            return Answer(shown)
        return Answer(shown, jobs.started(resource.service, resource.action, resource.pattern, arguments, output))

    def poll(self, job: Mapping[str, Json], caller: Caller) -> Json | None:
        """The result of a job; None while it runs.

        Raises:
            StateFailure: The job failed, or cannot be described.
        """
        kind = jobs.KINDS[job["service"], job["action"]]
        return jobs.ended(job, self._about(job, kind.describe, caller))

    def stop(self, job: Mapping[str, Json], caller: Caller) -> None:
        """Stop a job, because its Task timed out or its execution was stopped.

        Raises:
            StateFailure: The job cannot be stopped: it has ended, or the role may not stop it.
        """
        self._about(job, jobs.KINDS[job["service"], job["action"]].stop, caller)

    def read(self, resource: Resource, arguments: Json, config: Mapping[str, Json], caller: Caller) -> list[Json]:
        """The items of an ItemReader.

        Args:
            config: The evaluated ReaderConfig: ``MaxItems`` instead of MaxItemsPath.

        Raises:
            StateFailure: States.ItemReaderFailed.
        """
        return readers.read(self._clients.of("s3", caller), resource.action, arguments, config)

    def write(self, resource: Resource, arguments: Json, files: Mapping[str, bytes], caller: Caller) -> None:
        """Put a ResultWriter's files: the whole keys and the contents. See :func:`writers.result_files`.

        Raises:
            StateFailure: States.ResultWriterFailed.
        """
        writers.write(self._clients.of("s3", caller), arguments["Bucket"], files)

    @property
    def _functions(self) -> Functions:
        return Functions(self._context.actions["lambda:InvokeFunction"], self._clients.keys)

    def _about(self, job: Mapping[str, Json], operation_name: str, caller: Caller) -> dict[str, Json]:
        known = names(job["service"], sdk=False)
        assert known is not None
        operation = get_service_model(known.boto).operation_model(operation_name)
        name = jobs.KINDS[job["service"], job["action"]].name
        given, _ = shapes.parameters(operation.input_shape, {name: job["name"]})
        answered = self._send(known, operation, given, caller, sdk=False)
        return shapes.answer(operation.output_shape, answered, sdk=False)

    def _send(
        self, known: Names, operation: OperationModel, given: Mapping[str, Any], caller: Caller, *, sdk: bool
    ) -> dict[str, Any]:
        client = self._clients.of(known.boto, caller)
        try:
            with same_call(caller.call() if caller.call else None):
                answered = getattr(client, xform_name(operation.name))(**given)
            if "EncodingType" not in given:
                answered.pop("EncodingType", None)  # boto3 asks S3 for it, and decodes the keys
            return {name: value.read() if hasattr(value, "read") else value for name, value in answered.items()}
        except ClientError as error:
            raise failures.of_answer(error, known, operation, sdk=sdk) from None
        except BotoCoreError as error:
            raise failures.of_connection(error, known) from None


def operation_of(known: Names, action: str) -> OperationModel:
    """The operation of an action, ``sendMessage``.

    Raises:
        LookupError: The service has no such operation. :class:`~.support.Support` refuses it at creation.
    """
    model = get_service_model(known.boto)
    name = capitalized(action)
    if name not in model.operation_names:
        raise LookupError(f"{known.boto} has no operation {name}")
    return model.operation_model(name)


def unknown_host(url: str) -> str | None:
    """The host of a queue's URL if it can be nobody's: it has no domain.

    Example::

        >>> unknown_host("http://no-such-queue"), unknown_host("http://127.0.0.1:5566/123456789012/q")
        ('no-such-queue', None)
    """
    host = urlsplit(url if "://" in url else f"//{url}").hostname or url
    return None if "." in host or host == "localhost" else host


def _names(resource: Resource) -> Names:
    known = names(resource.service, sdk=resource.sdk)
    if known is None:
        raise LookupError(f"the local cloud has no integration {resource.arn}")
    return known
