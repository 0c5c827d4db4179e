"""``invoke`` alone: what a new user sees first."""

import subprocess
import sys

from scones.settings import ROOT
from scones.tasks import compose, overview


def names():
    return {min([name, *aliases], key=len) for name, aliases in compose().task_names.items()}


def test_invoke_alone_shows_ten_commands_and_then_every_task_by_what_one_wants_to_do():
    said = subprocess.run([sys.executable, "-m", "invoke"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    first, _, rest = said.partition("\n\n")
    assert len(first.splitlines()) == 10
    assert all(line.startswith("invoke ") for line in first.splitlines())
    shown = {line.split()[0] for line in rest.splitlines() if line.startswith("  ")}
    assert shown == names() - {"overview"}
    titles = [line for line in rest.splitlines()[1:] if line and not line.startswith(" ")]
    assert titles == ["try it", "train", "serve", "look", "operate", "develop"]


def test_the_first_commands_are_tasks(capsys):
    for command, _ in overview.FIRST:
        assert command.split()[1] in names()


def test_every_entry_of_a_group_stands_for_a_task():
    entries = [entry for group in overview.GROUPS.values() for entry in group]
    assert len(entries) == len(set(entries))
    for entry in entries:
        assert any(name == entry or (entry.endswith(".") and name.startswith(entry)) for name in names()), entry


def test_a_task_stands_where_its_own_name_is_and_else_where_its_group_is():
    found = overview.grouped(["tf.apply", "tf.lock", "unheard.of", "etl"])
    assert found["serve"] == ["tf.apply"]
    assert found["operate"] == ["tf.lock"]
    assert found["develop"] == ["unheard.of"]


def test_tasks_are_completed_in_a_shell():
    line = [sys.executable, "-m", "invoke", "--complete", "--", "invoke jobs"]
    said = subprocess.run(line, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {"jobs", "jobs.stop"} <= set(said.split())
