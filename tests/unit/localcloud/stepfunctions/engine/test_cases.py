"""Every field of the Amazon States Language does its work. The cases are in fields.json; a clock that is not real.

docs/states-language.md names the case of each field (``invoke docs``), and a test fails if a field has none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localcloud.stepfunctions.engine import distributed, tasks
from localcloud.stepfunctions.engine.effects import Invoke, StartMapRun, Wake
from localcloud.stepfunctions.engine.frames import Facts, Run
from localcloud.stepfunctions.engine.machine import Machine
from localcloud.stepfunctions.language.compiler import compile_definition

CASES = json.loads(Path(__file__).with_name("fields.json").read_text())
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
COMPARED = ("status", "output", "error", "cause")


def play(case: dict[str, Any]) -> tuple[Machine, dict[str, Any] | None]:
    """Run a case to its end, with its answers. Return the machine, and what the Map run was asked for."""
    given, answers = case.get("input", {}), list(case.get("calls", []))
    facts = Facts("arn:e", "e", MACHINE, "m", "arn:role", 0.0, given)
    machine = Machine(compile_definition(json.dumps(case["definition"])), Run(facts))
    machine.start(given, now=0.0)
    wakes: list[Wake] = []
    asked = None
    while machine.run.status == "RUNNING":
        effects, machine.effects = machine.effects, []
        wakes += [effect for effect in effects if isinstance(effect, Wake)]
        for effect in effects:
            if isinstance(effect, Invoke):
                answer(machine, effect, answers.pop(0))
            elif isinstance(effect, StartMapRun):
                label = effect.arn.partition(":mapRun:")[2].partition("/")[2].partition(":")[0]
                asked = {"label": label, **effect.spec}
                machine.tell(effect.frame, effect.attempt, distributed.done, "the Map run's", now=machine.now)
        if not machine.effects and machine.run.status == "RUNNING":
            wake = min(wakes, key=lambda wake: wake.moment)
            wakes.remove(wake)
            machine.woken([wake], now=wake.moment)
    assert answers == []
    return machine, asked


def answer(machine: Machine, call: Invoke, given: dict[str, Any]) -> None:
    """Check a call, and answer it as the case says."""
    assert call.arguments == given.get("arguments", call.arguments)
    assert call.role_arn == given.get("role")
    if "output" in given:
        machine.tell(call.frame, call.attempt, tasks.answered, given["output"], None, now=machine.now)
    elif "error" in given:
        machine.tell(call.frame, call.attempt, tasks.failed, given["error"], given["cause"], now=machine.now)


@pytest.mark.parametrize("name", CASES)
def test_a_field_does_its_work(name: str) -> None:
    case = CASES[name]
    machine, asked = play(case)
    run = {key: getattr(machine.run, key) for key in COMPARED}
    expected = {"status": "SUCCEEDED", **{key: case[key] for key in COMPARED if key in case}}
    assert {key: run[key] for key in expected} == expected, (run, machine.events[-2:])
    assert machine.now == case.get("seconds", 0)
    wanted = case.get("map_run", {})
    assert {key: (asked or {}).get(key) for key in wanted} == wanted
