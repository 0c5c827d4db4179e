"""Class names as a user writes them."""

import pytest

from scones.dataset.labels import parse
from scones.errors import DatasetError


def test_keeps_the_order_written_and_forgives_spaces():
    assert parse(" tank, bus,train ,") == ("tank", "bus", "train")


@pytest.mark.parametrize(("written", "message"), [("bus", r"not 1 \(bus\)"), (",", "not 0"), ("bus,tank,bus", "'bus'")])
def test_refuses_fewer_than_two_and_the_same_twice(written, message):
    with pytest.raises(DatasetError, match=message):
        parse(written)
