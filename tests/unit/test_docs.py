"""The README's table of tasks tells the truth."""

import pytest

from scones.errors import InputError
from scones.settings import ROOT
from scones.tasks import compose
from scones.tasks.docs import BEGIN, END, filled, table


def test_the_readme_lists_every_task_as_it_is_now():
    text = (ROOT / "README.md").read_text()
    assert filled(text) == text, "write it anew with: invoke docs"


def test_every_task_says_what_it_does():
    namespace = compose()
    assert [name for name in namespace.task_names if not (namespace[name].__doc__ or "").strip()] == []


def test_every_option_of_every_task_is_explained():
    namespace = compose()
    missing = [
        f"{name} --{argument.name}"
        for name in namespace.task_names
        for argument in namespace[name].get_arguments()
        if not argument.help
    ]
    assert missing == []


def test_a_stale_table_is_replaced_and_nothing_else():
    assert filled(f"above\n{BEGIN}\nold\n{END}\nbelow\n") == f"above\n{BEGIN}\n{table()}\n{END}\nbelow\n"


def test_a_readme_without_a_place_for_the_table_is_refused():
    with pytest.raises(InputError, match="no place for the table"):
        filled("# Scones\n")
