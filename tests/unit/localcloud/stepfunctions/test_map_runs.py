"""A Map run with many executions that end while they are begun."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.durability.database import Database
from localcloud.stepfunctions.engine import distributed
from localcloud.stepfunctions.engine.effects import StartMapRun
from localcloud.stepfunctions.language.compiler import compile_definition
from localcloud.stepfunctions.maprun import MapRuns
from localcloud.stepfunctions.models import Revision
from localcloud.stepfunctions.store import Stores

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
ARN = MACHINE.replace("stateMachine", "mapRun") + "/Map:1"
PROCESSOR = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
    "StartAt": "I",
    "States": {"I": {"Type": "Pass", "End": True}},
}
PROGRAM = compile_definition(
    json.dumps({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": PROCESSOR, "End": True}}})
)


class AtOnce:
    """Ends every execution when it begins: those with a negative number fail."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.most = self.running = 0

    def begin(self, child: Any, program: Any, *, then: Any) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        child.status, child.output = ("FAILED", None) if int(child.input) < 0 else ("SUCCEEDED", child.input)
        self.running -= 1
        then(child)

    def tell(self, arn: str, frame: int, attempt: int, step: Any, *given: Any) -> None:
        self.told.append((step, *given))

    def stop(self, child: Any, error: str | None, cause: str | None) -> None:
        raise AssertionError(child)


def carried_out(items: list[int], *, concurrency: int = 10_000, tolerated: int | None = None) -> tuple[Any, Any]:
    stores = Stores(Database())
    starter = AtOnce()
    runs = MapRuns(stores, SimpleNamespace(), starter, lambda: 1.0)
    spec = {
        "kind": "EXPRESS",
        "place": [["M", 0]],
        "concurrency": concurrency,
        "tolerated_count": tolerated,
        "tolerated_percentage": None,
        "variables": {},
        "given": items,
        "context": {},
        "batch": None,
        "items": items,
    }
    parent = SimpleNamespace(arn=f"{MACHINE}:e", revision=Revision("{}", "arn:role", {}, {}))
    runs.start(parent, PROGRAM, StartMapRun(1, 1, ARN, spec))
    return starter, stores.map_runs.get(ARN)


@pytest.mark.parametrize("concurrency", [1, 10_000])
def test_thousands_of_executions_that_end_at_once(concurrency):
    starter, record = carried_out(list(range(20_000)), concurrency=concurrency)
    assert starter.told == [(distributed.done, list(range(20_000)))]
    assert starter.most == 1
    assert record.execution_counts["succeeded"] == record.item_counts["total"] == 20_000
    assert record.item_counts.get("pending", 0) == record.item_counts.get("running", 0) == 0


def test_the_counts_follow_what_fails():
    starter, record = carried_out([1, -1, 2, -2, 3], concurrency=1, tolerated=1)
    assert starter.told[0][1] == "States.ExceedToleratedFailureThreshold"
    assert {name: number for name, number in record.execution_counts.items() if number} == {
        "succeeded": 2,
        "failed": 2,
        "pending": 1,
        "total": 5,
        "resultsWritten": 2,
    }
