"""Carries executions out: the engine decides, and the runner does it.

An execution that waits costs no thread. One thread watches the clock for all of them. Calls to other services are made
in a pool of threads, one for each call that is on its way.

Example (not run: it needs a running cloud)::

    runner = Runner(stores, Integrations(context), compile_definition, Observers())
    runner.start(execution)
    runner.wait(execution, seconds=10)
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeGuard, TypeVar

from localcloud import log
from localcloud.stepfunctions.engine import tasks
from localcloud.stepfunctions.engine.effects import (
    Cancel,
    Effect,
    Ended,
    Invoke,
    Offer,
    Poll,
    StartMapRun,
    StopMapRun,
    Wake,
)
from localcloud.stepfunctions.engine.frames import Facts, Run
from localcloud.stepfunctions.engine.machine import Machine
from localcloud.stepfunctions.integrations import Answer, Caller
from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.program import Program
from localcloud.stepfunctions.language.resources import Resource
from localcloud.stepfunctions.language.scope import Json, StateFailure
from localcloud.stepfunctions.maprun import ItemServices, MapRuns
from localcloud.stepfunctions.models import Execution
from localcloud.stepfunctions.records import Owed
from localcloud.stepfunctions.store import Stores
from localcloud.stepfunctions.threads import CallThreads
from localcloud.stepfunctions.timers import Timers
from localcloud.stepfunctions.tokens import Activities, Place, Tokens

T = TypeVar("T")

#: Calls that may be on their way at once.
MOST_CALLS = 500
#: The seconds between two looks at a job: the first, and the longest.
FIRST_LOOK, LONGEST_LOOK = 0.1, 2.0
#: Compiled definitions that are kept.
MOST_PROGRAMS = 500


class Services(ItemServices, Protocol):
    """Makes the calls of Tasks. :class:`localcloud.stepfunctions.integrations.Integrations` does."""

    def call(self, resource: Resource, arguments: Json, caller: Caller) -> Answer:
        """Call what a Resource names."""

    def poll(self, job: Any, caller: Caller) -> Json | None:
        """A job's result. None: it still runs."""

    def stop(self, job: Any, caller: Caller) -> None:
        """Stop a job."""


class Observer(Protocol):
    """Is told what executions do: logs, metrics, traces."""

    def started(self, execution: Execution) -> None:
        """An execution has started."""

    def wrote(self, execution: Execution, events: list[dict[str, Json]]) -> None:
        """An execution's history has new events."""

    def ended(self, execution: Execution) -> None:
        """An execution has ended."""

    def header(self, execution: Execution, state: str) -> str | None:
        """X-Ray's header for a call that a state makes."""


@dataclass
class Live:
    """An execution that runs."""

    execution: Execution
    machine: Machine
    lock: threading.RLock = field(default_factory=threading.RLock)
    done: threading.Event = field(default_factory=threading.Event)
    then: Callable[[Execution], None] | None = None
    unkept: list[dict[str, Json]] = field(default_factory=list)
    owed: dict[int, int] = field(default_factory=dict)
    failed_at: Any = None
    redriven: bool = False


class Runner:
    """Runs the executions of one local cloud.

    Args:
        stores: Where activities and executions are kept.
        services: Makes the calls of Tasks.
        compiled: Compiles a definition that was accepted when its state machine was created.
        observers: Are told what executions do.
        untold: Is told, when the cloud begins, of an execution whose end it may not have told when it was killed.
        now: The clock.
    """

    def __init__(
        self,
        stores: Stores,
        services: Services,
        compiled: Callable[[str], Program],
        observers: tuple[Observer, ...] = (),
        untold: Callable[[Execution], None] = lambda execution: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._stores, self._services, self._compile = stores, services, compiled
        self._observers, self._untold, self._now = observers, untold, now
        self._live: dict[str, Live] = {}
        self._programs: OrderedDict[str, Program] = OrderedDict()
        self._guard = threading.Lock()
        self._calls = CallThreads(MOST_CALLS)
        self._timers = Timers(now)
        self._tokens = Tokens()
        self._activities = Activities()
        self._waiting: dict[str, list[Callable[[], None]]] = {}
        self._map_runs = MapRuns(stores, services, self, now)

    # What the API calls

    def start(self, execution: Execution) -> None:
        """Begin an execution."""
        self.begin(execution, self.program(execution.revision.definition))

    def begin(self, execution: Execution, program: Program, *, then: Callable[[Execution], None] | None = None) -> None:
        """Begin an execution of a program: a whole machine, or the processor of a distributed Map.

        Args:
            then: Is called when the execution has ended.
        """
        run = Run(facts_of(execution))
        live = Live(execution, self._machine(program, run, execution), then=then)
        self._launch(live, lambda machine: machine.start(run.facts.input, now=self._now()))

    def stop(self, execution: Execution, error: str | None, cause: str | None) -> None:
        """Abort an execution. One that has ended stays as it is."""
        if live := self._live.get(execution.arn):
            self._advance(live, lambda machine: machine.stop(error, cause, now=self._now()))

    def redrive(self, execution: Execution, now: float, *, then: Callable[[Execution], None] | None = None) -> None:
        """Let an execution that has failed go on where it failed.

        Args:
            now: The moment of the redrive, in seconds since 1970.
        """
        records = self._stores.executions
        run = records.restore_run(execution, Run(facts_of(execution)))
        program = self._program_of(execution)
        live = Live(execution, self._machine(program, run, execution), then=then, redriven=True)
        execution.redrive_count += 1
        execution.redriven = now
        execution.status, execution.stopped = "RUNNING", None
        execution.output = execution.error = execution.cause = None
        self._launch(live, lambda machine: machine.redrive(now=now))

    def resume(self) -> None:
        """Go on with the executions that ran when the cloud ended."""
        records, lives = self._stores.executions, []
        for execution in records.running():
            if execution.map_run_arn:
                continue  # its Map run looks after it
            lives += [self._restored(execution, None)]
        owed = records.owed()
        for ended in {arn: None for _, arn, effect in owed if isinstance(effect, StopMapRun) and arn not in self._live}:
            if parent := records.get(ended):
                children = self._map_runs.restore(parent, self._program_of(parent))
                lives += [self._restored(*child) for child in children]
        for live in lives:
            lives += [self._restored(*child) for child in self._map_runs.restore(live.execution, live.machine.program)]
        for number, arn, effect in owed:
            self._pay(number, arn, effect)
        for live in lives:
            if self._live.get(live.execution.arn) is not live:
                continue  # what was still to do has ended it
            if live.execution.stopped is not None:
                self._note_end(live.execution, live.machine, live.execution.stopped)
                self._has_ended(live, again=True)
            else:
                self._advance(live, _resumed if live.machine.run.frames else _started(self._now()))

    def _pay(self, number: int, arn: str, effect: Owed) -> None:
        """Do what an execution had still to do when the cloud ended."""
        records = self._stores.executions
        execution = records.get(arn)
        if execution:
            run = Run(facts_of(execution))
            live = self._live.get(arn) or Live(execution, self._machine(self._program_of(execution), run, execution))
            live.owed[id(effect)] = number
            self._do(live, effect)
        else:
            records.paid(number)

    def _restored(self, execution: Execution, then: Callable[[Execution], None] | None) -> Live:
        run = self._stores.executions.restore_run(execution, Run(facts_of(execution)))
        live = Live(execution, self._machine(self._program_of(execution), run, execution), then=then)
        live.failed_at = run.failed_at
        with self._guard:
            self._live[execution.arn] = live
        for frame in run.frames.values():
            self._tokens.give(frame.work.get("token"), Place(execution.arn, frame.id, frame.attempt))
        return live

    def wait(self, execution: Execution, seconds: float | None) -> bool:
        """Wait until an execution has ended. False: it has not."""
        live = self._live.get(execution.arn)
        return live is None or live.done.wait(seconds)

    def known(self, token: str) -> None:
        """Check a token.

        Raises:
            UnknownTask: No task has ever had the token.
            TaskTimedOut: The task has ended.
        """
        self._tokens.find(token)

    def succeed(self, token: str, output: Json) -> None:
        """A Task has succeeded, says whoever has its token.

        Raises:
            UnknownTask: No task has ever had the token.
            TaskTimedOut: The task has ended.
        """
        self._with_token(self._tokens.use(token), {"output": output})

    def fail(self, token: str, error: str | None, cause: str | None) -> None:
        """A Task has failed, says whoever has its token. It raises as :meth:`succeed` does."""
        self._with_token(self._tokens.use(token), {"error": error, "cause": cause})

    def heartbeat(self, token: str) -> None:
        """A Task makes progress, says whoever has its token. It raises as :meth:`succeed` does."""
        place = self._tokens.find(token)
        if live := self._live.get(place.execution):
            self._tell(live, place.frame, place.attempt, tasks.beat)

    def take(self, activity_arn: str, worker: str | None, seconds: float) -> tuple[str, str] | None:
        """The token and the input of an activity's next Task. None: there was none for so many seconds."""

        def alive() -> bool:
            return activity_arn in self._stores.at(activity_arn).activities

        offered = self._activities.take(activity_arn, seconds, alive)
        if offered is None:
            return None
        if live := self._live.get(offered.place.execution):
            self._tell(live, offered.place.frame, offered.place.attempt, tasks.taken, worker)
        return offered.token, offered.input

    # Inside

    def program(self, definition: str) -> Program:
        """The program of a definition, compiled once."""
        with self._guard:
            if known := self._programs.get(definition):
                self._programs.move_to_end(definition)
                return known
        program = self._compile(definition)
        with self._guard:
            self._programs[definition] = program
            if len(self._programs) > MOST_PROGRAMS:
                self._programs.popitem(last=False)
        return program

    def _program_of(self, execution: Execution) -> Program:
        program = self.program(execution.revision.definition)
        return self._map_runs.program_of(execution, program) if execution.map_run_arn else program

    def _machine(self, program: Program, run: Run, execution: Execution) -> Machine:
        return Machine(program, run, region=execution.arn.split(":")[3])

    def _launch(self, live: Live, move: Callable[[Machine], None]) -> None:
        with self._guard:
            self._live[live.execution.arn] = live
        for observer in self._observers:
            observer.started(live.execution)
        self._advance(live, move)

    def _with_token(self, place: Place, ended: dict[str, Json]) -> None:
        if live := self._live.get(place.execution):
            self._tell(live, place.frame, place.attempt, tasks.with_token, ended)

    def tell(self, arn: str, frame: int, attempt: int, step: Callable[..., None], *given: Any) -> None:
        """Tell an execution that something has happened to what one of its frames has begun."""
        if live := self._live.get(arn):
            self._tell(live, frame, attempt, step, *given)

    def _tell(self, live: Live, frame: int, attempt: int, step: Callable[..., None], *given: Any) -> None:
        self._advance(live, lambda machine: machine.tell(frame, attempt, step, *given, now=self._now()))

    def _advance(self, live: Live, move: Callable[[Machine], None]) -> None:
        """Let the machine go on; keep what it writes; do what it asks for."""
        with live.lock:
            machine, execution = live.machine, live.execution
            try:
                move(machine)
            except Exception as error:  # noqa: BLE001 - a fault of the engine must not leave the execution running
                log.failure(error)
                machine.give_up(f"the local cloud failed to run the execution: {type(error).__name__}: {error}")
            events, machine.events = machine.events, []
            effects, machine.effects = machine.effects, []
            if events:
                execution.events += len(events)
                for observer in self._observers:
                    observer.wrote(execution, events)
            ended = next((effect for effect in effects if isinstance(effect, Ended)), None)
            if ended:
                self._note_end(execution, machine, self._now())
            self._keep(live, events, effects, ended=ended is not None)
        wakes: dict[float, list[Wake]] = {}
        for effect in effects:
            if isinstance(effect, Wake):
                wakes.setdefault(effect.moment, []).append(effect)
            else:
                self._do(live, effect)
        for moment, due in wakes.items():
            self._timers.at(moment, partial(self._wake, live.execution.arn, due))
        if ended:
            self._has_ended(live)

    def _keep(self, live: Live, events: list[dict[str, Json]], effects: list[Effect], *, ended: bool) -> None:
        """Keep a move, before anybody hears of it. What cannot be kept is tried again with the next move."""
        execution, machine, records = live.execution, live.machine, self._stores.executions
        if not execution.number:
            return  # StartSyncExecution's client waits for it, and is gone when the cloud is
        live.unkept += events
        touched, machine.touched = machine.touched, set()
        try:
            with records.together():
                whole = ended or machine.run.failed_at is not live.failed_at
                records.moved(execution, machine.run, live.unkept, touched, whole=whole)
                if ended and not _is_told(execution):
                    records.ended(execution, forget=not execution.map_run_arn)
                elif live.redriven:
                    records.redriven(execution)
                for effect in effects:
                    if _is_owed(effect):
                        live.owed[id(effect)] = records.owe(execution, effect)
        except sqlite3.Error as error:
            log.failure(error)
            machine.touched |= touched
        else:
            execution.moves += 1
            live.unkept, live.failed_at, live.redriven = [], machine.run.failed_at, False

    def _note_end(self, execution: Execution, machine: Machine, stopped: float) -> None:
        run = machine.run
        execution.status, execution.stopped = run.status, stopped
        execution.error, execution.cause = run.error, run.cause
        if run.status == "SUCCEEDED":
            execution.output = machine.text(run.output)

    def _has_ended(self, live: Live, *, again: bool = False) -> None:
        """Tell everybody that an execution has ended.

        Args:
            again: Whether the cloud was killed after the end, so that only who is owed to hear of it is told.
        """
        execution = live.execution
        with self._guard:
            if self._live.get(execution.arn) is live:
                del self._live[execution.arn]
            waiting = self._waiting.pop(execution.arn, [])
        self._stores.executions.has_ended(execution)
        for observer in () if again else self._observers:
            observer.ended(execution)
        if again:
            self._untold(execution)
        if execution.number and _is_told(execution):
            self._stores.executions.told(execution)
        live.done.set()
        for look in waiting:
            self._calls.submit(look)
        if live.then is not None:
            live.then(execution)

    def _do(self, live: Live, effect: Effect) -> None:
        if isinstance(effect, Invoke):
            self._tokens.give(effect.token, Place(live.execution.arn, effect.frame, effect.attempt))
            self._calls.follow(self._call, live, effect)
        elif isinstance(effect, Poll):
            self._watch(live, effect, FIRST_LOOK)
        elif isinstance(effect, Offer):
            self._offer(live, effect)
        elif isinstance(effect, Cancel):
            self._tokens.end(live.execution.arn, effect.frame)
            self._activities.withdraw(live.execution.arn, effect.frame)
            if effect.job is not None:
                self._calls.submit(self._stop_job, live, effect)
        elif isinstance(effect, StartMapRun):
            self._calls.submit(self._map_runs.start, live.execution, live.machine.program, effect)
        elif isinstance(effect, StopMapRun):
            self._map_runs.stop(effect.arn)
            self._paid(live, effect)

    def _wake(self, arn: str, due: list[Wake]) -> None:
        """A moment has come. The execution may have ended: a timer must not keep it in memory."""
        if live := self._live.get(arn):
            self._advance(live, lambda machine: machine.woken(due, now=self._now()))

    def _caller(
        self, live: Live, role_arn: str | None, frame: int | None = None, call: Callable[[], str] | None = None
    ) -> Caller:
        execution = live.execution
        header = None
        there = live.machine.run.frames.get(frame or 0)
        if there is not None:
            for observer in self._observers:
                header = observer.header(execution, there.state) or header
        region, account = execution.arn.split(":")[3:5]
        return Caller(execution.revision.role_arn, account, region, execution.arn, header, role_arn, call)

    def _call(self, live: Live, effect: Invoke) -> None:
        def call() -> Answer:
            caller = self._caller(live, effect.role_arn, effect.frame, partial(_call_of, live, effect))
            return self._services.call(effect.resource, effect.arguments, caller)

        def then(answer: Answer) -> None:
            self._tell(live, effect.frame, effect.attempt, tasks.answered, answer.output, answer.job)

        self._ask(live, effect, f"call {effect.resource.arn}", call, then)

    def _ask(
        self, live: Live, effect: Invoke | Poll, doing: str, question: Callable[[], T], then: Callable[[T], None]
    ) -> None:
        """Ask a service, and go on with its answer. If it fails, the Task fails.

        Args:
            doing: What the question does, for the cause of a fault of the cloud.
        """
        place = effect.frame, effect.attempt
        try:
            answer = question()
        except StateFailure as failure:
            self._tell(live, *place, tasks.failed, failure.error, failure.cause)
        except Exception as error:  # noqa: BLE001 - a fault of the cloud must not leave the execution waiting
            log.failure(error)
            cause = f"the local cloud failed to {doing}: {type(error).__name__}: {error}"
            self._tell(live, *place, tasks.failed, "States.TaskFailed", cause)
        else:
            then(answer)

    def _watch(self, live: Live, effect: Poll, delay: float) -> None:
        """Look at a job after a delay, and again until it has ended. A child execution's end is told at once."""
        look = partial(self._look, live, effect, min(delay * 1.5, LONGEST_LOOK))
        name = effect.job.get("name")
        if effect.job.get("service") == "states" and isinstance(name, str):
            with self._guard:
                if name in self._live:
                    self._waiting.setdefault(name, []).append(look)
                    return
        self._timers.at(self._now() + delay, partial(self._later, look))

    def _later(self, look: Callable[[], None]) -> None:
        self._calls.submit(look)

    def _look(self, live: Live, effect: Poll, delay: float) -> None:
        frame = live.machine.run.frames.get(effect.frame)
        if frame is None or frame.attempt != effect.attempt:
            return

        def then(result: Json) -> None:
            if result is None:
                self._watch(live, effect, delay)
            else:
                self._tell(live, effect.frame, effect.attempt, tasks.succeeded, result)

        def look() -> Json:
            return self._services.poll(effect.job, self._caller(live, effect.role_arn))

        self._ask(live, effect, "look after the job", look, then)

    def _stop_job(self, live: Live, effect: Cancel) -> None:
        try:
            self._services.stop(effect.job, self._caller(live, effect.role_arn))
        except StateFailure as failure:
            log.line(f"a job of {live.execution.arn} was not stopped: {failure.error}: {failure.cause}")
        except Exception as error:  # noqa: BLE001 - nobody waits for the job any more
            log.failure(error)
        self._paid(live, effect)

    def _paid(self, live: Live, effect: Effect) -> None:
        if number := live.owed.pop(id(effect), None):
            self._stores.executions.paid(number)

    def _offer(self, live: Live, effect: Offer) -> None:
        place = Place(live.execution.arn, effect.frame, effect.attempt)
        if effect.activity_arn not in self._stores.at(live.execution.arn).activities:
            cause = f"The activity {effect.activity_arn} does not exist."
            self._tell(live, effect.frame, effect.attempt, tasks.refused, "States.Runtime", cause)
            return
        if not effect.queued:
            self._tell(live, effect.frame, effect.attempt, tasks.offered)
        self._tokens.give(effect.token, place)
        self._activities.offer(effect.activity_arn, effect.token, values.text(effect.arguments), place)


def _call_of(live: Live, effect: Invoke) -> str:
    """What tells a call from every other one: a UUID. It is the same one when the cloud makes it again after a crash.

    A header has it, and an execution's name may have letters that no header can have.
    """
    facts, redrives = live.machine.run.facts, live.machine.run.redrives
    text = f"{facts.arn} {facts.started} {redrives} {effect.frame} {effect.attempt}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def facts_of(execution: Execution) -> Facts:
    """What an execution never changes about itself."""
    given = values.parsed(execution.input)
    express = execution.kind == "EXPRESS"
    return Facts(
        execution.arn,
        execution.name,
        execution.machine_arn,
        execution.machine_arn.rpartition(":")[2],
        execution.revision.role_arn,
        execution.started,
        given,
        None if values.text(given) == execution.input else execution.input,
        express,
        express and execution.sync,
    )


def _is_told(execution: Execution) -> bool:
    """Whether the end of an execution is told to other services, and must be told although the cloud is killed."""
    return execution.kind == "STANDARD" and not execution.map_run_arn


def _is_owed(effect: Effect) -> TypeGuard[Owed]:
    """Whether an effect must be known after a kill: something is to be stopped."""
    return isinstance(effect, StopMapRun) or (isinstance(effect, Cancel) and effect.job is not None)


def _resumed(machine: Machine) -> None:
    machine.resume()


def _started(now: float) -> Callable[[Machine], None]:
    """Begin an execution that was accepted and had not begun."""
    return lambda machine: machine.start(machine.run.facts.input, now=now)
