"""Log events are there after a restart, in order, and go when their stream or their time does."""

from __future__ import annotations

import random

import pytest

from localcloud.durability.database import Database
from localcloud.logs.store import CHUNK, LogStore

GROUP = ("123456789012", "us-east-1", "/tests")
OTHER = ("123456789012", "eu-west-1", "/tests")


@pytest.fixture
def database():
    made = Database()
    yield made
    made.close()


@pytest.fixture
def store(database):
    return LogStore(database)


def put(store, *times, stream="one", group=GROUP):
    return store.put(group, stream, [{"timestamp": time, "message": f"at {time}"} for time in times], 7)


def times(store, *streams, group=GROUP, **given):
    return [event.timestamp for event in store.read(group, streams or None, **given)]


def test_events_are_there_after_a_restart(tmp_path):
    database = Database(tmp_path / "cloud.sqlite")
    store = LogStore(database)
    put(store, 30, 10)
    put(store, 20, stream="two")
    put(store, 20, group=OTHER)
    before = list(store.read(GROUP))
    facts = store.facts(GROUP, "one")
    database.close()
    database = Database(tmp_path / "cloud.sqlite")
    again = LogStore(database)
    assert list(again.read(GROUP)) == before
    assert [(event.timestamp, event.message, event.stream) for event in before] == [
        (10, "at 10", "one"),
        (20, "at 20", "two"),
        (30, "at 30", "one"),
    ]
    assert again.facts(GROUP, "one") == facts
    assert (facts.first, facts.last, facts.bytes, facts.ingested, facts.writes) == (10, 30, 10, 7, 1)
    put(again, 25, stream="two")
    put(again, 5, stream="three")
    assert times(again) == [5, 10, 20, 25, 30]
    database.close()


def test_spans_and_streams_and_directions_are_those_of_a_sorted_list(store):
    chance = random.Random(3)
    known = []
    for _ in range(3 * CHUNK):
        time, stream = chance.randrange(500), chance.choice("abc")
        (number,) = put(store, time, stream=stream)
        known.append((time, number, stream))
    known.sort()
    for streams in (None, ["a"], ["a", "c"], ["none"]):
        for newest in (False, True):
            after, before = (100, known[700][1]), (400, 0)
            found = store.read(GROUP, streams, after=after, before=before, newest=newest)
            wanted = [one for one in known if after < one[:2] < before and one[2] in (streams or "abc")]
            assert [(*event.place, event.stream) for event in found] == (wanted[::-1] if newest else wanted)


def test_a_deleted_stream_takes_its_events_along(store, database):
    put(store, 1, 2)
    put(store, 3, stream="two")
    store.forget(GROUP, "one")
    assert times(store) == [3]
    put(store, 4)
    assert times(store, "one") == [4]
    assert store.facts(GROUP, "one").first == 4
    store.clean({})
    assert database.read("SELECT time FROM log_event ORDER BY time") == [(3,), (4,)]
    store.forget(GROUP)
    assert times(store) == []
    store.clean({})
    for table in ("log_event", "log_stream", "log_group", "log_gone"):
        assert database.read(f"SELECT count(*) FROM {table}") == [(0,)], table


def test_a_stream_that_is_made_anew_is_empty(store):
    put(store, 1)
    store.begin(GROUP, "one")
    assert times(store) == []
    assert store.facts(GROUP, "one").first is None


def test_events_older_than_the_retention_are_deleted(store, database):
    put(store, *range(CHUNK + 10), stream="old")
    put(store, 3 * CHUNK, stream="old")
    put(store, 5, group=OTHER)
    store.clean({GROUP: CHUNK + 20})
    assert times(store) == [3 * CHUNK]
    assert times(store, group=OTHER) == [5]
    facts = store.facts(GROUP, "old")
    assert (facts.first, facts.last, facts.bytes) == (3 * CHUNK, 3 * CHUNK, len(f"at {3 * CHUNK}"))
    assert LogStore(database).facts(GROUP, "old") == facts


@pytest.mark.parametrize("column", ["stream", '"group"'])
def test_events_are_found_by_an_index(store, database, column):
    queries = []
    read = database.read
    database.read = lambda query, values=(), **how: queries.append((query, values)) or read(query, values, **how)
    put(store, 1)
    times(store, *(["one"] if column == "stream" else []))
    (found,) = ((query, values) for query, values in queries if f"WHERE {column} = ?" in query)
    plan = " ".join(row[3] for row in read(f"EXPLAIN QUERY PLAN {found[0]}", found[1]))
    assert "USING INDEX log_event_" in plan
    assert "TEMP B-TREE" not in plan
