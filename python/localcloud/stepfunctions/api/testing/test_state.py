"""The operation TestState.

Nothing waits: a Wait state goes on at once, and a call is made in the request's own thread.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from localcloud import log
from localcloud.stepfunctions.api.errors import invalid
from localcloud.stepfunctions.api.testing import inspection, test_request
from localcloud.stepfunctions.api.testing.single_state import SingleState, mocked
from localcloud.stepfunctions.api.testing.test_request import StateTest
from localcloud.stepfunctions.api.wire import Answer, Sender
from localcloud.stepfunctions.clock import Clock
from localcloud.stepfunctions.engine import tasks
from localcloud.stepfunctions.engine.effects import Invoke
from localcloud.stepfunctions.engine.frames import Facts
from localcloud.stepfunctions.integrations import Answer as Called
from localcloud.stepfunctions.integrations import Caller
from localcloud.stepfunctions.language.compiler import Refusals
from localcloud.stepfunctions.language.resources import Resource
from localcloud.stepfunctions.language.scope import Json, StateFailure


class StateTests:
    """The operation that tests single states.

    Args:
        call: Makes a Task's call.
        refusals: Says which Resources the cloud does not have.
        now: The clock.
    """

    def __init__(self, call: Callable[[Resource, Json, Caller], Called], refusals: Refusals, now: Clock) -> None:
        self._call, self._refusals, self._now = call, refusals, now

    def test_state(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """TestState."""
        test = test_request.read(given, self._refusals)
        facts = _facts(sender, test, self._now())
        machine = SingleState(
            test.state,
            facts,
            region=sender.region,
            variables=test.variables,
            context=test.context,
            retried=test.mock.retried if test.mock else 0,
        )
        machine.start(test.input, now=facts.started)
        if machine.waiting and test.mock is not None:
            _check_failures(machine, test)
            machine.told(mocked, test.mock)
        elif machine.waiting and machine.call is not None:
            self._make(machine, machine.call, sender)
        elif machine.waiting and machine.wait is not None:
            machine.woken([machine.wait], now=machine.wait.moment)
        return _answer(machine, test)

    def _make(self, machine: SingleState, call: Invoke, sender: Sender) -> None:
        """Make a Task's call, and tell the machine the answer."""
        facts = machine.run.facts
        caller = Caller(
            facts.role_arn, sender.account, sender.region, facts.arn, sender.trace_header, task_role_arn=call.role_arn
        )
        try:
            called = self._call(call.resource, call.arguments, caller)
        except StateFailure as failure:
            machine.told(tasks.failed, failure.error, failure.cause)
        except Exception as error:  # noqa: BLE001 - a fault of the cloud fails the state, as it fails executions
            log.failure(error)
            cause = f"the local cloud failed to call {call.resource.arn}: {type(error).__name__}: {error}"
            machine.told(tasks.failed, "States.TaskFailed", cause)
        else:
            machine.told(tasks.answered, called.output, called.job)


def _facts(sender: Sender, test: StateTest, now: float) -> Facts:
    """The execution that the state belongs to. It has been made up, as AWS does."""
    name, machine = str(uuid.uuid4()), str(uuid.uuid4())
    here = f"arn:aws:states:{sender.region}:{sender.account}"
    return Facts(
        arn=f"{here}:express:{machine}:{name}",
        name=name,
        machine_arn=f"{here}:stateMachine:{machine}",
        machine_name=machine,
        role_arn=test.role_arn or "",
        started=now,
        input=test.input,
        sync=True,
    )


def _check_failures(machine: SingleState, test: StateTest) -> None:
    """No more iterations can have failed than there are."""
    assert test.mock is not None
    begun = machine.map_run
    items = begun.spec.get("items", test.mock.items) if begun else None
    if items is not None and test.mock.failed > len(items):
        raise invalid("Map iteration failure count must be less than or equal to the number of Map iterations")


def _answer(machine: SingleState, test: StateTest) -> Answer:
    run, failure = machine.run, machine.failure
    found: Answer = {"inspectionData": inspection.data(machine, test.input)} if test.inspected else {}
    if failure is not None:
        found |= {"error": failure.error, "cause": failure.cause}
    if machine.backoff is not None:
        found["status"] = "RETRIABLE"
    elif run.status == "SUCCEEDED":
        found["status"] = "SUCCEEDED" if failure is None else "CAUGHT_ERROR"
        found |= {"output": inspection.text(run.output), "nextState": machine.next}
    else:
        found["status"] = "FAILED"
        if "catchIndex" in machine.handled:  # the Catch has failed itself
            found |= {"error": run.error, "cause": run.cause}
    return found
