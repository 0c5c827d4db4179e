"""An option's text becomes a value or one clear error message."""

import inspect

import pytest

from scones.errors import InputError
from scones.tasks import compose, options


@pytest.mark.parametrize(("given", "expected"), [(None, 7), ("1", 1), ("12", 12), (3, 3), ("100", 100)])
def test_a_whole_number_or_what_stands_for_it(given, expected):
    assert options.whole_number(given, "--rows", default=7, most=100) == expected


@pytest.mark.parametrize("given", ["", "x", "1.5", "0", "-3", "²", "101", "9" * 30])
def test_what_is_no_whole_number_or_outside_is_refused_by_its_option(given):
    with pytest.raises(InputError, match=f"--rows must be a whole number from 1 to 100, not '{given}'"):
        options.whole_number(given, "--rows", most=100)


@pytest.mark.parametrize("given", ["x", "", "1,5", "nan", "-0.1", "1.01", "inf"])
def test_a_share_is_a_number_from_0_to_1(given):
    assert options.share("0.8", "--threshold") == 0.8
    with pytest.raises(InputError, match=f"--threshold must be .*not '?{given}"):
        options.share(given, "--threshold")


def test_pairs_are_names_and_values_that_may_hold_equals_signs():
    assert options.pairs([" epochs = 3 ", "a=b=c", "empty="]) == {"epochs": "3", "a": "b=c", "empty": ""}
    assert options.pairs(None) == {}


def test_no_option_is_left_to_invoke_to_turn_into_a_number():
    """Invoke itself shows a traceback if the text is not a number."""
    tasks = compose()
    defaults = {
        (name, option.name): option.default
        for name in tasks.task_names
        for option in inspect.signature(tasks[name].body).parameters.values()
        if option.default is not option.empty
    }
    assert len(defaults) > 50
    assert {place for place, default in defaults.items() if not isinstance(default, str | bool | None)} == set()
