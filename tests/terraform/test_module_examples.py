"""The modules' examples work as they are: apply succeeds, a second plan is empty, and destroy leaves nothing."""

from __future__ import annotations

import pytest

from scones.settings import ROOT

from .examples import Command, found

pytestmark = pytest.mark.usefixtures("provider_is_here")

MODULES = sorted(path.parent for path in ROOT.glob("terraform/modules/*/versions.tf"))


@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_every_module_has_an_example(folder) -> None:
    assert [name for name in found() if name.startswith(f"{folder.name}_")]
    assert 'source = "../.."' in "".join(path.read_text() for path in folder.glob("examples/*/main.tf"))


def test_all_examples_together_apply_plan_nothing_and_go(examples: list[Command]) -> None:
    assert (examples[-1].name, examples[-1].code) == ("destroy", 0), examples[-1].said
    init, applied, planned, destroyed = examples
    assert not any(init.left.values())
    assert {kind for kind, names in applied.left.items() if not names} <= {"model package groups", "scaling targets"}
    assert planned.code == 0, planned.said
    assert destroyed.left == init.left
