"""What is written down can be read back, and nothing else can be loaded."""

from __future__ import annotations

import pickle
import threading
import weakref

import moto
import pytest

from localcloud.durability import facts
from localcloud.durability.backends import Backends
from localcloud.durability.database import Database
from localcloud.durability.errors import NotKept, Unreadable
from localcloud.durability.pickling import Pickling


def test_the_format_is_that_of_this_version_of_moto():
    """What is kept are moto's objects. With another version of moto, raise the format: older ones are then refused."""
    assert (facts.FORMAT, moto.__version__) == (1, "5.2.5")


class Node:
    """An object with everything that moto's have."""

    def __init__(self) -> None:
        self.lock, self.reentrant, self.condition = threading.Lock(), threading.RLock(), threading.Condition()
        self.methods = {"name": self.name}
        self.all = weakref.WeakValueDictionary({"self": self})

    def name(self) -> str:
        return type(self).__name__


Node.__module__ = "moto.tests"  # as if it were moto's


def test_locks_methods_and_weak_references_are_made_anew(monkeypatch):
    import sys
    from types import ModuleType

    module = ModuleType("moto.tests")
    module.Node = Node
    monkeypatch.setitem(sys.modules, "moto.tests", module)
    pickling = Pickling()
    found = pickling.loads(pickling.dumps(Node()))
    assert found.methods["name"]() == "Node"
    assert found.methods["name"].__self__ is found
    assert found.all["self"] is found
    with found.lock, found.reentrant, found.condition:
        pass


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "builtins.getattr", "shutil.rmtree"])
def test_nothing_that_acts_is_loaded_or_written(name):
    module, _, function = name.rpartition(".")
    found = getattr(__import__(module), function)
    pickling = Pickling()
    with pytest.raises(pickle.UnpicklingError, match="is nothing that a local cloud keeps"):
        pickling.loads(pickle.dumps(found))
    with pytest.raises(pickle.PicklingError, match="could not be loaded"):
        pickling.dumps({"a": found})


def test_what_has_a_name_is_the_one_of_this_process():
    pickling, again = Pickling(), Pickling()
    first, second = Database(), Database()
    pickling.fix("database", first)
    again.fix("database", second)
    assert again.loads(pickling.dumps([first])) == [second]


@pytest.fixture
def queues(monkeypatch):
    """moto's queues, which are empty."""
    from moto.core.base_backend import AccountSpecificBackend
    from moto.sqs.models import sqs_backends

    monkeypatch.setattr(AccountSpecificBackend, "__getitem__", AccountSpecificBackend.__getitem__)  # put back later
    sqs_backends.clear()
    yield sqs_backends
    sqs_backends.clear()


HERE = ("123456789012", "us-east-1")


@pytest.fixture
def keeper(queues):
    """Makes what keeps the backends in a database, as a cloud does when it starts."""
    made = []

    def make(database):
        backends = Backends(database, Pickling())
        backends.install()
        made.append(backends)
        return backends

    yield make
    for backends in made:
        backends.close()  # its thread would touch the backends of the next test


def names(queues):
    return list(queues[HERE[0]][HERE[1]].queues)


def test_a_change_is_kept_at_the_end_of_its_block_also_after_an_error(queues, keeper):
    database = Database()
    backends = keeper(database)
    with pytest.raises(AttributeError), backends.change():
        queues[HERE[0]][HERE[1]].create_queue("first", {}).no_such_attribute  # noqa: B018
    queues.clear()
    keeper(database).restore()
    assert names(queues) == ["first"]


def test_a_block_that_looks_keeps_nothing(queues, keeper):
    database = Database()
    with keeper(database).look():
        queues[HERE[0]][HERE[1]].create_queue("first", {})
    assert database.read("SELECT name FROM part") == []


def test_a_damaged_part_is_named_and_none_is_loaded(queues, keeper):
    database = Database()
    with keeper(database).change():
        queues[HERE[0]][HERE[1]].create_queue("first", {})
        queues[HERE[0]]["eu-west-1"].create_queue("second", {})
    database.now("UPDATE part SET content = ? WHERE name LIKE '%eu-west-1'", [(b"\x80\x05K\x01.",)])
    queues.clear()
    with pytest.raises(Unreadable, match="sqs/123456789012/eu-west-1 is damaged"):
        keeper(database).restore()
    assert names(queues) == []


def test_a_change_that_cannot_be_written_down_is_refused_and_holds_up_no_other(queues, keeper):
    database = Database()
    backends = keeper(database)

    def change():
        with backends.change():
            queues[HERE[0]][HERE[1]].odd = lambda: None
            queues[HERE[0]]["eu-west-1"].create_queue("second", {})

    with pytest.raises(NotKept, match="sqs/123456789012/us-east-1"):
        change()
    backends.close()
    queues.clear()
    keeper(database).restore()
    assert list(queues[HERE[0]]["eu-west-1"].queues) == ["second"]


def test_a_change_back_is_kept_though_two_requests_ended_at_once(queues, keeper):
    database = Database()
    backends = keeper(database)

    def create(name):
        with backends.change():
            queues[HERE[0]][HERE[1]].create_queue(name, {})

    class Noted(dict[str, int]):
        """Another request ends while it is noted what the first one has written."""

        def __setitem__(self, name: str, content: int) -> None:
            if not self:
                super().__setitem__(name, 0)
                second.start()
                second.join(1.0)
            super().__setitem__(name, content)

    second = threading.Thread(target=create, args=("second",))
    backends._kept = Noted()
    create("first")
    second.join()
    with backends.change():
        queues[HERE[0]][HERE[1]].delete_queue("second")
    queues.clear()
    keeper(database).restore()
    assert names(queues) == ["first"]


def test_dictionaries_with_defaults_of_their_own_are_kept(queues, keeper):
    from moto.lakeformation.models import lakeformation_backends
    from moto.ssm.models import ssm_backends

    database = Database()
    account, region = HERE
    with keeper(database).change():
        parameters = ssm_backends[account][region]
        parameters.put_parameter("/a", "", "1", "String", "", "", False, [], "text", "Standard", "")
        parameters.add_tags_to_resource("Parameter", "/a", {"who": "me"})
        lakeformation_backends[account][region].settings[account]["DataLakeAdmins"] = ["me"]
    ssm_backends.clear()
    lakeformation_backends.clear()
    with keeper(database).look():
        keeper(database).restore()
        parameters = ssm_backends[account][region]
        assert parameters.get_parameter("/a").value == "1"
        assert parameters.list_tags_for_resource("Parameter", "/a") == {"who": "me"}
        assert parameters._resource_tags["Document"]["other"] == {}
        settings = lakeformation_backends[account][region].settings
        assert settings[account]["DataLakeAdmins"] == ["me"]
        assert settings["210987654321"]["DataLakeAdmins"] == []
    ssm_backends.clear()
    lakeformation_backends.clear()
