"""Where Step Functions keeps what it knows, of one account in one region each.

State machines and activities are in memory, and in the database as one row for each account and region. Executions and
Map Runs are many, so they are in the database (:mod:`localcloud.stepfunctions.records`).

Example::

    >>> stores = Stores(Database())
    >>> stores.of("123456789012", "us-east-1") is stores.at("arn:aws:states:us-east-1:123456789012:stateMachine:images")
    True
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field

from localcloud.durability.database import Database
from localcloud.stepfunctions.models import Activity, StateMachine, machine_from
from localcloud.stepfunctions.records import MapRunRecords, Records

TABLE = """CREATE TABLE IF NOT EXISTS states (account TEXT, region TEXT, content TEXT NOT NULL,
    PRIMARY KEY (account, region))"""


@dataclass
class Store:
    """Everything of one account in one region, by ARN. ``lock`` guards a change that depends on what is there."""

    executions: Records
    map_runs: MapRunRecords
    machines: dict[str, StateMachine] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)


class Stores:
    """The stores of all accounts and regions.

    Attributes:
        executions: The executions of all of them.
        map_runs: The Map Runs of all of them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        database.declare(TABLE)
        self.executions, self.map_runs = Records(database), MapRunRecords(database)
        self._lock = threading.Lock()
        self._stores: dict[tuple[str, str], Store] = {}
        for account, region, content in database.read("SELECT account, region, content FROM states"):
            self._stores[account, region] = self._read(json.loads(content))

    def of(self, account: str, region: str) -> Store:
        """The store of an account in a region."""
        with self._lock:
            return self._stores.setdefault((account, region), Store(self.executions, self.map_runs))

    def at(self, arn: str) -> Store:
        """The store that has, or would have, the resource with an ARN."""
        region, account = arn.split(":")[3:5]
        return self.of(account, region)

    def tags_of(self, account: str, region: str, arn: str) -> dict[str, str]:
        """The tags of a state machine, of whatever version or alias, or of an activity; none if it is not there."""
        store = self.of(account, region)
        found = store.machines.get(":".join(arn.split(":")[:7])) or store.activities.get(arn)
        return dict(found.tags) if found else {}

    def keep(self, account: str, region: str) -> None:
        """Keep the state machines and activities of an account in a region."""
        store = self.of(account, region)
        with store.lock:
            machines = [asdict(machine) for machine in store.machines.values()]
            content = json.dumps({"machines": machines, "activities": [vars(one) for one in store.activities.values()]})
            self._database.now("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", [(account, region, content)])

    def _read(self, content: dict[str, list[dict[str, object]]]) -> Store:
        machines = map(machine_from, content["machines"])
        activities = (Activity(**one) for one in content["activities"])  # type: ignore[arg-type]
        return Store(
            self.executions,
            self.map_runs,
            {machine.arn: machine for machine in machines},
            {activity.arn: activity for activity in activities},
        )
