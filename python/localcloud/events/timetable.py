"""When rules and schedules fire next. It is kept, so that a new process goes on with the same moments.

A thread sleeps until the next moment. What a firing writes and the moment after it are kept in one transaction. Moments
that passed while the cloud did not run count as one: it fires once when the cloud runs again, and goes on from there.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

from localcloud import log
from localcloud.durability.backends import Backends
from localcloud.durability.database import Change, Database
from localcloud.events.recurrence import Expression, Once, Rate

TABLE = """CREATE TABLE IF NOT EXISTS firing (
    owner TEXT, arn TEXT, moment REAL NOT NULL, mark TEXT NOT NULL, PRIMARY KEY (owner, arn)) WITHOUT ROWID"""
PUT = "INSERT OR REPLACE INTO firing VALUES (?, ?, ?, ?)"
DROP = "DELETE FROM firing WHERE owner = ? AND arn = ?"
#: A clock that is set, or a computer that has slept, is noticed within this time, in seconds.
LONGEST_WAIT = 30.0
#: AWS's schedules fire within the minute of their moment, so one that has just passed still counts.
PRECISION = 60.0


@dataclass(frozen=True)
class Plan:
    """What fires when.

    Attributes:
        mark: A text that is another one if the plan is another one.
        at_once: Whether a rate without a start fires when it is made, as Scheduler's do.
        start: Nothing fires before this moment. A rate is counted from it.
        end: Nothing fires after this moment.
    """

    expression: Expression
    mark: str
    zone: tzinfo = UTC
    at_once: bool = False
    start: float | None = None
    end: float | None = None

    def first(self, now: float) -> float | None:
        """The first moment of a plan that is made now."""
        if isinstance(self.expression, Once):
            return self.expression.following(now - PRECISION, zone=self.zone)
        if isinstance(self.expression, Rate):
            if self.start is not None:
                found = max(self.start, self.expression.following(now - 0.001, anchor=self.start))
            else:
                found = now if self.at_once else now + self.expression.seconds
            return self._ended(found)
        return self._ended(self.expression.following(max(now, (self.start or 0) - 0.001), zone=self.zone))

    def next(self, last: float, now: float) -> float | None:
        """The moment after a firing.

        Args:
            last: The moment that has fired.
        """
        if isinstance(self.expression, Once):
            return None
        if isinstance(self.expression, Rate):
            return self._ended(self.expression.following(max(last, now), anchor=last))
        return self._ended(self.expression.following(max(last, now), zone=self.zone))

    def _ended(self, moment: float | None) -> float | None:
        return None if moment is None or (self.end is not None and moment > self.end) else moment


@dataclass(frozen=True)
class Firing:
    """What one firing does.

    Attributes:
        changes: What is kept, together with the next moment.
        then: Called when that is kept.
    """

    changes: Iterable[Change] = ()
    then: Callable[[], None] = lambda: None


#: Takes an ARN, the moment that was planned, and whether it is the last one. Called in a block of Backends.change.
Fire = Callable[[str, float, bool], Firing]


class Timetable:
    """The next moments of one service's rules or schedules.

    Args:
        owner: The service, by which its rows are known.
        now: The clock, in seconds since 1970.
    """

    def __init__(
        self, database: Database, backends: Backends, owner: str, fire: Fire, now: Callable[[], float] = time.time
    ) -> None:
        self._database, self._backends, self._owner, self._fire, self._now = database, backends, owner, fire, now
        self._plans: dict[str, tuple[Plan, float]] = {}
        self._moments: list[tuple[float, str]] = []
        self._changed = threading.Condition()
        database.declare(TABLE)

    def begin(self, plans: Mapping[str, Plan]) -> None:
        """Go on with the plans that there are, and start the thread."""
        asked = "SELECT arn, moment, mark FROM firing WHERE owner = ?"
        kept = {arn: (moment, mark) for arn, moment, mark in self._database.read(asked, (self._owner,))}
        for arn, (moment, mark) in kept.items():
            if arn not in plans or plans[arn].mark != mark:
                self._database.now(DROP, [(self._owner, arn)])
            else:
                self._note(arn, plans[arn], moment)
        for arn in plans.keys() - self._plans.keys():
            if arn not in kept or plans[arn].mark != kept[arn][1]:
                self.plan(arn, plans[arn])
        threading.Thread(target=self._work, name=f"timetable of {self._owner}", daemon=True).start()

    def plan(self, arn: str, plan: Plan | None) -> None:
        """Plan a rule or schedule anew. One that has the same plan as before keeps its moment.

        Args:
            plan: None if it does not fire any more.
        """
        with self._database.lock:
            known = self._plans.get(arn)
            if known and plan and known[0].mark == plan.mark:
                return
            moment = plan.first(self._now()) if plan else None
            if plan is None or moment is None:
                self._forget(arn)
                self._database.now(DROP, [(self._owner, arn)])
            else:
                self._database.now(PUT, [(self._owner, arn, moment, plan.mark)])
                self._note(arn, plan, moment)

    def _note(self, arn: str, plan: Plan, moment: float) -> None:
        with self._changed:
            self._plans[arn] = plan, moment
            heapq.heappush(self._moments, (moment, arn))
            self._changed.notify()

    def _forget(self, arn: str) -> None:
        with self._changed:
            self._plans.pop(arn, None)

    def _work(self) -> None:
        while True:
            moment, arn = self._next()
            try:
                self._fired(arn, moment)
            except Exception as error:  # noqa: BLE001 - it could not be kept: it fires at the next start
                log.failure(error)

    def _next(self) -> tuple[float, str]:
        with self._changed:
            while True:
                while self._moments:
                    moment, arn = self._moments[0]
                    known = self._plans.get(arn)
                    if known is None or known[1] != moment:  # it was planned anew
                        heapq.heappop(self._moments)
                        continue
                    if moment <= self._now():
                        heapq.heappop(self._moments)
                        return moment, arn
                    break
                seconds = self._moments[0][0] - self._now() if self._moments else None
                self._changed.wait(None if seconds is None else min(seconds, LONGEST_WAIT))

    def _fired(self, arn: str, moment: float) -> None:
        with self._database.lock:
            known = self._plans.get(arn)
            if known is None or known[1] != moment:
                return
            plan = known[0]
            following = plan.next(moment, self._now())
            with self._backends.change() as also:
                firing = self._fire(arn, moment, following is None)
                also += firing.changes
                if following is None:
                    also.append((DROP, [(self._owner, arn)]))
                else:
                    also.append((PUT, [(self._owner, arn, following, plan.mark)]))
            if following is None:
                self._forget(arn)
            else:
                self._note(arn, plan, following)
        firing.then()
