"""Changes are kept whole or not at all, also when the process is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from localcloud.durability.database import Database

TABLE = "CREATE TABLE IF NOT EXISTS line (number INTEGER PRIMARY KEY, text TEXT NOT NULL)"
INSERT = "INSERT INTO line VALUES (?, ?)"


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "cloud.sqlite")
    made.declare(TABLE)
    yield made
    made.close()


def lines(database):
    return [number for (number,) in database.read("SELECT number FROM line ORDER BY number")]


def test_a_block_is_kept_whole_or_not_at_all(database):
    with database.together():
        database.now(INSERT, [(1, "a")])
        database.now(INSERT, [(2, "b")])
    with pytest.raises(sqlite3.IntegrityError), database.together():
        database.now(INSERT, [(3, "c"), (1, "again")])
    assert lines(database) == [1, 2]


def test_a_change_that_cannot_be_kept_is_an_error_and_leaves_nothing(database):
    with pytest.raises(sqlite3.IntegrityError):
        database.now(INSERT, [(1, "a"), (1, "again")])
    assert lines(database) == []
    database.now(INSERT, [(1, "a")])
    assert lines(database) == [1]


def test_a_store_is_asked_for_its_changes_by_whoever_must_see_them(database):
    added = [(1, "a"), (2, "b")]

    def changes():
        rows, added[:] = list(added), []
        return [(INSERT, rows)] if rows else []

    database.gather(changes)
    database.now(INSERT, [(3, "c")])
    assert lines(database) == [3], "it may gather more"
    query = "SELECT number FROM line ORDER BY number"
    assert database.read(query, gathered=True) == [(1,), (2,), (3,)]
    added.append((4, "d"))
    database.flush()
    assert lines(database) == [1, 2, 3, 4]


def test_what_finds_no_space_is_kept_when_there_is_some(database):
    database.read("PRAGMA max_page_count = 3")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        database.now(INSERT, [(1, "a" * 100_000)])
    assert lines(database) == [], "what is there can be read meanwhile"
    database._connection.execute("PRAGMA max_page_count = 1000")
    database.flush()
    assert lines(database) == [1]


def test_what_was_kept_is_there_after_a_kill_and_what_waits_comes_with_it(tmp_path):
    code = f"""
import os, pathlib, sys
from localcloud.durability.database import Database
database = Database(pathlib.Path(sys.argv[1]))
database.declare({TABLE!r})
database.soon({INSERT!r}, [(1, "soon")])
database.now({INSERT!r}, [(2, "now")])
os.kill(os.getpid(), {signal.SIGKILL.value})
"""
    path = tmp_path / "cloud.sqlite"
    ended = subprocess.run([sys.executable, "-c", code, str(path)], env={**os.environ}, check=False)
    assert ended.returncode == -signal.SIGKILL
    again = Database(path)
    assert lines(again) == [1, 2]
    again.close()
