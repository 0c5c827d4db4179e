"""Task: a call of a function, of a service or of an activity's worker, and the wait for what it gives.

Sources: Step Functions Developer Guide, "Task workflow state", "Discover service integration patterns".
"""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.stepfunctions.engine import history
from localcloud.stepfunctions.engine.driving import Driver
from localcloud.stepfunctions.engine.effects import Cancel, Invoke, Offer, Poll, Wake
from localcloud.stepfunctions.engine.frames import Frame
from localcloud.stepfunctions.language import evaluation
from localcloud.stepfunctions.language.program import State
from localcloud.stepfunctions.language.resources import Resource
from localcloud.stepfunctions.language.scope import EvaluationFailure, Json, Scope, StateFailure
from localcloud.stepfunctions.language.values import too_large

#: The most seconds of a Task's TimeoutSeconds and HeartbeatSeconds (Step Functions Developer Guide, "Task workflow
#: state").
MOST_SECONDS = 99_999_999


def begin(machine: Driver, frame: Frame, state: State) -> None:
    """Work out the call, and schedule it."""
    resource = _resource(state)
    if resource.waits or resource.kind == "activity":  # AWS gives a token to .sync too
        frame.work["token"] = machine.new_token()
    scope = machine.scope(frame, state)
    given = evaluation.effective_input(state, frame.input, scope)
    within = scope.at(given)
    arguments = evaluation.arguments(state, given, scope)
    timeout, heartbeat = _seconds(state, "TimeoutSeconds", within), _seconds(state, "HeartbeatSeconds", within)
    role = _role(state, within)
    if too_large(arguments):
        cause = f"The state/task '{state.name}' has parameters with a size exceeding the maximum number of bytes "
        raise StateFailure("States.DataLimitExceeded", f"{cause}service limit.")
    frame.work |= {"arguments": arguments, "role": role, "heartbeat": heartbeat, "timeout": timeout}
    if resource.kind == "activity":
        machine.effects.append(Offer(frame.id, frame.attempt, resource.arn, frame.work["token"], arguments))
    else:
        _scheduled(machine, frame)
        machine.later(frame, _call, frame.attempt)


def offered(machine: Driver, frame: Frame) -> None:
    """An activity has the Task for its workers."""
    frame.waits.pop("worker", None)
    frame.waits["queued"] = True
    _scheduled(machine, frame)


def refused(machine: Driver, frame: Frame, error: str, cause: str) -> None:
    """The Task cannot be scheduled: its activity does not exist."""
    raise EvaluationFailure(error, cause)


def _scheduled(machine: Driver, frame: Frame) -> None:
    resource, work = _resource(machine.state(frame)), frame.work
    what = history.scheduled(
        resource,
        work["arguments"],
        machine.region,
        timeout=work["timeout"],
        heartbeat=work["heartbeat"],
        role_arn=work["role"],
    )
    machine.event(frame, what)
    if work["timeout"] is not None:
        machine.effects.append(Wake(frame.id, frame.attempt, machine.now + work["timeout"], "timeout"))
    if resource.kind != "activity":
        beat(machine, frame)


def _resource(state: State) -> Resource:
    assert state.resource is not None
    return state.resource


def _seconds(state: State, name: str, scope: Scope) -> float | None:
    found = evaluation.number(state, name, scope)
    if found is not None and not 0 < found <= MOST_SECONDS:
        raise EvaluationFailure(
            "States.QueryEvaluationError" if state.jsonata else "States.Runtime",
            f"The {name} field must be an integer from 1 to {MOST_SECONDS} but was: {found}",
            name if state.jsonata else None,
        )
    return found


def _role(state: State, scope: Scope) -> str | None:
    if "Credentials" not in state.fields:
        return None
    found = evaluation.value(state.fields["Credentials"], "Credentials", scope)
    role = found.get("RoleArn") if isinstance(found, dict) else None
    if not isinstance(role, str):
        raise EvaluationFailure("States.Runtime", "The field 'RoleArn' of 'Credentials' must be a string")
    return role


def _call(machine: Driver, frame: Frame, attempt: int) -> None:
    if frame.attempt != attempt:
        return
    state = machine.state(frame)
    resource = _resource(state)
    machine.event(frame, history.of_task(resource, "Started"))
    work = frame.work
    machine.effects.append(
        Invoke(frame.id, frame.attempt, resource, work["arguments"], work["role"], work.get("token"))
    )


def taken(machine: Driver, frame: Frame, worker: str | None) -> None:
    """An activity's worker has taken the Task."""
    frame.waits.pop("queued", None)
    what = {"workerName": worker} if worker else {}
    machine.event(frame, history.of_task(_resource(machine.state(frame)), "Started", what))
    if frame.work.get("heartbeat") is not None:
        beat(machine, frame)


def beat(machine: Driver, frame: Frame) -> None:
    """A heartbeat: the next one is due when the heartbeat's seconds have passed."""
    heartbeat = frame.work.get("heartbeat")
    if heartbeat is not None:
        frame.work["due"] = machine.now + heartbeat
        machine.effects.append(Wake(frame.id, frame.attempt, frame.work["due"], "heartbeat"))


def answered(machine: Driver, frame: Frame, output: Json, job: Mapping[str, Json] | None) -> None:
    """The call was answered: that is the result, or the Task now waits for a job or a token."""
    frame.waits.pop("call", None)
    resource = _resource(machine.state(frame))
    if not resource.waits:
        succeeded(machine, frame, output)
        return
    machine.event(frame, history.of_task(resource, "Submitted", history.output_details(output)))
    frame.work["submitted"] = True
    if job is not None:
        frame.work["job"] = dict(job)
        machine.effects.append(Poll(frame.id, frame.attempt, job, frame.work["role"]))
    if "early" in frame.work:
        with_token(machine, frame, frame.work["early"])


def with_token(machine: Driver, frame: Frame, ended: Mapping[str, Json]) -> None:
    """Somebody has used the Task's token: ``{"output": …}``, or ``{"error": …, "cause": …}``."""
    if _resource(machine.state(frame)).kind == "service" and not frame.work.get("submitted"):
        frame.work["early"] = dict(ended)  # the call that hands the token out has not returned yet
    elif "output" in ended:
        succeeded(machine, frame, ended["output"])
    else:
        failed(machine, frame, ended["error"], ended["cause"])


def succeeded(machine: Driver, frame: Frame, output: Json) -> None:
    """The Task has its result: from the call, from the job, or with its token."""
    state = machine.state(frame)
    resource = _resource(state)
    if too_large(output):
        name = resource.service if resource.kind == "service" else resource.arn
        cause = f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service "
        failed(machine, frame, "States.DataLimitExceeded", f"{cause}limit.")
    machine.event(frame, history.of_task(resource, "Succeeded", history.output_details(output)))
    _let_go(machine, frame)
    machine.leave(frame, state, output)


def failed(machine: Driver, frame: Frame, error: str | None, cause: str | None) -> None:
    """The Task has failed: in the call, in the job, or with its token."""
    resource = _resource(machine.state(frame))
    machine.event(frame, history.of_task(resource, "Failed", history.failure(error, cause)))
    _let_go(machine, frame)
    raise StateFailure(error, cause)


def timed_out(machine: Driver, frame: Frame, reason: str) -> None:
    """The Task took longer than its TimeoutSeconds, or its heartbeat is missing."""
    if reason == "heartbeat" and machine.now < frame.work.get("due", 0.0) - 0.001:
        return  # there was a heartbeat since
    resource = _resource(machine.state(frame))
    machine.event(frame, history.of_task(resource, "TimedOut", {"error": "States.Timeout"}))
    machine.forget(frame)
    frame.try_again()  # what comes now is too late
    frame.work = {}
    machine.later(frame, _lost, "States.HeartbeatTimeout" if reason == "heartbeat" else None)


def _lost(machine: Driver, frame: Frame, also: str | None) -> None:
    raise StateFailure("States.Timeout", None, also=also)


def _let_go(machine: Driver, frame: Frame) -> None:
    if frame.work.pop("token", None):
        machine.effects.append(Cancel(frame.id, frame.attempt, None, None))
    frame.work.pop("job", None)
