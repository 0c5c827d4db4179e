"""Runs a state machine with a clock of its own and given answers, without a cloud and without waiting."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any

from localcloud.stepfunctions.engine import tasks
from localcloud.stepfunctions.engine.effects import Cancel, Ended, Invoke, Offer, Poll, StartMapRun, StopMapRun, Wake
from localcloud.stepfunctions.engine.frames import Facts, Run, from_json, to_json
from localcloud.stepfunctions.engine.machine import Machine
from localcloud.stepfunctions.language.compiler import compile_definition
from localcloud.stepfunctions.language.scope import StateFailure

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:a"
CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
ROLE = "arn:aws:iam::123456789012:role/states"
HANG = object()  # an answer that never comes


def chain(states: dict[str, dict[str, Any]], **top: Any) -> dict[str, Any]:
    """A machine or branch that goes through its states in their order."""
    names = list(states)
    for name, following in itertools.zip_longest(names, names[1:]):
        state = states[name]
        if state["Type"] not in ("Choice", "Succeed", "Fail") and not {"Next", "End"} & state.keys():
            state |= {"Next": following} if following else {"End": True}
    return {"StartAt": names[0], "States": states, **top}


def one(state: dict[str, Any], **top: Any) -> dict[str, Any]:
    """A machine or branch of one state, with the name S."""
    return chain({"S": state}, **top)


def task(**fields: Any) -> dict[str, Any]:
    """A Task that calls a function."""
    return {"Type": "Task", "Resource": FUNCTION, **fields}


class Driver:
    """One execution. After each move its run is written down as JSON and read back.

    Args:
        definition: The state machine.
        answers: What the calls give, in their order: a value, a StateFailure, HANG, or a function of the arguments.
        crashes: Whether after each move everything that was asked for is forgotten, and asked for again.
    """

    def __init__(
        self,
        definition: dict[str, Any],
        *,
        answers: Iterable[Any] = (),
        draw: Callable[[], float] = lambda: 0.5,
        express: bool = False,
        crashes: bool = False,
    ) -> None:
        self.program = compile_definition(json.dumps(definition))
        self.answers = list(answers)
        self.express, self.draw, self.crashes = express, draw, crashes
        self.hung: set[tuple[int, int]] = set()
        self.kept: dict[int, Any] = {}  # the frames as JSON, of which only the touched ones are written again
        self.now = 1000.0
        self.events: list[dict[str, Any]] = []
        self.seen: list[Any] = []  # all effects
        self.calls: list[Invoke] = []
        self.wakes: list[Wake] = []
        self.arguments: list[Any] = []

    def start(self, given: Any = None, *, until: float = float("inf")) -> Driver:
        """Start, and go on until only the outside can help, or until a moment."""
        facts = Facts("arn:e", "e", MACHINE, "m", ROLE, self.now, given, express=self.express)
        numbers = itertools.count(1)
        self.machine = Machine(self.program, Run(facts), draw=self.draw, new_token=lambda: f"token-{next(numbers)}")
        self._move(self.machine.start, given)
        return self.go_on(until)

    def go_on(self, until: float = float("inf")) -> Driver:
        """Answer calls and let the time pass, as long as there is something to do."""
        while self.run.status == "RUNNING":
            if self.calls:
                self._answer(self.calls.pop(0))
                continue
            self.wakes.sort(key=lambda wake: wake.moment)
            if not self.wakes or self.wakes[0].moment > until:
                self.now = max(self.now, until) if until != float("inf") else self.now
                break
            moment = self.wakes[0].moment
            due = [wake for wake in self.wakes if wake.moment == moment]
            self.wakes = self.wakes[len(due) :]
            self.now = max(self.now, moment)
            self._move(self.machine.woken, due)
        return self

    def tell(self, effect: Any, step: Callable[..., None], *given: Any) -> Driver:
        """Tell the frame that has left an effect what has happened."""
        self._move(self.machine.tell, effect.frame, effect.attempt, step, *given)
        return self

    def stop(self, error: str | None = None, cause: str | None = None) -> Driver:
        self._move(self.machine.stop, error, cause)
        return self

    def redrive(self, *answers: Any) -> Driver:
        self.answers.extend(answers)
        self.calls, self.wakes = [], []
        self._move(self.machine.redrive)
        return self.go_on()

    def _answer(self, call: Invoke) -> None:
        self.arguments.append(call.arguments)
        answer = self.answers.pop(0) if self.answers else {}
        if answer is HANG:
            self.hung.add((call.frame, call.attempt))
            return
        try:
            found = answer(call.arguments) if callable(answer) else answer
            if isinstance(found, StateFailure):
                raise found
        except StateFailure as failure:
            self.tell(call, tasks.failed, failure.error, failure.cause)
        else:
            self.tell(call, tasks.answered, found, None)

    def _move(self, move: Callable[..., None], *given: Any) -> None:
        move(*given, now=self.now)
        machine = self.machine
        self._keep(machine)
        machine.run = from_json(json.loads(json.dumps(to_json(machine.run))))
        self.events += machine.events
        for effect in machine.effects:
            self.seen.append(effect)
            if isinstance(effect, Invoke):
                self.calls.append(effect)
            elif isinstance(effect, Wake):
                self.wakes.append(effect)
            elif isinstance(effect, Cancel):
                self.calls = [call for call in self.calls if call.frame != effect.frame]
        machine.events, machine.effects = [], []
        if self.crashes and machine.run.status == "RUNNING":
            machine.resume()
            self.calls = [effect for effect in machine.effects if isinstance(effect, Invoke)]
            self.calls = [call for call in self.calls if (call.frame, call.attempt) not in self.hung]
            self.wakes = [effect for effect in machine.effects if isinstance(effect, Wake)]
            machine.effects = []

    def _keep(self, machine: Machine) -> None:
        """Write the touched frames, and see that the others have not changed."""
        now = {frame["id"]: frame for frame in json.loads(json.dumps(to_json(machine.run)))["frames"]}
        for number in machine.touched:
            self.kept.pop(number, None)
            if number in now:
                self.kept[number] = now[number]
        machine.touched.clear()
        assert self.kept == now

    # What came of it

    @property
    def run(self) -> Run:
        return self.machine.run

    @property
    def output(self) -> Any:
        """The output of an execution that has succeeded."""
        assert self.run.status == "SUCCEEDED", (self.run.error, self.run.cause)
        return self.run.output

    @property
    def failure(self) -> tuple[str | None, str | None]:
        """The error and the cause of an execution that has failed."""
        assert self.run.status == "FAILED", self.run.output
        return self.run.error, self.run.cause

    @property
    def types(self) -> list[str]:
        """The types of all events."""
        return [event["type"] for event in self.events]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The details of all events of a type."""
        return [
            next((value for key, value in event.items() if key.endswith("EventDetails")), {})
            for event in self.events
            if event["type"] == kind
        ]

    def left(self, kind: type[Offer | Poll | Wake | Invoke | Ended | StartMapRun | StopMapRun | Cancel]) -> list[Any]:
        """All effects of a kind."""
        return [effect for effect in self.seen if isinstance(effect, kind)]


def run(definition: dict[str, Any], given: Any = None, *, answers: Iterable[Any] = (), **more: Any) -> Driver:
    """An execution, as far as it comes."""
    return Driver(definition, answers=answers, **more).start(given)
