"""Map runs: the items of a distributed Map are read, and each runs in an execution of its own.

Source: Step Functions Developer Guide, "Using Map state in Distributed mode", and its pages on ItemReader, ItemBatcher,
ResultWriter and tolerated failure thresholds.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from localcloud import log
from localcloud.identifiers import new_uuid
from localcloud.stepfunctions.engine import distributed
from localcloud.stepfunctions.engine.branches import selected
from localcloud.stepfunctions.engine.effects import StartMapRun
from localcloud.stepfunctions.integrations import writers
from localcloud.stepfunctions.integrations.answers import Caller
from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.program import Program, State
from localcloud.stepfunctions.language.resources import Resource, resource
from localcloud.stepfunctions.language.scope import Json, Scope, StateFailure
from localcloud.stepfunctions.models import Execution, MapRun
from localcloud.stepfunctions.store import Stores

TOO_MANY = "States.ExceedToleratedFailureThreshold"
#: The bytes that AWS takes for the input of one child execution.
MOST_BYTES = values.LIMIT


class ItemServices(Protocol):
    """Reads items and writes results. :class:`localcloud.stepfunctions.integrations.Integrations` does."""

    def read(self, resource: Resource, arguments: Json, config: Any, caller: Caller) -> list[Json]:
        """The items of an ItemReader."""

    def write(self, resource: Resource, arguments: Json, files: Any, caller: Caller) -> None:
        """Write a ResultWriter's files."""


class Starter(Protocol):
    """Begins executions, and tells them what has happened. The runner does."""

    def begin(self, execution: Execution, program: Program, *, then: Callable[[Execution], None]) -> None:
        """Begin a child execution."""

    def redrive(self, execution: Execution, now: float, *, then: Callable[[Execution], None]) -> None:
        """Let a child execution go on."""

    def stop(self, execution: Execution, error: str | None, cause: str | None) -> None:
        """Abort a child execution."""

    def tell(self, arn: str, frame: int, attempt: int, step: Callable[..., None], *given: Any) -> None:
        """Tell the state how its Map run has ended."""


@dataclass
class Running:
    """A Map run that is on its way."""

    record: MapRun
    parent: Execution
    program: Program
    frame: int
    attempt: int
    spec: Mapping[str, Json]
    children: list[Execution] = field(default_factory=list)
    pending: deque[Execution] = field(default_factory=deque)
    running: int = 0
    failed_items: int = 0
    over: bool = False
    filling: bool = False
    counted: dict[str, str] = field(default_factory=dict)
    restored: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)


class MapRuns:
    """The Map runs of one local cloud."""

    def __init__(self, stores: Stores, services: ItemServices, starter: Starter, now: Callable[[], float]) -> None:
        self._stores, self._services, self._starter, self._now = stores, services, starter, now
        self._runs: dict[str, Running] = {}

    def program_of(self, execution: Execution, whole: Program) -> Program:
        """The program of a child execution: its Map's processor."""
        run = self._runs[str(execution.map_run_arn)]
        return _processor(whole, run.spec)

    def start(self, parent: Execution, program: Program, effect: StartMapRun) -> None:
        """Read the items, and start the first executions. In a redrive, go on with those that have failed."""
        try:
            run = self._runs.get(effect.arn) or self._read(effect.arn, parent, program)
            if run is None:
                self._begin(parent, program, effect)
            elif run.restored:  # the cloud has ended meanwhile
                run.restored = False
                self._go_on(run)
            elif (run.frame, run.attempt) == (effect.frame, effect.attempt):  # it ended before its state was told
                self._tell(run)
            else:
                self._again(run, effect)
        except Exception as error:  # noqa: BLE001 - a fault of the cloud must not leave the state waiting
            log.failure(error)
            cause = f"the local cloud failed to start the Map run: {type(error).__name__}: {error}"
            self._starter.tell(parent.arn, effect.frame, effect.attempt, distributed.failed, "States.Runtime", cause)

    def _begin(self, parent: Execution, program: Program, effect: StartMapRun) -> None:
        spec = effect.spec
        count, percentage = spec["tolerated_count"], spec["tolerated_percentage"]
        concurrency = spec["concurrency"]
        record = MapRun(
            effect.arn,
            parent.arn,
            self._now(),
            max_concurrency=0 if concurrency == distributed.MOST_CHILDREN else concurrency,
            tolerated_failure_count=count or 0,
            tolerated_failure_percentage=float(percentage or 0.0),
        )
        run = Running(record, parent, program, effect.frame, effect.attempt, spec)
        self._runs[effect.arn] = run
        try:
            items = self._items(run)
            given = list(inputs(_state(program, spec), spec, items))
        except StateFailure as failure:
            self._stores.map_runs.add(record, _plan(run))
            self._end(run, "FAILED", failure.error, failure.cause)
            return
        for text, number in given:
            run.pending.append(self._child(run, new_uuid(), text, number))
        run.children = list(run.pending)
        self._count(run)
        self._stores.map_runs.add(record, _plan(run))
        self._fill(run)

    def _go_on(self, run: Running) -> None:
        """Begin more executions, unless too many have failed."""
        with run.lock:
            if run.over:
                return
            run.over = too_many = self._too_many(run)
        if too_many:
            self._abort(run)
            self._end(run, "FAILED", TOO_MANY, "The specified tolerated failure threshold was exceeded")
        else:
            self._fill(run)

    def restore(self, parent: Execution, program: Program) -> list[tuple[Execution, Callable[[Execution], None]]]:
        """Take up the Map runs of an execution that the cloud's end has interrupted.

        Returns:
            Their executions that run, each with what is to be called when it has ended. The Map run goes on when its
            state asks for it again.
        """
        found: list[tuple[Execution, Callable[[Execution], None]]] = []
        for record in self._stores.map_runs.of(parent.arn):
            run = self._read(record.arn, parent, program) if record.status == "RUNNING" else None
            if run is not None:
                run.restored = True
                running = [child for child in run.children if child.number and child.status == "RUNNING"]
                found += [(child, partial(self._ended, run)) for child in running]
        return found

    def _read(self, arn: str, parent: Execution, program: Program) -> Running | None:
        """A Map run as it was kept; None if it was not."""
        plan, record = self._stores.map_runs.plan(arn), self._stores.map_runs.get(arn)
        if plan is None or record is None:
            return None
        run = Running(record, parent, program, plan["frame"], plan["attempt"], plan["spec"])
        for name, text, number in plan["children"]:
            child = self._child(run, name, text, number)
            child = self._stores.executions.get(child.arn) or child
            run.children.append(child)
            if not child.number or _awaits_redrive(child, record):
                run.pending.append(child)
            elif child.status == "RUNNING":
                run.running += 1
            elif child.status != "SUCCEEDED":
                run.failed_items += child.item_count or 1
        self._runs[arn] = run
        self._count(run)
        return run

    def _items(self, run: Running) -> list[Json]:
        reader = run.spec.get("reader")
        if reader is None:
            return list(run.spec["items"])
        named = resource(reader["resource"])
        assert named is not None
        return self._services.read(named, reader["arguments"], reader["config"], _caller(run.parent))

    def _child(self, run: Running, name: str, text: str, number: int) -> Execution:
        machine_arn = run.record.arn.rpartition(":")[0].replace(":mapRun:", ":stateMachine:", 1)
        kind = run.spec["kind"]
        arn = machine_arn.replace(":stateMachine:", ":execution:" if kind == "STANDARD" else ":express:", 1)
        return Execution(
            f"{arn}:{name}",
            machine_arn,
            name,
            kind,
            run.parent.revision,
            text,
            self._now(),
            map_run_arn=run.record.arn,
            parent=run.parent.arn,
            item_count=number,
        )

    def _again(self, run: Running, effect: StartMapRun) -> None:
        """A redrive: executions that have failed go on, and those that never ran begin."""
        with run.lock:
            run.frame, run.attempt = effect.frame, effect.attempt
            run.over, run.failed_items = False, 0
            run.record.status, run.record.stopped = "RUNNING", None
            run.record.error = run.record.cause = None
            run.record.redrive_count += 1
            run.record.redriven = self._now()
            run.pending = deque(child for child in run.children if child.status != "SUCCEEDED")
            self._count(run)
            self._stores.map_runs.changed(run.record, _plan(run))
        self._fill(run)

    def _fill(self, run: Running) -> None:
        """Begin executions until as many run as may.

        An execution may end while it is begun. It then finds that its Map run is being filled, and leaves the next one
        to the loop.
        """
        with run.lock:
            if run.filling:
                return
            run.filling = True
        while True:
            with run.lock:
                most = run.record.max_concurrency or distributed.MOST_CHILDREN
                if run.over or not run.pending or run.running >= most:
                    run.filling = False
                    finished = not run.running and not run.pending and not run.over
                    break
                child = run.pending.popleft()
                run.running += 1
                self._counted(run, child, "running")
            if child.number:
                self._starter.redrive(child, self._now(), then=partial(self._ended, run))
            else:
                child.started = self._now()
                self._stores.executions.add(child)
                self._starter.begin(child, _processor(run.program, run.spec), then=partial(self._ended, run))
        if finished:
            self._finish(run)

    def _ended(self, run: Running, child: Execution) -> None:
        with run.lock:
            run.running -= 1
            if child.status != "SUCCEEDED":
                run.failed_items += child.item_count or 1
            self._counted(run, child, _COUNTS[child.status])
        self._go_on(run)

    def _too_many(self, run: Running) -> bool:
        """Whether more items have failed than is tolerated."""
        if not run.failed_items:
            return False
        count, percentage = run.spec["tolerated_count"], run.spec["tolerated_percentage"]
        if count is None and percentage is None:
            return True
        total = run.record.item_counts["total"]
        limits = []
        if count is not None:
            limits.append(run.failed_items > (run.record.tolerated_failure_count))
        if percentage is not None:
            limits.append(run.failed_items * 100 / total > run.record.tolerated_failure_percentage)
        return any(limits)

    def stop(self, arn: str) -> None:
        """End a Map run from outside: its state has failed, or its execution was stopped."""
        run = self._runs.get(arn)
        if run is None or run.over:
            return
        self._abort(run)
        self._over(run, "ABORTED")

    def _abort(self, run: Running) -> None:
        with run.lock:
            run.over = True
            running = [child for child in run.children if child.status == "RUNNING" and child.number]
        for child in running:
            self._starter.stop(child, None, None)
        self._count(run)

    def _finish(self, run: Running) -> None:
        with run.lock:
            if run.over:
                return
            run.over = True
        try:
            result = self._result(run)
        except StateFailure as failure:
            self._end(run, "FAILED", failure.error, failure.cause)
            return
        self._over(run, "SUCCEEDED")
        self._starter.tell(run.parent.arn, run.frame, run.attempt, distributed.done, result)

    def _end(self, run: Running, status: str, error: str | None, cause: str | None) -> None:
        run.record.error, run.record.cause = error, cause
        self._over(run, status)
        self._tell(run)

    def _tell(self, run: Running) -> None:
        """Tell the state how its Map run has ended."""
        self._runs.pop(run.record.arn, None)
        record, place = run.record, (run.parent.arn, run.frame, run.attempt)
        if record.status == "SUCCEEDED":
            self._starter.tell(*place, distributed.done, self._result(run))
        else:
            self._starter.tell(*place, distributed.failed, record.error, record.cause)

    def _over(self, run: Running, status: str) -> None:
        """A Map run has ended. A redrive reads it again."""
        run.over = True
        self._count(run)
        run.record.status, run.record.stopped = status, self._now()
        self._stores.map_runs.changed(run.record)
        self._runs.pop(run.record.arn, None)

    def _result(self, run: Running) -> Json:
        """The Map's result: the outputs, or where ResultWriter has put them."""
        writer = run.spec.get("writer")
        children = [_entry(child) for child in run.children]
        if writer is None:
            return [values.parsed(child.output or "null") for child in run.children if child.status == "SUCCEEDED"]
        named = resource(writer["resource"]) if writer["resource"] else None
        if named is None:
            done = [child for child in children if child.status == "SUCCEEDED"]
            return writers.transformed(done, writer["config"])
        bucket, prefix = writers.place(writer["arguments"])
        files = writers.result_files(bucket, prefix, run.record.arn, children, writer["config"])
        self._services.write(named, writer["arguments"], files, _caller(run.parent))
        return writers.details(bucket, prefix, run.record.arn)

    def _count(self, run: Running) -> None:
        """Count the items and the executions by their status, all anew."""
        with run.lock:
            waiting = set(map(id, run.pending))
            run.counted.clear()
            run.record.item_counts.clear()
            run.record.execution_counts.clear()
            for child in run.children:
                self._counted(run, child, "pending" if id(child) in waiting else _COUNTS[child.status])

    def _counted(self, run: Running, child: Execution, name: str) -> None:
        """Count one execution by its new status."""
        before = run.counted.get(child.arn)
        run.counted[child.arn] = name
        if before == name:
            return
        changes = {name: 1, **({"resultsWritten": 1} if name == "succeeded" else {})}
        changes |= {before: -1} if before else {"total": 1}
        items, executions = run.record.item_counts, run.record.execution_counts
        for key, change in changes.items():
            items[key] = items.get(key, 0) + change * (child.item_count or 1)
            executions[key] = executions.get(key, 0) + change


#: The name under which a Map run counts an execution, by its status.
_COUNTS = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timedOut",
    "ABORTED": "aborted",
    "RUNNING": "running",
}


def _plan(run: Running) -> Json:
    """What is needed to go on with a Map run."""
    children = [[child.name, child.input, child.item_count] for child in run.children]
    return {"frame": run.frame, "attempt": run.attempt, "spec": run.spec, "children": children}


def _awaits_redrive(child: Execution, record: MapRun) -> bool:
    """Whether an execution has failed and the Map run's redrive has not come to it yet."""
    return child.status not in ("RUNNING", "SUCCEEDED") and child.redrive_count < record.redrive_count


def _state(program: Program, spec: Mapping[str, Json]) -> State:
    """The Map state of a Map run."""
    *above, (name, _) = spec["place"]
    return program.at(tuple((step[0], step[1]) for step in above)).states[name]


def _processor(program: Program, spec: Mapping[str, Json]) -> Program:
    flow = program.at(tuple((step[0], step[1]) for step in spec["place"]))
    return Program(flow.start, flow.states)


def _caller(execution: Execution) -> Caller:
    region, account = execution.arn.split(":")[3:5]
    return Caller(execution.revision.role_arn, account, region, execution.arn)


def _entry(child: Execution) -> writers.Child:
    ran = bool(child.number)
    return writers.Child(
        name=child.name,
        machine_arn=child.machine_arn,
        execution_arn=child.arn if ran else None,
        status=child.status if ran else "PENDING",
        input=child.input,
        output=child.output,
        error=child.error,
        cause=child.cause,
        started=child.started if ran else None,
        stopped=child.stopped,
        redrive_count=child.redrive_count,
    )


def inputs(state: State, spec: Mapping[str, Json], items: list[Json]) -> Iterator[tuple[str, int]]:
    """The input of each child execution as JSON text, and how many items it has."""
    scope = Scope(spec["given"], spec["context"], spec["variables"], {"input": spec["given"]})
    chosen = [selected(state, scope, item, number) for number, item in enumerate(items)]
    batch = spec["batch"]
    if batch is None:
        yield from ((values.text(item), 1) for item in chosen)
        return
    most, most_bytes = batch.get("MaxItemsPerBatch"), batch.get("MaxInputBytesPerBatch") or MOST_BYTES
    around = {"BatchInput": batch["BatchInput"]} if "BatchInput" in batch else {}
    frame = values.size({**around, "Items": []})
    group: list[Json] = []
    size = frame
    for item in chosen:
        more = values.size(item) + 1
        if group and ((most is not None and len(group) >= most) or size + more - 1 > most_bytes):
            yield values.text({**around, "Items": group}), len(group)
            group, size = [], frame
        group.append(item)
        size += more
    if group:
        yield values.text({**around, "Items": group}), len(group)
