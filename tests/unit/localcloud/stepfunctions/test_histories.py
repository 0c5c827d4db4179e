"""Histories are read once, and what is new in them is read anew."""

import json

from localcloud.durability.database import Database
from localcloud.stepfunctions.histories import KEPT, Histories
from localcloud.stepfunctions.records import TABLES

PLACES = (100, 199)


class Counting(Database):
    """A database that counts the moves it gives."""

    given = 0

    def read(self, statement, values=(), *, gathered=False):
        found = super().read(statement, values, gathered=gathered)
        self.given += len(found)
        return found


def opened():
    database = Counting()
    for statement in TABLES:
        database.declare(statement)
    return database


def move(database, place, *ids):
    content = json.dumps({"events": [{"id": one} for one in ids]})
    database.now("INSERT OR REPLACE INTO move VALUES (?, ?)", [(place, content)])


def ids(events):
    return [one["id"] for one in events]


def test_only_what_is_new_is_read_again():
    database = opened()
    histories = Histories(database)
    for place in range(100, 150):
        move(database, place, 2 * place, 2 * place + 1)
    assert ids(histories.of(1, PLACES, 148)) == list(range(200, 300))
    database.given = 0
    move(database, 150, 300)
    assert ids(histories.of(1, PLACES, 150)) == list(range(200, 301))
    assert database.given == 2, "the last move, which might have been replaced, and the new one"
    assert ids(histories.of(1, PLACES, 150)) == list(range(200, 301))
    assert database.given == 2, "all are counted, so nothing is read again"
    database.close()


def test_a_move_that_was_not_counted_is_replaced():
    database = opened()
    histories = Histories(database)
    move(database, 100, 1)
    move(database, 101, 2)
    assert ids(histories.of(1, PLACES, 100)) == [1, 2]
    move(database, 101, 2, 3)
    assert ids(histories.of(1, PLACES, 100)) == [1, 2, 3]
    database.close()


def test_who_gets_a_history_may_change_it_and_few_stay_in_memory():
    database = opened()
    histories = Histories(database)
    move(database, 100, 1)
    move(database, 101, 2)
    histories.of(1, PLACES, 101).clear()
    assert ids(histories.of(1, PLACES, 101)) == [1, 2]
    for number in range(2, 2 + KEPT):
        histories.of(number, (1000 * number, 1000 * number + 1), 0)
    database.given = 0
    assert ids(histories.of(1, PLACES, 101)) == [1, 2]
    assert database.given == 2, "it was forgotten and is read from the begin"
    database.close()
