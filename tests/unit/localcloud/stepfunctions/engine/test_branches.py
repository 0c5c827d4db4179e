"""Parallel and inline Map: several branches that end at the same moment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.stepfunctions.engine.frames import Facts, Run
from localcloud.stepfunctions.engine.machine import Machine
from localcloud.stepfunctions.language.compiler import compile_definition

FAIL = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Refused"}}}
PASS = {"StartAt": "Yes", "States": {"Yes": {"Type": "Pass", "End": True}}}
CATCH = [{"ErrorEquals": ["Refused"], "Next": "Caught"}]


def played(state: dict[str, Any], given: Any) -> Machine:
    """An execution of one state that catches, and of nothing that takes time."""
    states = {"All": {**state, "Catch": CATCH, "End": True}, "Caught": {"Type": "Pass", "End": True}}
    machine = Machine(
        compile_definition(json.dumps({"StartAt": "All", "States": states})),
        Run(Facts("arn:e", "e", "arn:m", "m", "arn:role", 0.0)),
    )
    machine.start(given, now=0.0)
    return machine


@pytest.mark.parametrize(
    ("state", "given"),
    [
        ({"Type": "Parallel", "Branches": [FAIL, FAIL, FAIL]}, {}),
        ({"Type": "Parallel", "Branches": [FAIL, PASS]}, {}),
        ({"Type": "Parallel", "Branches": [PASS, FAIL]}, {}),
        ({"Type": "Map", "ItemProcessor": FAIL}, [1, 2, 3]),
    ],
    ids=["all fail", "the first fails", "the last fails", "all iterations fail"],
)
def test_branches_that_fail_at_the_same_moment_are_caught_once(state: dict[str, Any], given: Any) -> None:
    machine = played(state, given)
    assert (machine.run.status, machine.run.output["Error"]) == ("SUCCEEDED", "Refused")
    entered = [event["stateEnteredEventDetails"]["name"] for event in machine.events if "Entered" in event["type"]]
    assert entered.count("Caught") == 1
