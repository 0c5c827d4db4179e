"""``invoke tf.destroy`` asks before it deletes the bucket of the state."""

import pytest
from invoke import Context
from invoke.exceptions import Exit

from scones import terraform
from scones.tasks import tf


def typing(monkeypatch, answer):
    """A user at the terminal who types this text, or presses Ctrl-D."""

    def ask(question):
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", ask)


@pytest.fixture
def destroyed(monkeypatch):
    """The destroyed stacks."""
    found = []
    monkeypatch.setattr(terraform, "destroy", lambda stack, ask: found.append(stack.name))
    return found


@pytest.mark.parametrize("answer", [None, "", "yes", "prod"])
def test_the_state_stays_unless_the_environments_name_is_typed(monkeypatch, destroyed, answer):
    typing(monkeypatch, answer)
    with pytest.raises(Exit, match="the state was not deleted") as ended:
        tf.destroy(Context(), env="dev", stack="all")
    assert ended.value.code == 2
    assert destroyed == ["service", "foundation"]


def test_the_state_goes_last_where_the_environments_name_is_typed(monkeypatch, destroyed):
    typing(monkeypatch, "dev ")
    tf.destroy(Context(), env="dev", stack="all")
    assert destroyed == ["service", "foundation", "bootstrap"]
