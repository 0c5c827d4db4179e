"""``invoke tf.destroy`` asks before it deletes the bucket of the state; plans and outputs are documents for scripts."""

from json import dumps
from types import SimpleNamespace

import pytest
from invoke import Context
from invoke.exceptions import Exit

from scones import settings, terraform
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


class PlannedStack:
    """A stack whose plan changes a function."""

    name = "service"
    environment = settings.load("dev", variables={})

    def __init__(self, differs):
        self.differs = differs

    def plan(self, out, rollback):
        print("Terraform's own words")
        if out:
            out.write_text("the plan")
        return self.differs

    def show(self, plan, json):
        assert plan.read_text() == "the plan"
        change = {"actions": ["update"], "before": {"memory_size": 1}, "after": {"memory_size": 2}}
        return dumps({"resource_changes": [{"address": "a.b", "change": change}] if self.differs else []})

    def notice(self):
        return "the variants change first"


def test_a_plan_is_a_document_that_keeps_to_its_schema(monkeypatch, printed_json, tmp_path):
    monkeypatch.setattr(tf, "_stack", lambda *_, **__: PlannedStack(True))
    with pytest.raises(Exit) as ended:
        tf.plan(Context(), json=True)
    assert ended.value.code == 2
    found = printed_json("tf.plan")
    assert found["changes"] == [{"action": "update", "address": "a.b", "arguments": ["memory_size"]}]
    assert (found["differs"], found["notice"], found["file"]) == (True, "the variants change first", None)
    monkeypatch.setattr(tf, "_stack", lambda *_, **__: PlannedStack(False))
    tf.plan(Context(), out=str(tmp_path / "saved"), json=True)
    found = printed_json("tf.plan")
    assert (found["differs"], found["changes"], found["file"]) == (False, [], str(tmp_path / "saved"))


def test_outputs_into_a_pipe_are_whole_and_json_where_asked(monkeypatch, printed_json, capfd):
    arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{'scones-' * 20}"
    stack = SimpleNamespace(outputs=lambda: {"state_machine_arn": arn, "names": {"a": "b"}})
    monkeypatch.setattr(tf, "_stack", lambda *_, **__: stack)
    tf.output(Context())
    assert capfd.readouterr().out.splitlines() == [f"state_machine_arn  {arn}", 'names              {"a": "b"}']
    tf.output(Context(), json=True)
    assert printed_json("tf.output") == {"state_machine_arn": arn, "names": {"a": "b"}}
    tf.output(Context(), name="state_machine_arn", json=True)
    assert printed_json("tf.output") == arn


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
