"""Class names as a user writes them."""

import pytest

from scones.dataset import labels
from scones.dataset.labels import parse
from scones.errors import DatasetError


def test_keeps_the_order_written_and_forgives_spaces():
    assert parse(" tank, bus,train ,") == ("tank", "bus", "train")


@pytest.mark.parametrize(("written", "message"), [("bus", r"not 1 \(bus\)"), (",", "not 0"), ("bus,tank,bus", "'bus'")])
def test_refuses_fewer_than_two_and_the_same_twice(written, message):
    with pytest.raises(DatasetError, match=message):
        parse(written)


@pytest.mark.parametrize(
    ("classes", "known", "hint"),
    [
        (["cros", "round"], ["cross", "round", "square"], "--classes cross,round"),
        (["bicycle", "motorcycle"], ["cross", "round one", "square"], "--classes 'cross,round one,square'"),
    ],
)
def test_the_hint_for_an_unknown_class_can_be_copied(classes, known, hint):
    with pytest.raises(DatasetError) as refused:
        labels.check_known(classes, known, "photos")
    assert refused.value.hint.splitlines()[-1] == f"for instance: {hint}"
