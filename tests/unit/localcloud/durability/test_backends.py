"""Who wants to know of a change of a service's backend is told once, and not of what only reads."""

from __future__ import annotations

from moto.sqs.models import sqs_backends

from localcloud.durability.backends import Backends
from localcloud.durability.database import Database
from localcloud.durability.pickling import Pickling

ACCOUNT, REGION = "123456789012", "us-east-1"


def test_a_change_is_told_before_it_is_acknowledged():
    database, told = Database(), []
    backends = Backends(database, Pickling())
    backends.after(lambda service, account: told.append((service, account)))
    where = {("sqs", ACCOUNT, REGION)}
    sqs_backends[ACCOUNT][REGION].create_queue("first", {})
    backends.keep(where)
    assert told == [("sqs", ACCOUNT)]
    backends.keep(where)
    assert told == [("sqs", ACCOUNT)]
    sqs_backends[ACCOUNT][REGION].create_queue("second", {})
    backends.keep(where)
    assert told == [("sqs", ACCOUNT)] * 2
    sqs_backends.clear()
    database.close()
