"""The operations on Map Runs."""

from __future__ import annotations

from typing import Any

from localcloud.stepfunctions.api.finding import execution_of, map_run_of
from localcloud.stepfunctions.api.pages import page
from localcloud.stepfunctions.api.wire import Answer, Sender
from localcloud.stepfunctions.models import MapRun
from localcloud.stepfunctions.store import Stores

COUNTS = (
    "pending",
    "running",
    "succeeded",
    "failed",
    "timedOut",
    "aborted",
    "total",
    "resultsWritten",
    "failuresNotRedrivable",
    "pendingRedrive",
)


class MapRunOperations:
    """The operations on Map Runs."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def list(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """ListMapRuns of an execution, newest first."""
        store = self._stores.of(sender.account, sender.region)
        execution = execution_of(store, given["executionArn"])
        runs = store.map_runs.of(execution.arn)
        shown, token = page("ListMapRuns", runs, key=lambda run: run.arn, given=given)
        listed = [
            {
                "executionArn": run.execution_arn,
                "mapRunArn": run.arn,
                "stateMachineArn": machine_arn(run),
                "startDate": run.started,
                "stopDate": run.stopped,
            }
            for run in shown
        ]
        return {"mapRuns": listed, "nextToken": token}

    def describe(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """DescribeMapRun."""
        run = map_run_of(self._stores.of(sender.account, sender.region), given["mapRunArn"])
        return {
            "mapRunArn": run.arn,
            "executionArn": run.execution_arn,
            "status": run.status,
            "startDate": run.started,
            "stopDate": run.stopped,
            "maxConcurrency": run.max_concurrency,
            "toleratedFailurePercentage": float(run.tolerated_failure_percentage),
            "toleratedFailureCount": run.tolerated_failure_count,
            "itemCounts": {name: run.item_counts.get(name, 0) for name in COUNTS},
            "executionCounts": {name: run.execution_counts.get(name, 0) for name in COUNTS},
            "redriveCount": run.redrive_count,
            "redriveDate": run.redriven,
        }

    def update(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """UpdateMapRun. The runner reads the new values before its next child execution."""
        store = self._stores.of(sender.account, sender.region)
        run = map_run_of(store, given["mapRunArn"])
        run.max_concurrency = given.get("maxConcurrency", run.max_concurrency)
        run.tolerated_failure_count = given.get("toleratedFailureCount", run.tolerated_failure_count)
        run.tolerated_failure_percentage = given.get("toleratedFailurePercentage", run.tolerated_failure_percentage)
        store.map_runs.changed(run)
        return {}


def machine_arn(run: MapRun) -> str:
    """The ARN of a Map Run's state machine, with the Map state's label.

    Example::

        >>> machine_arn(MapRun("arn:aws:states:us-east-1:123456789012:mapRun:images/each:0a1b", "", 0.0))
        'arn:aws:states:us-east-1:123456789012:stateMachine:images/each'
    """
    return run.arn.rpartition(":")[0].replace(":mapRun:", ":stateMachine:", 1)
