"""The events of an execution's history, as GetExecutionHistory shows them.

Example::

    >>> entered("Pass", "A", '{"a":1}')
    ('PassStateEntered', {'stateEnteredEventDetails': {'name': 'A', 'input': '{"a":1}', 'inputDetails': {'truncated': False}}})
"""  # noqa: E501 - the example's answer is one line

from __future__ import annotations

from collections.abc import Mapping

from localcloud.stepfunctions.language.resources import Resource
from localcloud.stepfunctions.language.scope import Json
from localcloud.stepfunctions.language.values import text

Details = Mapping[str, Json]
_WHOLE = {"truncated": False}


def _details(kind: str, details: Details) -> tuple[str, Details]:
    return kind, {f"{kind[0].lower()}{kind[1:]}EventDetails": details}


def failure(error: str | None, cause: str | None) -> dict[str, str]:
    """An error and its cause; what is None is left out."""
    return {name: value for name, value in (("error", error), ("cause", cause)) if value is not None}


def started(given: str, role_arn: str) -> tuple[str, Details]:
    """ExecutionStarted, with the input as JSON text."""
    return _details("ExecutionStarted", {"input": given, "inputDetails": _WHOLE, "roleArn": role_arn})


def entered(kind: str, name: str, given: str) -> tuple[str, Details]:
    """A state was entered, with its input as JSON text."""
    details = {"name": name, "input": given, "inputDetails": _WHOLE}
    return f"{kind}StateEntered", {"stateEnteredEventDetails": details}


def exited(kind: str, name: str, output: str, assigned: Mapping[str, Json]) -> tuple[str, Details]:
    """A state was left, with its output as JSON text."""
    details: dict[str, Json] = {"name": name, "output": output, "outputDetails": _WHOLE}
    if assigned:
        details["assignedVariables"] = {variable: text(value) for variable, value in assigned.items()}
        details["assignedVariablesDetails"] = _WHOLE
    return f"{kind}StateExited", {"stateExitedEventDetails": details}


def evaluation_failed(error: str, cause: str | None, location: str | None, state: str) -> tuple[str, Details]:
    """A JSONata field could not be evaluated."""
    place = {"location": location} if location else {}
    return _details("EvaluationFailed", {**failure(error, cause), **place, "state": state})


def succeeded(output: str) -> tuple[str, Details]:
    """ExecutionSucceeded, with the output as JSON text."""
    return _details("ExecutionSucceeded", {"output": output, "outputDetails": _WHOLE})


def ended(kind: str, error: str | None, cause: str | None) -> tuple[str, Details]:
    """ExecutionFailed, ExecutionTimedOut, ExecutionAborted, MapRunFailed."""
    return _details(kind, failure(error, cause))


def iteration(what: str, name: str, index: int) -> tuple[str, Details]:
    """MapIterationStarted, -Succeeded, -Failed, -Aborted."""
    return _details(f"MapIteration{what}", {"name": name, "index": index})


def scheduled(
    resource: Resource,
    arguments: Json,
    region: str,
    *,
    timeout: float | None,
    heartbeat: float | None,
    role_arn: str | None,
) -> tuple[str, Details]:
    """A Task was scheduled: a function, an activity or a service's action."""
    times = {
        name: int(seconds)
        for name, seconds in (("timeoutInSeconds", timeout), ("heartbeatInSeconds", heartbeat))
        if seconds is not None
    }
    credentials = {"taskCredentials": {"roleArn": role_arn}} if role_arn else {}
    if resource.kind == "service":
        shown = {"resourceType": resource.shown_type, "resource": resource.shown, "region": region}
        return _details("TaskScheduled", {**shown, "parameters": text(arguments), **times, **credentials})
    kind = "LambdaFunctionScheduled" if resource.kind == "lambda" else "ActivityScheduled"
    given = {"resource": resource.arn, "input": text(arguments), "inputDetails": _WHOLE}
    return _details(kind, {**given, **times, **(credentials if resource.kind == "lambda" else {})})


def of_task(resource: Resource, what: str, details: Details | None = None) -> tuple[str, Details]:
    """What became of a Task: ``Started``, ``Submitted``, ``Succeeded``, ``Failed``, ``TimedOut`` …"""
    if resource.kind == "service":
        shown = {"resourceType": resource.shown_type, "resource": resource.shown}
        return _details(f"Task{what}", {**shown, **(details or {})})
    kind = "LambdaFunction" if resource.kind == "lambda" else "Activity"
    if what == "Started" and resource.kind == "lambda":
        return "LambdaFunctionStarted", {}
    return _details(f"{kind}{what}", details or {})


def output_details(output: Json) -> Details:
    """An event's output."""
    return {"output": text(output), "outputDetails": _WHOLE}
