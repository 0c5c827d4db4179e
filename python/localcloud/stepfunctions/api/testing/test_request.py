"""A request of TestState: the state in its definition, and everything around it, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.stepfunctions.api.errors import ApiError, invalid
from localcloud.stepfunctions.api.inputs import execution_input
from localcloud.stepfunctions.api.testing import context_object, mock_validation
from localcloud.stepfunctions.api.testing.single_state import Mock, find, wrapped
from localcloud.stepfunctions.integrations import readers
from localcloud.stepfunctions.language import findings, values
from localcloud.stepfunctions.language.compiler import Refusals, compile_definition
from localcloud.stepfunctions.language.findings import Finding, InvalidDefinition
from localcloud.stepfunctions.language.program import State
from localcloud.stepfunctions.language.scope import Json, StateFailure

MOCKED = ("Task", "Map", "Parallel")


@dataclass(frozen=True)
class StateTest:
    """What is tested, and how.

    Attributes:
        state: The state.
        input: Its input.
        variables: The variables that it sees.
        context: The context object. None: the one of an execution of its own.
        mock: What stands for the state's work. None: a Task makes its call.
        role_arn: The role that a Task acts as. None: there is none, since there is a mock.
        inspected: Whether the answer has ``inspectionData``.
    """

    state: State
    input: Json
    variables: Mapping[str, Json] = field(default_factory=dict)
    context: Mapping[str, Json] | None = None
    mock: Mock | None = None
    role_arn: str | None = None
    inspected: bool = False


def read(given: Mapping[str, Any], refusals: Refusals) -> StateTest:
    """The test that a request asks for.

    Args:
        given: The request, checked against the model.
        refusals: Says which Resources the cloud does not have. A Task with a mock may have any.

    Raises:
        ApiError: The request is wrong.
    """
    mocked, configured = given.get("mock"), given.get("stateConfiguration") or {}
    _fits(given, mocked, configured)
    state = _state(given["definition"], given.get("stateName"))
    if mocked is None:
        _callable(state, given, refusals)
    elif state.kind not in MOCKED:
        raise invalid(f"State type '{state.kind}' is not supported when a mock is specified")
    waits = state.kind == "Task" and state.resource is not None and state.resource.waits
    return StateTest(
        state,
        values.parsed(execution_input(given.get("input", "{}"))),
        _variables(given.get("variables", "{}")),
        context_object.read(given["context"], waits=waits) if "context" in given else None,
        _mock(mocked, configured, state) if mocked is not None else None,
        given.get("roleArn"),
        given.get("inspectionLevel", "INFO") != "INFO",
    )


def _fits(given: Mapping[str, Any], mocked: Mapping[str, Any] | None, configured: Mapping[str, Any]) -> None:
    """The members of a request go together."""
    if mocked is None:
        for name in ("mapIterationFailureCount", "mapItemReaderData", "errorCausedByState", "retrierRetryCount"):
            if name in configured:
                shown = name[0].upper() + name[1:]
                raise invalid(f"TestState does not support {shown} when a mock is not specified.")
        if "context" in given:
            raise invalid("TestState does not support Context when a mock is not specified.")
        return
    if "result" in mocked and "errorOutput" in mocked:
        raise invalid("A test mock should have only one of the following fields: [result, errorOutput].")
    if "result" not in mocked and "errorOutput" not in mocked:
        raise invalid("A test mock should have one of the following fields: [result, errorOutput].")
    if given.get("revealSecrets"):
        raise invalid("TestState does not support RevealSecrets when a mock is specified.")


def _state(definition: str, name: str | None) -> State:
    """The state under test, compiled."""
    try:
        program = compile_definition(definition if name else wrapped(definition))
    except InvalidDefinition as error:
        raise ApiError("InvalidDefinition", str(error)) from None
    state = find(program, name) if name else program.states[program.start]
    if state is None:
        raise invalid("State not found in definition")
    return state


def _callable(state: State, given: Mapping[str, Any], refusals: Refusals) -> None:
    """The state can be tested without a mock."""
    if state.kind in ("Map", "Parallel"):
        raise ApiError(
            "InvalidDefinition",
            "TestState API does not support Map or Parallel states. Supported state types include: "
            "[Task, Wait, Pass, Succeed, Fail, Choice]",
        )
    if state.kind != "Task" or state.resource is None:
        return
    if state.resource.kind == "activity" or state.resource.waits:
        raise ApiError(
            "InvalidDefinition",
            "TestState supports Activity tasks and the .sync and .waitForTaskToken service integration patterns only "
            "when a mock is specified.",
        )
    if refused := refusals.refusal(state.resource):
        finding = Finding(findings.SCHEMA, refused, f"/States/{state.name}/Resource")
        raise ApiError("InvalidDefinition", str(InvalidDefinition([finding])))
    if not given.get("roleArn"):
        raise invalid("RoleArn must be specified when testing a Task state")


def _variables(text: str) -> Mapping[str, Json]:
    try:
        found = values.parsed(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise invalid("Variables must be a JSON object")
    return found


def _mock(given: Mapping[str, Any], configured: Mapping[str, Any], state: State) -> Mock:
    common: dict[str, Any] = {
        "retried": configured.get("retrierRetryCount", 0),
        "failed": configured.get("mapIterationFailureCount", 0),
        "items": _items(state, configured.get("mapItemReaderData")),
    }
    origin = configured.get("errorCausedByState")
    if origin is not None and not any(find(branch, origin) for branch in state.branches):
        raise invalid("ErrorCausedByState must be the name of a state inside of the tested Map or Parallel state.")
    if "errorOutput" in given:
        wrong = given["errorOutput"]
        if "error" not in wrong:
            raise invalid("A mocked error output must have an error.")
        return Mock(error=wrong["error"], cause=wrong.get("cause"), **common)
    mode = given.get("fieldValidationMode", "STRICT")
    return Mock(result=mock_validation.result(given["result"], state, mode), **common)


def _items(state: State, text: str | None) -> list[Json] | None:
    """The items that stand for what an ItemReader reads."""
    if text is None:
        return None
    if state.reader is None:
        raise invalid("TestState supports MapItemReaderData only for a Map state with an ItemReader.")
    config = state.raw["ItemReader"].get("ReaderConfig") or {}
    try:
        found = list(readers.parsed(text.encode(), str(config.get("InputType", "JSON")).upper(), config))
    except StateFailure as failure:
        raise invalid(f"MapItemReaderData cannot be read: {failure.cause}") from None
    most = config.get("MaxItems")
    return found[:most] if isinstance(most, int) else found
