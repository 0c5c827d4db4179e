"""What is kept of S3: buckets as a part of the cloud, each key's versions as a row, and contents as files."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, s3_backends
from moto.s3.utils import _VersionedKeyStore

from localcloud.context import Context
from localcloud.durability.errors import Unreadable
from localcloud.s3.bodies import Bodies, Content

TABLE = """CREATE TABLE IF NOT EXISTS object (
    bucket TEXT, key TEXT, versions BLOB NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID"""


def install(context: Context) -> None:
    """Keep contents in files, and keys in the database."""
    bodies = Bodies(context.place("objects"))
    objects = Objects(context, bodies)
    _use(bodies)
    context.pickling.fix("bodies", bodies)
    context.pickling.write_as(FakeKey, _reduced_key)
    context.pickling.write_as(KeyStore, lambda store: (_store_of, (objects, store.bucket)))
    context.pickling.fix("objects", objects)
    context.backends.before(objects.keep)
    context.starting.append(objects.sweep)
    context.backends.state_of("s3", vars, objects.restore)
    made = FakeBucket.__init__

    def made_to_be_kept(self: FakeBucket, name: str, *args: Any, **kwargs: Any) -> None:
        made(self, name, *args, **kwargs)
        self.keys = objects.store(name)

    FakeBucket.__init__ = made_to_be_kept


class _Unanswered(threading.local):
    """The keys that a thread's request has taken so far. Another request's end does not forget them."""

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], KeyStore] = {}


class Objects:
    """Writes the keys that have changed, and reads all keys at the start."""

    def __init__(self, context: Context, bodies: Bodies) -> None:
        self._database, self._pickling, self._bodies = context.database, context.pickling, bodies
        self._changing = context.backends.changing
        self._changed: dict[tuple[str, str], KeyStore] = {}
        self._unanswered = _Unanswered()
        self._kept: dict[tuple[str, str], int] = {}
        self._contents: set[str] = set()
        self._lock = threading.Lock()
        context.database.declare(TABLE)

    def store(self, bucket: str) -> KeyStore:
        """A store for the keys of a bucket."""
        return KeyStore(bucket, self._note, self._changing)

    def _note(self, store: KeyStore, key: str) -> None:
        with self._lock:
            self._changed[store.bucket, key] = store
        if self._changing():
            self._unanswered.keys[store.bucket, key] = store

    def keep(self) -> None:
        """Write the versions of the keys that have changed.

        A request may change a key further after another request's end has written it: moto sets an object's metadata
        when the object is there. So the end of each request writes its own keys once more, if they differ.
        """
        with self._lock:
            changed, self._changed = self._changed | self._unanswered.keys, {}
        self._unanswered.keys.clear()
        try:
            self._write(changed)
        except BaseException:
            with self._lock:
                self._changed = changed | self._changed
            raise
        self._bodies.delete_released()

    def _write(self, changed: dict[tuple[str, str], KeyStore]) -> None:
        rows: list[tuple[str, str, bytes]] = []
        gone: list[tuple[str, str]] = []
        for (bucket, key), store in changed.items():
            versions = dict.get(store, key)
            if versions is None:
                if self._kept.pop((bucket, key), None) is not None:
                    gone.append((bucket, key))
                continue
            content = self._pickling.dumps(versions)
            if self._kept.get((bucket, key)) != hash(content):
                self._kept[bucket, key] = hash(content)
                rows.append((bucket, key, content))
        if rows:
            self._database.now("INSERT OR REPLACE INTO object VALUES (?, ?, ?)", rows)
        if gone:
            self._database.now("DELETE FROM object WHERE bucket = ? AND key = ?", gone)

    def restore(self, backend: Any, state: dict[str, Any]) -> None:
        """Give a backend its buckets, with their keys."""
        backend.__dict__.clear()
        backend.__dict__.update(state)
        kept = self._contents
        for bucket in backend.buckets.values():
            s3_backends.bucket_accounts[bucket.name] = (backend.partition, backend.account_id)
            for part in (one for upload in bucket.multiparts.values() for one in upload.parts.values()):
                kept.add(self._checked(bucket.name, f"the upload of {part.name}", part))
        for name, key, content in self._database.read("SELECT bucket, key, versions FROM object"):
            bucket = backend.buckets.get(name)
            if bucket is None:
                continue
            try:
                versions = self._pickling.loads(content)
            except Exception as error:
                raise Unreadable(f"s3://{name}/{key} cannot be read: {type(error).__name__}: {error}") from error
            dict.__setitem__(bucket.keys, key, versions)
            self._kept[name, key] = hash(content)
            for version in versions:
                if not isinstance(version, FakeDeleteMarker):
                    kept.add(self._checked(name, key, version))

    def sweep(self) -> None:
        """Delete the contents that no object of any account has: those of requests that were never answered."""
        self._bodies.sweep(self._contents)
        self._contents.clear()

    def _checked(self, bucket: str, key: str, version: FakeKey) -> str:
        body: Content = version._value_buffer
        path = self._bodies.path(body.name)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size == body.size:
                return body.name
        raise Unreadable(f"the content of s3://{bucket}/{key} is missing or not whole: {path}")


class KeyStore(_VersionedKeyStore):
    """The keys of a bucket. It notes the keys that change, and those that a request takes which changes something.

    Such a request may give the object another attribute: an ACL, a lock, a date.
    """

    def __init__(self, bucket: str, note: Callable[[KeyStore, str], None], changing: Callable[[], bool]) -> None:
        super().__init__()
        self.bucket, self._note, self._changing = bucket, note, changing

    def __getitem__(self, key: str) -> Any:
        found = super().__getitem__(key)
        if self._changing():
            self._note(self, key)
        return found

    def getlist(self, key: str, default: Any = None) -> Any:
        if self._changing():
            self._note(self, key)
        return super().getlist(key, default)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._note(self, key)

    def setlist(self, key: str, list_: Any) -> None:
        super().setlist(key, list_)
        self._note(self, key)

    def pop(self, key: str) -> None:
        super().pop(key)
        self._note(self, key)


def _use(bodies: Bodies) -> None:
    """Let objects have their contents in files."""

    def write(self: FakeKey, content: bytes | str) -> None:
        earlier = self._value_buffer
        whole = content.encode() if isinstance(content, str) else bytes(content)
        self._value_buffer = bodies.put(whole)
        self.contentsize = len(whole)
        earlier.close()

    def read(self: FakeKey) -> bytes:
        return self._value_buffer.read()

    def etag(self: FakeKey) -> str:
        return f'"{self._etag or self._value_buffer.digest}"'

    def forget(self: FakeKey) -> None:
        """A key that Python has no more is not an object that was deleted."""

    def nothing(self: FakeDeleteMarker) -> None:
        """moto asks every version of a key to go, and a delete marker has no content."""

    FakeDeleteMarker.dispose = nothing
    FakeKey.value = property(read, write)
    FakeKey.etag = property(etag)
    FakeKey.__del__ = forget


def _reduced_key(key: FakeKey) -> Any:
    state = {name: value for name, value in vars(key).items() if name != "lock"}
    return _made, (FakeKey,), state, None, None, _filled


def _made(kind: type) -> Any:
    return object.__new__(kind)


def _filled(key: FakeKey, state: dict[str, Any]) -> None:
    key.__dict__.update(state)
    key.lock = threading.Lock()


def _store_of(objects: Objects, bucket: str) -> KeyStore:
    """What a pickle says in place of a bucket's keys."""
    return objects.store(bucket)
