"""Rules for the text of the Terraform configuration."""

from __future__ import annotations

import functools
import re
from collections import Counter
from pathlib import Path

import pytest

from scones import settings
from scones.terraform import configuration, mirror
from scones.terraform.configuration import Block

TERRAFORM = settings.ROOT / "terraform"
FOLDERS = sorted(path.parent for path in TERRAFORM.glob("*/*/versions.tf"))
MODULES = [folder for folder in FOLDERS if folder.parent.name == "modules"]
each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")


def blocks(folder: Path, kind: str) -> dict[str, Block]:
    """The top-level blocks of a kind, by name."""
    return {block.name: block for block in configuration.read(folder) if block.kind == kind}


@functools.cache
def runs(folder: Path) -> tuple[Block, ...]:
    """The runs of a folder's tests."""
    return tuple(block for block in configuration.read(folder / "tests", "*.tftest.hcl") if block.kind == "run")


def asserted(folder: Path) -> list[str]:
    """The conditions that a folder's tests assert."""
    return [found.argument("condition") or "" for run in runs(folder) for found in run.within("assert")]


def rejected(folder: Path) -> Counter[str]:
    """The number of runs that expect a failure of each variable, check or resource."""
    return Counter(
        name for run in runs(folder) for name in re.findall(r"[\w.]+", run.argument("expect_failures") or "")
    )


@each_folder
def test_every_variable_and_output_says_what_it_is(folder: Path) -> None:
    for name, variable in blocks(folder, "variable").items():
        assert variable.argument("type"), f"{name} has no type"
        assert re.fullmatch(r'"[A-Z].{10,}\."', variable.argument("description") or ""), f"{name} needs a sentence"
        assert "nullable" in variable.arguments or "default" in variable.arguments, (
            f"{name} neither has a default nor refuses null"
        )
    for name, output in blocks(folder, "output").items():
        assert re.fullmatch(r'"[A-Z].{10,}\."', output.argument("description") or ""), f"{name} needs a sentence"


@pytest.mark.parametrize("stack", ["bootstrap", "foundation", "service"])
def test_a_throttled_request_is_tried_again_for_longer_than_aws_throttles(stack: str) -> None:
    """AWS's buckets of requests fill again within seconds, and a stack makes a hundred requests at once."""
    (provider,) = [one for one in configuration.read(TERRAFORM / "stacks" / stack) if one.kind == "provider"]
    assert int(provider.argument("max_retries") or 0) >= 10


@each_folder
def test_every_validation_has_a_run_that_it_rejects(folder: Path) -> None:
    """A variable with three validations has at least three rejected runs. So has a resource's preconditions.

    Postconditions check the cloud's answer, which a mock makes up. The tests with the local cloud cover them.
    """
    rules = Counter(
        {f"var.{name}": len(found.within("validation")) for name, found in blocks(folder, "variable").items()}
    )
    for block in configuration.read(folder):
        conditions = len(block.deep("precondition"))
        if block.kind in ("resource", "data", "output"):
            rules[".".join((block.kind, *block.labels)).removeprefix("resource.")] += conditions
        elif block.kind == "check":
            rules[f"check.{block.name}"] += len(block.within("assert"))
    assert {name: count for name, count in (rules - rejected(folder)).items() if count} == {}
    assert rejected(folder).keys() <= (+rules).keys(), "nothing there could reject a run"


@each_folder
def test_every_statement_of_a_policy_is_asserted_by_its_sid(folder: Path) -> None:
    text = "\n".join(path.read_text() for path in folder.glob("*.tf"))
    conditions = "\n".join(asserted(folder))
    sids = set(re.findall(r'\bSid\s+= "(\w+)"', text))
    assert {sid for sid in sids if not re.search(rf"\b{sid}\b", conditions)} == set()


@each_folder
def test_who_may_take_a_role_is_asserted(folder: Path) -> None:
    roles = [block.name for block in configuration.read(folder) if block.labels[:1] == ("aws_iam_role",)]
    unproved = [
        name
        for name in roles
        if not any(re.search(rf"\baws_iam_role\.{name}\b[^\n]*assume_role_policy", one) for one in asserted(folder))
    ]
    assert unproved == []


@each_folder
def test_every_toggle_has_a_run(folder: Path) -> None:
    """For each on/off or optional (null) variable, an accepted run sets a value other than the default."""
    toggles = {
        name: configuration.one_line(variable.argument("default"))
        for name, variable in blocks(folder, "variable").items()
        if variable.argument("type") == "bool" or variable.argument("default") == "null"
    }
    tried = {
        name
        for run in runs(folder)
        if not run.argument("expect_failures")
        for given in run.within("variables")
        for name, value in given.arguments.items()
        if name in toggles and configuration.one_line(value) != toggles[name]
    }
    assert set(toggles) - tried == set()


@each_folder
def test_asks_for_one_provider_at_one_range_of_versions(folder: Path) -> None:
    text = (folder / "versions.tf").read_text()
    assert re.findall(r'source += "(.+)"', text) == ["hashicorp/aws"]
    low, high = (".".join(map(str, bound)) for bound in (mirror.OLDEST, mirror.TOO_NEW))
    assert re.findall(r' version += "(.+)"', text) == [f">= {low}, < {high}"]


@each_folder
def test_names_every_resource_only_beside_a_source_that_says_why(folder: Path) -> None:
    """`Resource = "*"` stands under a comment that cites AWS: the action has no resource."""
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
    required = [name for name, variable in blocks(folder, "variable").items() if "default" not in variable.arguments]
    for name in required:
        assert re.search(rf"^  {name} +=", readme, re.MULTILINE), f"the README's example lacks {name}"


@pytest.mark.parametrize("environment", settings.names())
def test_an_environments_files_hold_variables_of_their_stack_only(environment: str) -> None:
    """Terraform only warns about an unknown name."""
    loaded = settings.load(environment, variables={})
    assert set(loaded.foundation) <= set(blocks(TERRAFORM / "stacks" / "foundation", "variable"))
    assert set(loaded.service) <= set(blocks(TERRAFORM / "stacks" / "service", "variable"))
