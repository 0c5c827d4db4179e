"""What holds for the configuration as text, and what `terraform test` proves of it without a cloud."""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import Future
from pathlib import Path

import pytest

from scones import settings
from scones.terraform import mirror
from scones.terraform.binary import Binary

TERRAFORM = settings.ROOT / "terraform"
FOLDERS = sorted(path.parent for path in TERRAFORM.glob("*/*/versions.tf"))
MODULES = [folder for folder in FOLDERS if folder.parent.name == "modules"]
each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")


def blocks(folder: Path, kind: str) -> dict[str, str]:
    """The text of each top-level block of a kind, by its name."""
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))
    return dict(re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL))


@each_folder
def test_passes_its_own_tests(offline_tests: dict[Path, Future], folder: Path) -> None:
    assert "0 failed" in offline_tests[folder].result()


def test_is_formatted(binary: Binary) -> None:
    ended = subprocess.run(
        [binary.path, "fmt", "-check", "-diff", "-recursive", TERRAFORM], capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (0, "")


@each_folder
def test_every_variable_and_output_says_what_it_is(folder: Path) -> None:
    for name, body in blocks(folder, "variable").items():
        assert re.search(r"^  type +=", body, re.MULTILINE), f"{name} has no type"
        assert re.search(r'^  description += "[A-Z].{10,}\."$', body, re.MULTILINE), f"{name} needs a sentence"
        assert re.search(r"^  nullable +=|default +=", body, re.MULTILINE), (
            f"{name} neither has a default nor refuses null"
        )
    for name, body in blocks(folder, "output").items():
        assert re.search(r'^  description += "[A-Z].{10,}\."$', body, re.MULTILINE), f"{name} needs a sentence"


@each_folder
def test_every_validation_has_a_run_that_it_rejects(folder: Path) -> None:
    runs = "\n".join(path.read_text() for path in folder.glob("tests/*.tftest.hcl"))
    rejected = set(re.findall(r"expect_failures = \[var\.(\w+)\]", runs))
    validated = {name for name, body in blocks(folder, "variable").items() if "validation {" in body}
    assert validated == rejected


@each_folder
def test_asks_for_one_provider_at_one_range_of_versions(folder: Path) -> None:
    text = (folder / "versions.tf").read_text()
    assert re.findall(r'source += "(.+)"', text) == ["hashicorp/aws"]
    low, high = (".".join(map(str, bound)) for bound in (mirror.OLDEST, mirror.TOO_NEW))
    assert re.findall(r' version += "(.+)"', text) == [f">= {low}, < {high}"]


@each_folder
def test_names_every_resource_only_beside_a_source_that_says_why(folder: Path) -> None:
    """`Resource = "*"` stands under a comment that cites AWS's word that there is nothing to name."""
    for path in folder.glob("*.tf"):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if re.search(r'Resource\s+= (\["\*"\]|"\*")', line):
                last = max((above for above in range(number) if lines[above].lstrip().startswith("#")), default=0)
                assert "https://docs.aws.amazon.com/" in lines[last], f"{path}:{number + 1}"
                assert number - last <= 15, f"{path}:{number + 1}: the comment is too far away"


@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_a_module_shows_how_it_is_used(folder: Path) -> None:
    readme = (folder / "README.md").read_text()
    assert f'source = "../../modules/{folder.name}"' in readme
    required = [name for name, body in blocks(folder, "variable").items() if "default " not in body]
    for name in required:
        assert re.search(rf"^  {name} +=", readme, re.MULTILINE), f"the README's example lacks {name}"


@pytest.mark.parametrize("environment", settings.names())
def test_an_environments_files_hold_variables_of_their_stack_only(environment: str) -> None:
    """Terraform only warns of a name that it does not know."""
    loaded = settings.load(environment, variables={})
    assert set(loaded.foundation) <= set(blocks(TERRAFORM / "stacks" / "foundation", "variable"))
    assert set(loaded.service) <= set(blocks(TERRAFORM / "stacks" / "service", "variable"))
