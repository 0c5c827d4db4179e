"""Terraform's own tests of the configuration, without a cloud."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scones import settings
from scones.terraform import configuration
from scones.terraform.binary import Binary

pytestmark = pytest.mark.usefixtures("provider_is_here")

TERRAFORM = settings.ROOT / "terraform"
FOLDERS = sorted(path.parent for path in TERRAFORM.glob("*/*/versions.tf"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_passes_its_own_tests(offline_test: Callable[[Path], str], folder: Path) -> None:
    runs = [block for block in configuration.read(folder / "tests", "*.tftest.hcl") if block.kind == "run"]
    assert f"{len(runs)} passed, 0 failed" in offline_test(folder)


def test_is_formatted(binary: Binary) -> None:
    ended = subprocess.run(
        [binary.path, "fmt", "-check", "-diff", "-recursive", TERRAFORM], capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (0, "")
