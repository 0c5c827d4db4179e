"""Executions in the database: their facts, their histories, and the frames of those that run.

An execution that runs is in memory too; one that has ended is read when somebody asks for it. So a cloud with a million
ended executions is as small as one with none.

Every move of an execution is one row: the events that it wrote, and the frames that it changed. To go on with an
execution, its moves are read in their order. A large frame, such as that of a Map with its results, is not written
again and again: its latest state has a row of its own.

So an execution begins with one row, and ends with one: its first move has its facts too, and its last move its end. Its
own row, by which it is found, follows a moment later, together with others. It says that the execution has ended when
all have been told who hear of ends. If the cloud is killed before, the execution is among those that run, and its end
is told.

Example::

    >>> from localcloud.durability.database import Database
    >>> records = Records(Database())
    >>> arn = "arn:aws:states:us-east-1:123456789012:execution:m:e"
    >>> machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
    >>> execution = Execution(arn, machine, "e", "STANDARD", Revision("{}", "arn:role", {}, {}), "{}", 0.0)
    >>> records.add(execution)
    >>> [one.name for one in records.listed(machine_arn=machine)]
    ['e']
"""

from __future__ import annotations

import itertools
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from operator import attrgetter
from typing import Any, TypeAlias

from localcloud.durability.database import Change, Database
from localcloud.jsontexts import compact
from localcloud.stepfunctions.engine.effects import Cancel, StopMapRun
from localcloud.stepfunctions.engine.frames import Frame, Run, frame_from, frame_json
from localcloud.stepfunctions.histories import Histories
from localcloud.stepfunctions.language.scope import Json
from localcloud.stepfunctions.models import Execution, Listed, MapRun, Revision

TABLES = (
    """CREATE TABLE IF NOT EXISTS execution (number INTEGER PRIMARY KEY, arn TEXT UNIQUE NOT NULL,
        machine TEXT NOT NULL, map_run TEXT, status TEXT NOT NULL, started REAL NOT NULL,
        stopped REAL, record TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS execution_of_machine ON execution (machine, started)",
    "CREATE INDEX IF NOT EXISTS execution_of_map_run ON execution (map_run) WHERE map_run IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS execution_running ON execution (number) WHERE status = 'RUNNING'",
    "CREATE TABLE IF NOT EXISTS move (place INTEGER PRIMARY KEY, content TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS frame (execution INTEGER, number INTEGER, content TEXT NOT NULL,
        PRIMARY KEY (execution, number)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS revision (number INTEGER PRIMARY KEY, content TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS owed (number INTEGER PRIMARY KEY, execution TEXT NOT NULL, kind TEXT NOT NULL,
        content TEXT NOT NULL)""",
)
ADD = """INSERT OR REPLACE INTO execution (number, arn, machine, map_run, status, started, stopped, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
CHANGE = "UPDATE execution SET status = ?, stopped = ?, started = ?, record = ? WHERE number = ?"
#: The columns of :class:`Listed`. What has no column of its own is in the record.
_COLUMN = {
    "arn": "arn",
    "machine_arn": "machine",
    "map_run_arn": "map_run",
    "status": "status",
    "started": "started",
    "stopped": "stopped",
}
LISTED = ", ".join(_COLUMN.get(name, f"json_extract(record, '$.{name}')") for name in Listed._fields)
#: Ended executions that stay in memory, because whoever started them will ask how they ended.
MOST_RECENT = 500
#: A move's place is its execution's number times this, and its own number.
MOST_MOVES = 1 << 24
#: A frame whose JSON has more characters has a row of its own.
LARGE = 4096
#: The row, among the frames, of where a redrive goes on.
FAILED_AT = -1
#: What may still be to do when the cloud ends.
Owed: TypeAlias = Cancel | StopMapRun
_OF_RUN = ("next_frame", "events", "status", "output", "error", "cause", "redrives", "redriven", "until")
_COLUMNS = ("arn", "revision", "number", "moves")


class Records:
    """The executions of all accounts and regions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        for statement in TABLES:
            database.declare(statement)
        #: The rows of those that have begun and have none yet: the values of ADD, by number.
        self._new: dict[int, tuple[Any, ...]] = {}
        ((owed,),) = database.read("SELECT coalesce(max(number), 0) FROM owed")
        self._owed = itertools.count(owed + 1)
        self._running: dict[str, Execution] = {}
        self._recent: OrderedDict[str, Execution] = OrderedDict()
        #: Those that have ended, and whose rows do not say so yet.
        self._told: dict[str, Execution] = {}
        self._large: set[int] = set()
        self._revisions: dict[int, Revision] = {}
        self._numbers: dict[str, int] = {}
        self._histories = Histories(database)
        self._lock = database.lock
        self._last = self._recovered()
        self._wake = database.gather(self._rows)

    def _recovered(self) -> int:
        """Make the rows of executions that have moves only. Returns the number of the last execution."""
        ((last,),) = self._database.read("SELECT coalesce(max(number), 0) FROM execution")
        query = "SELECT place, content FROM move WHERE place > ? ORDER BY place"
        for place, content in self._database.read(query, (_places(last)[1],)):
            if found := json.loads(content).get("execution"):
                last = place // MOST_MOVES
                self._database.soon(ADD, [found])
        return int(last)

    def add(self, execution: Execution) -> None:
        """A new execution. It is kept with its first move."""
        with self._lock:
            self._last += 1
            execution.number = self._last
            self._running[execution.arn] = execution
            self._recent.pop(execution.arn, None)
            self._new[execution.number] = row = self._added(execution)
            if len(row[-1]) > LARGE:
                self._settle()  # its facts are not written twice
        self._wake()

    def _added(self, execution: Execution) -> tuple[Any, ...]:
        """The values of :data:`ADD`."""
        one = execution
        facts = one.arn, one.machine_arn, one.map_run_arn, one.status, one.started, one.stopped
        return one.number, *facts, self._record(one)

    def _settle(self) -> None:
        """Make the rows of the executions that have none yet, with the next change: it needs them."""
        if self._new:
            self._database.soon(ADD, list(self._new.values()))
            self._new.clear()

    def together(self) -> AbstractContextManager[None]:
        """Keep all changes of a block in one transaction."""
        return self._database.together()

    def moved(
        self, execution: Execution, run: Run, events: list[dict[str, Json]], touched: Iterable[int], *, whole: bool
    ) -> None:
        """A move of an execution: what it wrote, and what it changed. It is kept when this returns.

        The caller counts it in ``execution.moves`` when it is kept. A move that is not counted is replaced by the next.

        Args:
            touched: The frames that may have changed; some are gone.
            whole: Whether the execution has ended, or where a redrive goes on has changed.
        """
        number, large = execution.number, []
        frames: dict[int, Json] = {}
        for one in touched:
            frame = frames[one] = frame_json(run.frames[one]) if one in run.frames else None
            if frame is not None and _is_large(frame) and len(text := _json(frame)) > LARGE:
                frames[one] = True
                large.append((number, one, text))
        if whole and run.failed_at:
            large.append((number, FAILED_AT, _json(run.failed_at)))
        content: dict[str, Json] = {
            "events": events,
            "frames": frames,
            "run": {name: getattr(run, name) for name in _OF_RUN},
        }
        if not execution.moves and (row := self._new.get(number)):
            content["execution"] = row
        if execution.stopped is not None:
            content["stopped"] = execution.stopped
        with self._database.together():
            place = number * MOST_MOVES + execution.moves + 1
            # A move for which there was no space is written when there is some. The next move has its events too.
            self._database.now("INSERT OR REPLACE INTO move VALUES (?, ?)", [(place, _json(content))])
            if whole and not run.failed_at and number in self._large:
                self._database.now("DELETE FROM frame WHERE execution = ? AND number = ?", [(number, FAILED_AT)])
            if large:
                self._large.add(number)
                self._database.now("INSERT OR REPLACE INTO frame VALUES (?, ?, ?)", large)

    def ended(self, execution: Execution, *, forget: bool) -> None:
        """An execution has ended whose end nobody is told of. It is kept when this returns.

        Args:
            forget: Delete it: nobody can ask for it.
        """
        number = execution.number
        with self._database.together():
            if (execution.status == "SUCCEEDED" or forget) and number in self._large:
                self._large.discard(number)
                self._database.now("DELETE FROM frame WHERE execution = ?", [(number,)])
            if forget:
                self._database.now("DELETE FROM move WHERE place BETWEEN ? AND ?", [_places(number)])
                if self._new.pop(number, None) is None:
                    self._database.now("DELETE FROM execution WHERE number = ?", [(number,)])
            else:
                self._settle()
                self._database.now(CHANGE, [self._row(execution)])

    def told(self, execution: Execution) -> None:
        """Everybody has been told of the end of an execution. Its row says so a moment later."""
        with self._lock:
            self._told[execution.arn] = execution
        self._wake()

    def _rows(self) -> list[Change]:
        """The rows of the executions that have begun or ended since the last time."""
        with self._lock:
            ended, self._told = list(self._told.values()), {}
            new, self._new = self._new, {}
            large = [(one.number,) for one in ended if one.status == "SUCCEEDED" and one.number in self._large]
            self._large.difference_update(number for (number,) in large)
        new |= {one.number: self._added(one) for one in ended if one.number in new}
        changed = [self._row(one) for one in ended if one.number not in new]
        changes = [
            (ADD, list(new.values())),
            (CHANGE, changed),
            ("DELETE FROM frame WHERE execution = ?", large),
        ]
        return [(statement, rows) for statement, rows in changes if rows]

    def owe(self, execution: Execution, effect: Owed) -> int:
        """What an execution has begun is to be stopped. Nothing in its frames says so.

        Returns:
            The number under which that is kept until :meth:`paid`.
        """
        number = next(self._owed)
        row = (number, execution.arn, type(effect).__name__, _json(vars(effect)))
        self._database.now("INSERT INTO owed VALUES (?, ?, ?, ?)", [row])
        return number

    def paid(self, number: int) -> None:
        """What was to be done is done."""
        self._database.soon("DELETE FROM owed WHERE number = ?", [(number,)])

    def owed(self) -> list[tuple[int, str, Owed]]:
        """What was to be done when the cloud ended: the number, the execution's ARN, and the effect."""
        kinds = {kind.__name__: kind for kind in (Cancel, StopMapRun)}
        rows = self._database.read("SELECT number, execution, kind, content FROM owed ORDER BY number")
        return [
            (number, arn, kinds[kind](**json.loads(content))) for number, arn, kind, content in rows if kind in kinds
        ]

    def has_ended(self, execution: Execution) -> None:
        """An execution that has ended need not stay in memory."""
        with self._lock:
            if self._running.pop(execution.arn, None) is not None:
                self._recent[execution.arn] = execution
                while len(self._recent) > MOST_RECENT:
                    self._recent.popitem(last=False)

    def redriven(self, execution: Execution) -> None:
        """An execution runs again. It is kept when this returns.

        It may have ended in the same move: then its row says so when all have been told.
        """
        runs = replace(execution, status="RUNNING", stopped=None, output=None, error=None, cause=None)
        with self._lock:
            self._settle()
            self._told.pop(execution.arn, None)
            self._recent.pop(execution.arn, None)
            self._running[execution.arn] = execution
            self._database.now(CHANGE, [self._row(runs)])

    def _row(self, execution: Execution) -> tuple[Any, ...]:
        """The values of :data:`CHANGE`."""
        return execution.status, execution.stopped, execution.started, self._record(execution), execution.number

    def get(self, arn: str) -> Execution | None:
        """The execution with an ARN."""
        if found := self._in_memory(arn):
            return found
        with self._lock:
            rows = self._database.read(
                "SELECT number, arn, record FROM execution WHERE arn = ?", (arn,), gathered=False
            )
            if not rows:
                return None
            execution = self._read(*rows[0])
            self._recent[arn] = execution
            return execution

    def _in_memory(self, arn: str) -> Execution | None:
        return self._running.get(arn) or self._recent.get(arn) or self._told.get(arn)

    def listed(
        self,
        *,
        machine_arn: str | None = None,
        map_run_arn: str | None = None,
        status: str | None = None,
        after: str | None = None,
        most: int = -1,
    ) -> list[Listed]:
        """The executions of a state machine or of a Map Run, newest first.

        The database reads a record's few fields; its input and output, which may be large, are not looked at.

        Args:
            after: The ARN of an execution: only those that come after it.
            most: How many at most; -1 for all.
        """
        where = "machine = ? AND map_run IS NULL"
        values: list[Any] = [machine_arn]
        if map_run_arn:
            where, values = "map_run = ?", [map_run_arn]
        if status:
            where, values = f"{where} AND status = ?", [*values, status]
        if after:
            place = "SELECT started, number FROM execution WHERE arn = ?"
            where, values = f"{where} AND (started, number) < ({place})", [*values, after]
        query = f"SELECT {LISTED} FROM execution WHERE {where} ORDER BY started DESC, number DESC LIMIT ?"
        rows = self._database.read(query, [*values, most], gathered=True)
        return [_listed(found) if (found := self._in_memory(row[0])) else Listed(*row) for row in rows]

    def history(self, execution: Execution) -> Sequence[dict[str, Json]]:
        """The events of an execution, in their order."""
        first, last = _places(execution.number)
        # One that has ended and was read from the database has no move that is not counted.
        read = execution.status != "RUNNING" and not execution.moves
        return self._histories.of(execution.number, (first, last), last if read else first + execution.moves)

    def restore_run(self, execution: Execution, run: Run) -> Run:
        """Give a new run of an execution what was kept of it, and the execution the moment of an end not yet told."""
        query = "SELECT number, content FROM frame WHERE execution = ?"
        large = dict(self._database.read(query, (execution.number,)))
        found: dict[int, Json] = {}
        stopped: float | None = None
        for move in self._moves(execution):
            stopped = move.get("stopped")
            execution.moves = max(execution.moves, move["number"])
            for number, frame in move["frames"].items():
                found[int(number)] = frame
            for name, value in move["run"].items():
                setattr(run, name, value)
        for number, frame in sorted(found.items()):
            if frame is not None:
                whole = json.loads(large[number]) if frame is True else frame
                run.frames[number] = _as_written(frame_from(whole), run)
        if execution.status == "RUNNING":
            execution.stopped = stopped
        if FAILED_AT in large:
            run.failed_at = json.loads(large[FAILED_AT])
        if large:
            self._large.add(execution.number)
        return run

    def _moves(self, execution: Execution) -> Iterator[dict[str, Json]]:
        query = "SELECT place, content FROM move WHERE place BETWEEN ? AND ? ORDER BY place"
        for place, content in self._database.read(query, _places(execution.number)):
            yield {**json.loads(content), "number": place % MOST_MOVES}

    def running(self) -> list[Execution]:
        """The executions that had not ended when the cloud did, or whose ends may not have been told."""
        rows = self._database.read(
            "SELECT number, arn, record FROM execution WHERE status = 'RUNNING' ORDER BY number", gathered=False
        )
        with self._lock:
            for row in rows:
                self._running.setdefault(row[1], self._read(*row))
            return list(self._running.values())

    def of_machine(self, machine_arn: str) -> list[Execution]:
        """The executions of a state machine that run."""
        with self._lock:
            return [one for one in self._running.values() if one.machine_arn == machine_arn]

    def delete_machine(self, machine_arn: str) -> None:
        """Delete the executions of a state machine."""
        with self._lock, self._database.together():
            for held in (self._running, self._recent, self._told):
                for arn in [one.arn for one in held.values() if one.machine_arn == machine_arn]:
                    del held[arn]
            of_it = "SELECT number FROM execution WHERE machine = ?"
            self._settle()
            self._delete([number for (number,) in self._database.read(of_it, (machine_arn,))])

    def delete_ended_before(self, moment: float) -> None:
        """Delete the executions that ended before a moment, in seconds since 1970."""
        query = "SELECT number FROM execution WHERE stopped < ? AND status != 'RUNNING'"
        self._delete([number for (number,) in self._database.read(query, (moment,))])

    def _delete(self, numbers: list[int]) -> None:
        if not numbers:
            return
        with self._database.together():
            self._database.now("DELETE FROM move WHERE place BETWEEN ? AND ?", [_places(number) for number in numbers])
            for statement in ("DELETE FROM frame WHERE execution = ?", "DELETE FROM execution WHERE number = ?"):
                self._database.now(statement, [(number,) for number in numbers])

    def _record(self, execution: Execution) -> str:
        fields = {name: value for name, value in vars(execution).items() if name not in _COLUMNS}
        return _json({**fields, "revision": self._revision(execution.revision)})

    def _read(self, number: int, arn: str, record: str) -> Execution:
        fields = json.loads(record)
        return Execution(arn=arn, number=number, **{**fields, "revision": self._revised(fields["revision"])})

    def _revision(self, revision: Revision) -> int:
        """The number of a revision. Many executions have the same one, and it is kept once."""
        if revision.number is None:
            with self._lock:
                content = _json({name: value for name, value in vars(revision).items() if name != "number"})
                number = self._numbers.get(content)
                if number is None:
                    ((number,),) = self._database.read("SELECT coalesce(max(number), 0) + 1 FROM revision")
                    self._database.now("INSERT INTO revision VALUES (?, ?)", [(number, content)])
                    self._numbers[content] = number
                revision.number = number
        return revision.number

    def _revised(self, number: int) -> Revision:
        if number not in self._revisions:
            ((content,),) = self._database.read(
                "SELECT content FROM revision WHERE number = ?", (number,), gathered=False
            )
            self._revisions[number] = Revision(**json.loads(content), number=number)
            self._numbers[content] = number
        return self._revisions[number]


_json = compact(ascii_only=True)
_listed_values = attrgetter(*Listed._fields)


def _listed(execution: Execution) -> Listed:
    return Listed(*_listed_values(execution))


def _places(execution: int) -> tuple[int, int]:
    """The first and the last place of an execution's moves."""
    return execution * MOST_MOVES, (execution + 1) * MOST_MOVES - 1


def _is_large(frame: Json) -> bool:
    """Whether a frame may be large. Most are not, and need not be written to find that out."""
    return bool(frame["work"].get("items") or frame["work"].get("results") or frame["waits"].get("items")) or (
        len(str(frame["input"])) > LARGE // 4
    )


def _as_written(frame: Frame, run: Run) -> Frame:
    """A frame whose input is the execution's keeps the form in which that was written, as before."""
    if run.facts.written is not None and frame.input == run.facts.input:
        frame.input = run.facts.input
    return frame


class MapRunRecords:
    """The Map Runs of all accounts and regions. Those that run are in memory too."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.declare(
            """CREATE TABLE IF NOT EXISTS map_run (number INTEGER PRIMARY KEY, arn TEXT UNIQUE NOT NULL,
            execution TEXT NOT NULL, record TEXT NOT NULL, plan TEXT NOT NULL)"""
        )
        database.declare("CREATE INDEX IF NOT EXISTS map_run_of_execution ON map_run (execution)")
        self._running: dict[str, MapRun] = {}

    def add(self, run: MapRun, plan: Json) -> None:
        """A new Map Run.

        Args:
            plan: What is needed to go on with it, as JSON.
        """
        self._running[run.arn] = run
        statement = "INSERT OR REPLACE INTO map_run (arn, execution, record, plan) VALUES (?, ?, ?, ?)"
        self._database.now(statement, [(run.arn, run.execution_arn, _json(vars(run)), _json(plan))])

    def changed(self, run: MapRun, plan: Json = None) -> None:
        """A Map Run has changed, and perhaps its plan."""
        if run.status == "RUNNING":
            self._running[run.arn] = run
        else:
            self._running.pop(run.arn, None)
        with self._database.together():
            self._database.now("UPDATE map_run SET record = ? WHERE arn = ?", [(_json(vars(run)), run.arn)])
            if plan is not None:
                self._database.now("UPDATE map_run SET plan = ? WHERE arn = ?", [(_json(plan), run.arn)])

    def get(self, arn: str) -> MapRun | None:
        """The Map Run with an ARN."""
        if found := self._running.get(arn):
            return found
        rows = self._database.read("SELECT record FROM map_run WHERE arn = ?", (arn,))
        if not rows:
            return None
        run = MapRun(**json.loads(rows[0][0]))
        return self._running.setdefault(arn, run) if run.status == "RUNNING" else run

    def plan(self, arn: str) -> Json:
        """What is needed to go on with a Map Run; None if there is no such Map Run."""
        rows = self._database.read("SELECT plan FROM map_run WHERE arn = ?", (arn,))
        return json.loads(rows[0][0]) if rows else None

    def of(self, execution_arn: str) -> list[MapRun]:
        """The Map Runs of an execution, newest first."""
        query = "SELECT arn FROM map_run WHERE execution = ? ORDER BY number DESC"
        found = (self.get(arn) for (arn,) in self._database.read(query, (execution_arn,)))
        return [run for run in found if run is not None]
