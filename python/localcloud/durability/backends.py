"""Keeps moto's backends in the database: what a request has changed is kept before the request is answered.

moto's backends are objects in memory, one for each service, account and region. moto changes them wherever it likes,
but it always finds them in a dictionary of backends. So the keeper notes which backends a thread has taken from there.
When the request ends, each of them is pickled, and what differs from its last pickle is written.

Three kinds of thread take backends:

- one that answers a request which changes something (:meth:`Backends.change`): kept before the answer;
- one that answers a request which only reads (:meth:`Backends.look`): nothing to keep;
- every other thread, such as that of a training job: kept within a second.

Example (not run: moto's backends are the whole process's)::

    backends = Backends(Database(Path("cloud.sqlite")), Pickling())
    backends.install()
    backends.restore()
    with backends.change():
        sqs_backends["123456789012"]["us-east-1"].create_queue("images", {})
"""

from __future__ import annotations

import contextlib
import json
import threading
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend

from localcloud import log
from localcloud.durability.database import Change, Database
from localcloud.durability.errors import NotKept, Unreadable
from localcloud.durability.pickling import Pickling, backend_of

TABLE = """CREATE TABLE IF NOT EXISTS part (
    name TEXT PRIMARY KEY, content BLOB NOT NULL, checksum INTEGER NOT NULL, holds TEXT NOT NULL)"""
WRITE = "INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?)"
#: How often a backend is pickled again because another thread has changed it meanwhile.
ATTEMPTS = 50
#: How long a change outside of a request waits at most, in seconds.
LATER_SECONDS = 1.0
#: The judge reads these for every request, and so does moto. Only their own operations change them.
JUDGES = frozenset({"iam", "sts"})

Where = tuple[str, str, str]  # service, account, region
State = dict[str, Any]


class Backends:
    """Keeps the backends of one process.

    Args:
        held: How many resources of each kind a service's backend has, for people.

    Attributes:
        changes: How often something has changed.
    """

    def __init__(
        self,
        database: Database,
        pickling: Pickling,
        held: Callable[[str, BaseBackend], dict[str, int]] = lambda service, backend: {},
    ) -> None:
        self._database, self._pickling, self._held = database, pickling, held
        self._states: dict[str, tuple[Callable[[Any], State], Callable[[Any, State], None]]] = {}
        self._before: list[Callable[[], None]] = []
        self._after: list[Callable[[str, str], None]] = []
        self._kept: dict[str, int] = {}
        self.changes = 0
        self._failed: set[str] = set()
        self._thread = threading.local()
        self._later: set[Where] = set()
        self._closed = threading.Event()
        database.declare(TABLE)

    def state_of(self, service: str, read: Callable[[Any], State], write: Callable[[Any, State], None]) -> None:
        """Say what is kept of a service's backends. By default it is all of their attributes.

        Args:
            read: Returns the state of a backend, which is pickled.
            write: Gives a new backend the state of an earlier one.
        """
        self._states[service] = read, write

    def before(self, keep: Callable[[], None]) -> None:
        """Call a function before changes are kept, so that a service can write in the same transaction."""
        self._before.append(keep)

    def after(self, tell: Callable[[str, str], None]) -> None:
        """Call a function when a backend has changed, with its service and account, before that is acknowledged."""
        self._after.append(tell)

    def install(self) -> None:
        """Note which backends are taken, and keep what other threads have changed, once a second."""
        take, find = AccountSpecificBackend.__getitem__, BackendDict.__getitem__
        thread = self._thread

        def taken(group: AccountSpecificBackend[Any], region: str) -> Any:
            backend = take(group, region)
            touched = getattr(thread, "touched", self._later)
            if touched is not None and (getattr(thread, "judges", False) or group.service_name not in JUDGES):
                touched.add((group.service_name, group.account_id, backend.region_name))
            return backend

        def of_account(groups: BackendDict[Any], account: str) -> AccountSpecificBackend[Any]:
            """moto takes a lock, and looks through all of its services, to find what is nearly always there."""
            found = groups.get(account)
            return found if found is not None else find(groups, account)

        AccountSpecificBackend.__getitem__ = taken
        BackendDict.__getitem__ = of_account
        threading.Thread(target=self._keep_later, name="durability", daemon=True).start()

    @contextlib.contextmanager
    def change(self, service: str | None = None) -> Iterator[list[Change]]:
        """Keep what the block changes, when it ends, and after an error too: it may have changed something before.

        Args:
            service: Whose operation the block carries out. None for what is not known.

        Returns:
            A list to which the block can add changes that are kept in the same transaction.
        """
        outer = getattr(self._thread, "touched", self._later), getattr(self._thread, "judges", False)
        self._thread.touched = touched = set[Where]()
        self._thread.judges = service is None or service in JUDGES
        also: list[Change] = []
        try:
            yield also
        finally:
            self._thread.touched, self._thread.judges = outer
            self.keep(touched, also)

    @contextlib.contextmanager
    def look(self) -> Iterator[None]:
        """A block that changes nothing."""
        outer = getattr(self._thread, "touched", self._later)
        self._thread.touched = None
        try:
            yield
        finally:
            self._thread.touched = outer

    def changing(self) -> bool:
        """Whether the thread is in a block of :meth:`change`."""
        return getattr(self._thread, "touched", None) is not None

    def keep(self, touched: set[Where], also: Iterable[Change] = ()) -> None:
        """Keep the backends that differ from what was kept last, and some other changes, in one transaction.

        Raises:
            sqlite3.Error: The database cannot be written.
            NotKept: A service's state cannot be written down.
        """
        with self._database.lock:  # what is noted as kept last is what was written last
            try:
                changed = self._write(touched, also)
            except BaseException:
                self.changes += 1
                self._later |= touched  # they have changed all the same
                raise
            self.changes += bool(changed)
            for name, content in changed:
                self._kept[name] = hash(content)
            with self.look():
                for service, account, _ in (name.split("/") for name, _ in changed):
                    for tell in self._after:
                        tell(service, account)

    def _write(self, touched: set[Where], also: Iterable[Change]) -> list[tuple[str, bytes]]:
        """Write in one transaction, and return the names and the pickles that were written."""
        with self._database.together(), self.look():
            written = map(self._written, sorted(touched))
            changed = [(name, content) for name, content in written if content is not None]
            for keep in self._before:  # only now: what cannot be written down must not undo what they write
                keep()
            for name, content in changed:
                service, account, region = name.split("/")
                holds = json.dumps(self._held(service, backend_of(service, account, region)))
                self._database.now(WRITE, [(name, content, zlib.crc32(content), holds)])
            for statement, rows in also:
                self._database.now(statement, rows)
        return changed

    def restore(self) -> None:
        """Give the backends the state that was kept.

        Raises:
            Unreadable: A pickle is damaged, or cannot be read by this version.
        """
        rows = self._database.read("SELECT name, content, checksum FROM part ORDER BY name")
        states = []
        with self.look():
            for name, content, checksum in rows:
                if zlib.crc32(content) != checksum:
                    raise Unreadable(f"its part {name} is damaged")
                try:
                    service, account, region = name.split("/")
                    states.append((service, backend_of(service, account, region), self._pickling.loads(content)))
                except Exception as error:
                    raise Unreadable(f"its part {name} cannot be read: {type(error).__name__}: {error}") from error
                self._kept[name] = hash(content)
            for service, backend, state in states:
                _, write = self._states.get(service, (vars, _overwrite))
                write(backend, state)

    def close(self) -> None:
        """Keep everything, for the last time."""
        self._closed.set()
        with self.look():
            every = {
                (group.service_name, account, region)
                for group in list(BackendDict._instances)
                for account, regions in list(group.items())
                for region in list(regions)
            }
        try:
            self.keep(every)
        except NotKept:
            self._keep_each(every)

    def _written(self, where: Where) -> tuple[str, bytes | None]:
        """A backend's name and its pickle; None if that was kept already, or if it cannot be pickled."""
        service, *_ = where
        name = "/".join(where)
        backend = backend_of(*where)
        read, _ = self._states.get(service, (vars, _overwrite))
        for attempt in range(ATTEMPTS):
            try:
                content = self._pickling.dumps(read(backend))
                break
            except RuntimeError:  # a dictionary has changed while it was read
                if attempt == ATTEMPTS - 1:
                    raise
            except Exception as error:  # pickle raises anything
                raise NotKept(f"{name}: {type(error).__name__}: {error}") from error
        return name, None if self._kept.get(name) == hash(content) else content

    def _keep_later(self) -> None:
        while not self._closed.wait(LATER_SECONDS):
            later = set(self._later)
            if not later:
                continue
            self._later -= later
            self._keep_each(later)  # what fails, the next second tries again

    def _keep_each(self, touched: set[Where]) -> None:
        """Keep the backends one by one, because one that cannot be kept must not hold up the others."""
        for where in sorted(touched):
            try:
                self.keep({where})
            except NotKept as error:
                if str(error) not in self._failed:
                    self._failed.add(str(error))
                    log.failure(error)
            except Exception as error:  # noqa: BLE001 - the thread must go on
                log.failure(error)


def _overwrite(backend: BaseBackend, state: State) -> None:
    for name, value in state.items():
        if isinstance(value, defaultdict) and value.default_factory is None:  # it could not be written
            value.default_factory = getattr(backend.__dict__.get(name), "default_factory", None)
    backend.__dict__.clear()
    backend.__dict__.update(state)
