"""A team's lock file, made by a stand-in for Terraform."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from scones import settings
from scones.errors import TerraformError
from scones.terraform import lock
from scones.terraform.binary import Binary


@pytest.fixture
def terraform(tmp_path: Path) -> Binary:
    """`terraform providers lock`, which knows two platforms and writes what it was asked."""
    path = tmp_path / "terraform-stand-in"
    path.write_text(
        f"#!{sys.executable}\n"
        + textwrap.dedent(
            """
            import pathlib, re, sys
            folder = pathlib.Path(sys.argv[1].partition("=")[2])
            version = re.search('version = "(.+)"', (folder / "main.tf").read_text())[1]
            platforms = [word.partition("=")[2] for word in sys.argv if word.startswith("-platform=")]
            if unknown := set(platforms) - {"linux_amd64", "darwin_arm64"}:
                sys.exit(f"Error: not available for {unknown.pop()}")
            hashes = "".join(f'    "h1:{one}",\\n' for one in platforms)
            (folder / ".terraform.lock.hcl").write_text(
                f'provider "registry.terraform.io/hashicorp/aws" {{\\n  version = "{version}"\\n'
                f"  hashes = [\\n{hashes}  ]\\n}}\\n"
            )
            """
        )
    )
    path.chmod(0o755)
    return Binary(path, "Terraform", (1, 11, 4), "linux_amd64")


def test_a_lock_file_has_the_hashes_of_every_platform(terraform: Binary, tmp_path: Path) -> None:
    assert lock.version(tmp_path) is None
    path = lock.write(tmp_path, terraform, "6.2.0", platforms=["linux_amd64", "darwin_arm64"])
    assert path == tmp_path / "terraform" / "providers.lock.hcl"
    assert "h1:linux_amd64" in path.read_text()
    assert "h1:darwin_arm64" in path.read_text()
    assert lock.version(tmp_path) == "6.2.0"


def test_a_platform_that_is_not_there_is_said_and_the_old_file_stays(terraform: Binary, tmp_path: Path) -> None:
    before = lock.write(tmp_path, terraform, "5.100.0", platforms=["linux_amd64"]).read_text()
    with pytest.raises(TerraformError, match=r"aws 6\.2\.0 cannot be locked for plan9_mips: Error: not available"):
        lock.write(tmp_path, terraform, "6.2.0", platforms=["plan9_mips"])
    assert lock.path(tmp_path).read_text() == before


def test_git_takes_the_team_s_file_and_leaves_terraform_s_own_out() -> None:
    ignored = (settings.ROOT / ".gitignore").read_text().splitlines()
    assert lock.NAME in ignored
    assert lock.path(settings.ROOT).name not in ignored
