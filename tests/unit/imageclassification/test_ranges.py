"""The hyperparameters and ranges that a tuning job may search, as a user types them."""

from __future__ import annotations

import pytest

from imageclassification import ranges
from imageclassification.errors import HyperparameterError, UserError
from imageclassification.hyperparameters import allowed
from scones.training.recipe import SMALL_IMAGES as RECIPE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("learning_rate=0.01:0.3:log", ranges.Range("learning_rate", 0.01, 0.3, scaling="Logarithmic")),
        ("learning_rate = 1e-3 : 1e-1", ranges.Range("learning_rate", 0.001, 0.1)),
        ("mini_batch_size=8:64:Linear", ranges.Range("mini_batch_size", 8, 64, whole=True, scaling="Linear")),
        ("momentum=0.8:0.99:reverse-log", ranges.Range("momentum", 0.8, 0.99, scaling="ReverseLogarithmic")),
    ],
)
def test_a_range_is_read_as_it_is_typed(text: str, found: ranges.Range) -> None:
    assert ranges.read_range(text) == found


def test_a_choice_is_read_as_it_is_typed() -> None:
    assert ranges.read_choice("optimizer=sgd, nag") == ranges.Choice("optimizer", ("sgd", "nag"))


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("learning_rate", UserError, "is not NAME=LEAST:MOST"),
        ("learning_rate=0.1", UserError, "is not NAME=LEAST:MOST"),
        ("learning_rate=0.01:0.3:logg", UserError, "no scaling 'logg'(.|\n)*did you mean log"),
        ("learning_rate=low:high", UserError, "must be numbers"),
        ("mini_batch_size=8:64.5", UserError, "must be whole numbers"),
        ("learning_rate=0.3:0.01", HyperparameterError, "from 0.3 to 0.01 is no range"),
        ("learning_rate=nan:0.01", HyperparameterError, "is no range"),
        ("learning_rate=0.1:0.9", HyperparameterError, "beyond the algorithm's limits: learning_rate 1e-06 to 0.5"),
        ("weight_decay=0:0.1:log", HyperparameterError, "needs values above 0"),
        ("mini_batch_size=8:64:reverse-log", HyperparameterError, "needs fractions from 0"),
        ("eps=1e-8:1:reverse-log", HyperparameterError, "needs fractions from 0 to below 1"),
        ("optimizer=0:1", UserError, "optimizer is no number(.|\n)*--choice optimizer=sgd,adam"),
        ("learning_rat=0.1:0.2", HyperparameterError, "did you mean learning_rate"),
        ("epochs=10:20", HyperparameterError, "does not let epochs be searched(.|\n)*--set epochs="),
    ],
)
def test_refuses_a_range_by_saying_what_is_wrong(text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ranges.read_range(text)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("optimizer", UserError, "is not NAME=VALUE,VALUE"),
        ("optimizer=sgd,lion", HyperparameterError, "optimizer cannot be 'lion'; it is one of sgd, adam"),
        ("optimizer=sgd,sgd", HyperparameterError, "has 'sgd' twice"),
        ("momentum=0.8,0.9", UserError, "--range momentum=0.0:0.999"),
        ("augmentation_type=crop,crop_color", HyperparameterError, "--set augmentation_type="),
    ],
)
def test_refuses_a_choice_by_saying_what_is_wrong(text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ranges.read_choice(text)


def test_refuses_to_search_a_name_twice() -> None:
    entries = [ranges.read_range("learning_rate=0.01:0.3"), ranges.read_range("learning_rate=0.1:0.2")]
    with pytest.raises(UserError, match="learning_rate is given twice"):
        ranges.merge(entries)


def test_a_request_carries_every_range_and_gives_it_back() -> None:
    asked = ranges.as_request(ranges.SMALL_IMAGES)
    assert asked["CategoricalParameterRanges"] == [{"Name": "optimizer", "Values": ["sgd", "nag"]}]
    assert asked["IntegerParameterRanges"] == [
        {"Name": "mini_batch_size", "MinValue": "32", "MaxValue": "128", "ScalingType": "Logarithmic"}
    ]
    assert ranges.from_request(asked) == dict(ranges.SMALL_IMAGES)


def test_the_defaults_lie_within_the_algorithms_limits_and_around_the_recipe() -> None:
    for name, entry in ranges.SMALL_IMAGES.items():
        assert ranges.problem_of(entry) is None
        if isinstance(entry, ranges.Choice):
            assert RECIPE[name] in entry.values
        elif name in RECIPE:
            assert entry.least <= float(RECIPE[name]) <= entry.most


def test_whatever_is_tunable_is_a_hyperparameter_of_the_algorithm() -> None:
    assert set(ranges.TUNABLE) <= set(allowed())
