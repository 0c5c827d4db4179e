"""The modules' examples work as they are: apply succeeds, a second plan is empty, and destroy leaves nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scones.settings import ROOT
from scones.terraform.binary import Binary

from . import provider
from .examples import Command, found, together
from .workbench import copy_of_the_files

pytestmark = pytest.mark.usefixtures("provider_is_here")

MODULES = sorted(path.parent for path in ROOT.glob("terraform/modules/*/versions.tf"))


@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_every_module_has_an_example(folder) -> None:
    assert [name for name in found() if name.startswith(f"{folder.name}_")]
    assert 'source = "../.."' in "".join(path.read_text() for path in folder.glob("examples/*/main.tf"))


def test_all_examples_together_are_a_valid_configuration(binary: Binary, tmp_path: Path) -> None:
    given = {"bucket": "photos", "artifact_uri": "s3://photos/model.tar.gz", "artifact_sha256": "0" * 64}
    copy_of_the_files(tmp_path)
    folder = tmp_path / "examples"
    folder.mkdir()
    (folder / "main.tf").write_text(together(tmp_path, folder, given))
    variables = provider.variables(ROOT / "build", binary)
    for line in (["init", "-backend=false"], ["validate"]):
        ended = subprocess.run(
            [binary.path, f"-chdir={folder}", *line, "-no-color"],
            env=variables,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.nightly
def test_all_examples_together_apply_plan_nothing_and_go(examples: list[Command]) -> None:
    assert (examples[-1].name, examples[-1].code) == ("destroy", 0), examples[-1].said
    init, applied, planned, destroyed = examples
    assert not any(init.left.values())
    assert {kind for kind, names in applied.left.items() if not names} <= {"model package groups", "scaling targets"}
    assert planned.code == 0, planned.said
    assert destroyed.left == init.left
