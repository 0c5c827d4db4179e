"""Only the text between the two comments is replaced."""

import pytest

from scones.docs.sections import Section
from scones.errors import InputError

SECTION = Section("tasks", "| new |")
WHOLE = "above\n<!-- tasks: written by `invoke docs` -->\n| new |\n<!-- end of tasks -->\nbelow\n"


def test_what_is_stale_is_replaced_and_nothing_else():
    assert SECTION.filled(WHOLE.replace("new", "old\nand long")) == WHOLE


def test_a_text_without_a_place_is_refused():
    with pytest.raises(InputError, match="no place for the tasks: the lines <!-- tasks"):
        SECTION.filled("# Scones\n")


def test_a_text_without_a_place_may_get_one_at_its_end():
    added = SECTION.added("# bucket\n\nA bucket.\n")
    assert added == (
        "# bucket\n\nA bucket.\n\n<!-- tasks: written by `invoke docs` -->\n| new |\n<!-- end of tasks -->\n"
    )
    assert SECTION.added(added) == added


def test_a_place_that_is_not_closed_is_refused_rather_than_eaten():
    with pytest.raises(InputError):
        SECTION.added("<!-- tasks: written by `invoke docs` -->\nwhat a person wrote\n")
