"""The events of executions, as they are kept.

Who reads a long history asks page by page, and who follows an execution asks again and again. So what was read of the
last executions stays in memory, and only the moves that are new are read.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from localcloud.durability.database import Database
from localcloud.stepfunctions.language.scope import Json

KEPT = 8  # executions
LARGEST = 32 << 20  # characters of JSON; longer histories are read each time


@dataclass
class _ReadHistory:
    """What was read of a history.

    Attributes:
        place: The place of the last move whose events are here.
        events: The events up to there.
        size: How many characters of JSON they were.
    """

    place: int
    events: list[dict[str, Json]] = field(default_factory=list)
    size: int = 0


class Histories:
    """The events of all executions. Threads may use it at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[int, _ReadHistory] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, number: int, places: tuple[int, int], settled: int) -> Sequence[dict[str, Json]]:
        """The events of an execution, in their order.

        Args:
            number: The execution's.
            places: The first and the last place that its moves may have.
            settled: The last place whose move is counted. A move that is not counted yet may be replaced.
        """
        with self._lock:
            known = self._known.pop(number, None) or _ReadHistory(places[0] - 1)
            query = "SELECT place, content FROM move WHERE place > ? AND place <= ? ORDER BY place"
            rows = self._database.read(query, (known.place, places[1]))
            last: list[dict[str, Json]] = []
            for place, content in rows:
                events = json.loads(content)["events"]
                if place > settled:
                    last += events
                else:
                    known.events += events
                    known.place, known.size = place, known.size + len(content)
            if known.size <= LARGEST:
                self._known[number] = known
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
            return [*known.events, *last]
