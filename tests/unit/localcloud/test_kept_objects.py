"""Objects of every account are there after a restart, and contents that belong to none are deleted."""

from __future__ import annotations

import gc
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.durability.backends import Backends
from localcloud.durability.database import Database
from localcloud.durability.pickling import Pickling
from localcloud.s3 import kept

OWNERS = ("123456789012", "210987654321")


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Starts a cloud that has S3 only: its context, after what was kept is there again."""
    from moto.core.base_backend import AccountSpecificBackend
    from moto.s3.models import FakeBucket, FakeKey, s3_backends

    for kind, name in (
        (AccountSpecificBackend, "__getitem__"),
        (FakeBucket, "__init__"),
        (FakeKey, "value"),
        (FakeKey, "etag"),
        (FakeKey, "__del__"),
    ):
        monkeypatch.setattr(kind, name, getattr(kind, name))  # put back afterwards
    database = Database(tmp_path / "cloud.sqlite")

    def start() -> Any:
        s3_backends.clear()
        s3_backends.bucket_accounts.clear()
        pickling = Pickling()
        backends = Backends(database, pickling)
        context = SimpleNamespace(
            place=tmp_path.joinpath,
            database=database,
            pickling=pickling,
            backends=backends,
            starting=[],
            s3=s3_backends,
        )
        backends.install()
        kept.install(context)
        backends.restore()
        for begin in context.starting:
            begin()
        return context

    yield start
    s3_backends.clear()
    s3_backends.bucket_accounts.clear()
    gc.collect()  # now, while keys have nothing of their own to delete


def test_no_account_loses_its_contents_and_those_of_nobody_are_deleted(started, tmp_path):
    context = started()
    for owner in OWNERS:
        with context.backends.change():
            backend = context.s3[owner]["aws"]
            backend.create_bucket(f"of-{owner}", "us-east-1")
            backend.put_object(f"of-{owner}", "key", owner.encode())
    orphan = tmp_path / "objects" / "00" / "0000"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"of a request that was never answered")
    context = started()
    for owner in OWNERS:
        assert context.s3[owner]["aws"].get_object(f"of-{owner}", "key").value == owner.encode()
    assert not orphan.exists()


def test_what_a_request_changes_after_another_ones_end_is_kept_too(started):
    context = started()
    with context.backends.change():
        backend = context.s3[OWNERS[0]]["aws"]
        backend.create_bucket("busy", "us-east-1")
        found = backend.put_object("busy", "key", b"body")
        other = Thread(target=context.backends.keep, args=(set(),))
        other.start()
        other.join()
        found.set_metadata({"who": "me"})
    context = started()
    assert context.s3[OWNERS[0]]["aws"].get_object("busy", "key").metadata["who"] == "me"
