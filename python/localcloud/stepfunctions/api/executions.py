"""The operations on executions."""

from __future__ import annotations

import math
from typing import Any, Protocol

from localcloud.identifiers import new_uuid
from localcloud.stepfunctions.api import redrive
from localcloud.stepfunctions.api.arns import made
from localcloud.stepfunctions.api.arns import named as allowed
from localcloud.stepfunctions.api.errors import ApiError, quoting, untyped
from localcloud.stepfunctions.api.finding import Named, execution_of, named
from localcloud.stepfunctions.api.inputs import execution_input
from localcloud.stepfunctions.api.wire import Answer, Sender
from localcloud.stepfunctions.clock import Clock
from localcloud.stepfunctions.models import Execution
from localcloud.stepfunctions.store import Store, Stores

#: For how long a name of a finished execution stays taken, and a client token of RedriveExecution good, in seconds.
NAME_TAKEN = 90 * redrive.DAY
TOKEN_GOOD = 15 * 60.0
TOKENS_KEPT = 10
#: Express executions are billed by 64 MB and by 100 ms.
MEMORY, DURATION = 64, 100
#: "The maximum duration of an Express workflow is five minutes."
EXPRESS_SECONDS = 300.0
#: DescribeExecution waits so many seconds for the end of an execution that is younger: whoever asks again and again
#: asks less often, and hears of the end at once.
YOUNG_SECONDS, END_SECONDS = 1.0, 0.25


class Runs(Protocol):
    """Carries executions out. :class:`localcloud.stepfunctions.runner.Runner` is one."""

    def start(self, execution: Execution) -> None:
        """Begin to carry an execution out."""

    def stop(self, execution: Execution, error: str | None, cause: str | None) -> None:
        """Abort an execution."""

    def redrive(self, execution: Execution, now: float) -> None:
        """Go on with an unsuccessful execution, and set its redrive count and date."""

    def wait(self, execution: Execution, seconds: float | None) -> bool:
        """Wait until an execution has ended. False: it has not."""


class ExecutionOperations:
    """The operations on executions."""

    def __init__(self, stores: Stores, runs: Runs, now: Clock) -> None:
        self._stores, self._runs, self._now = stores, runs, now

    def start(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """StartExecution. The same name and input again, while it runs, answers the same."""
        store = self._stores.of(sender.account, sender.region)
        found = named(store, given["stateMachineArn"])
        with store.lock:
            execution = self._new(sender, given, found)
            if execution.kind == "STANDARD":
                taken = self._taken(store, execution)
                if taken:
                    return {"executionArn": taken.arn, "startDate": taken.started}
            store.executions.add(execution)
        self._runs.start(execution)
        return {"executionArn": execution.arn, "startDate": execution.started}

    def start_sync(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """StartSyncExecution: an Express execution, and its result."""
        found = named(self._stores.of(sender.account, sender.region), given["stateMachineArn"])
        if found.machine.kind != "EXPRESS":
            raise untyped()
        execution = self._new(sender, given, found)
        execution.sync = True
        self._runs.start(execution)
        self._runs.wait(execution, EXPRESS_SECONDS)
        stopped = execution.stopped or self._now()
        duration = math.ceil((stopped - execution.started) * 1000 / DURATION) * DURATION
        shown = _data(execution, given)
        if shown:
            shown["outputDetails"] = {"included": True}  # here AWS shows it without an output too
        return {
            **shown,
            "executionArn": execution.arn,
            "stateMachineArn": execution.machine_arn,
            "name": execution.name,
            "startDate": execution.started,
            "stopDate": stopped,
            "status": execution.status,
            "error": execution.error,
            "cause": execution.cause,
            "traceHeader": execution.trace_header,
            "billingDetails": {
                "billedMemoryUsedInMB": MEMORY,
                "billedDurationInMilliseconds": max(DURATION, duration),
            },
        }

    def _new(self, sender: Sender, given: dict[str, Any], found: Named) -> Execution:
        name = allowed(given.get("name") or new_uuid())
        machine, version = found.machine, found.version
        express = machine.kind == "EXPRESS"
        names = (machine.name, name, new_uuid()) if express else (machine.name, name)
        return Execution(
            made("express" if express else "execution", sender.account, sender.region, *names),
            machine.arn,
            name,
            machine.kind,
            version.revision if version else machine.revision,
            execution_input(given.get("input", "{}")),
            self._now(),
            version_arn=version.arn if version else None,
            alias_arn=found.alias.arn if found.alias else None,
            trace_header=sender.trace_header or given.get("traceHeader"),
        )

    def _taken(self, store: Store, wanted: Execution) -> Execution | None:
        """The execution that runs under a name with the same input; None if the name is free."""
        known = store.executions.get(wanted.arn)
        if known is None or (known.stopped is not None and wanted.started - known.stopped > NAME_TAKEN):
            return None
        if known.status != "RUNNING" or known.input != wanted.input:
            raise quoting("ExecutionAlreadyExists", known.arn)
        return known

    def stop(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """StopExecution. An execution that has ended stays as it is."""
        execution = execution_of(self._stores.of(sender.account, sender.region), given["executionArn"])
        if execution.stopped is None:
            self._runs.stop(execution, given.get("error"), given.get("cause"))
        return {"stopDate": execution.stopped or self._now()}

    def redrive(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """RedriveExecution. The same client token again answers the same."""
        store, now = self._stores.of(sender.account, sender.region), self._now()
        execution = execution_of(store, given["executionArn"])
        token = given.get("clientToken")
        with store.lock:
            used = execution.tokens.get(token) if token else None
            if used is not None and now - used <= TOKEN_GOOD:
                return {"redriveDate": used}
            if execution.map_run_arn:
                raise ApiError("ExecutionNotRedrivable", f"{execution.arn} is redriven with its Map Run's execution")
            if reason := redrive.refusal(execution, now):
                raise ApiError("ExecutionNotRedrivable", reason)
            if token:
                execution.tokens = dict([*execution.tokens.items(), (token, now)][-TOKENS_KEPT:])
            self._runs.redrive(execution, now)
        return {"redriveDate": now}

    def describe(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """DescribeExecution. It waits a moment for the end of an execution that has just begun."""
        execution = execution_of(self._stores.of(sender.account, sender.region), given["executionArn"])
        if execution.stopped is None and self._now() - execution.started < YOUNG_SECONDS:
            self._runs.wait(execution, END_SECONDS)
        redrivable, reason = redrive.status(execution, self._now())
        return {
            **_data(execution, given),
            "executionArn": execution.arn,
            "stateMachineArn": execution.machine_arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": execution.started,
            "stopDate": execution.stopped,
            "traceHeader": execution.trace_header,
            "mapRunArn": execution.map_run_arn,
            "error": execution.error,
            "cause": execution.cause,
            "stateMachineVersionArn": execution.version_arn,
            "stateMachineAliasArn": execution.alias_arn,
            "redriveCount": execution.redrive_count,
            "redriveDate": execution.redriven,
            "redriveStatus": redrivable,
            "redriveStatusReason": reason,
        }


def _data(execution: Execution, given: dict[str, Any]) -> Answer:
    """Input and output, unless only the metadata are asked for."""
    if given.get("includedData") == "METADATA_ONLY":
        return {}
    return {
        "input": execution.input,
        "inputDetails": {"included": True},
        "output": execution.output,
        "outputDetails": {"included": True} if execution.output is not None else None,
    }
