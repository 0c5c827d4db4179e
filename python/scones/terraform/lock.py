"""The team's lock file: the provider's version and the hashes of its packages, for every platform of the team.

Example::

    >>> from scones import settings
    >>> version(settings.ROOT) is None      # the project has none: every team makes its own
    True

Terraform writes ``.terraform.lock.hcl`` beside a configuration from whatever source it took the provider from. That
file is not committed (``.gitignore`` says why). A team that wants the same, verified provider everywhere makes
``terraform/providers.lock.hcl`` with ``invoke tf.lock`` and commits it. The set-up then downloads its version, and
every ``terraform init`` of a stack uses it and refuses a package with another hash.

Format: https://developer.hashicorp.com/terraform/language/files/dependency-lock
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from imageclassification import files
from scones.errors import TerraformError
from scones.terraform.binary import Binary

NAME = ".terraform.lock.hcl"
#: The platforms of people's machines and of GitHub's runners.
PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")


def path(root: Path) -> Path:
    """The team's lock file, whether it exists or not.

    Args:
        root: The project's folder.
    """
    return root / "terraform" / "providers.lock.hcl"


def version(root: Path) -> str | None:
    """The provider's version in the team's lock file. None without one."""
    try:
        found = re.search(r'^\s*version\s*=\s*"([^"]+)"', path(root).read_text(), re.MULTILINE)
    except FileNotFoundError:
        return None
    return found[1] if found else None


def requirement(constraint: str) -> str:
    """A configuration that needs only the provider.

    Args:
        constraint: A version, or a constraint as in ``versions.tf``.
    """
    return f"""terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "{constraint}"
    }}
  }}
}}
"""


def write(
    root: Path, binary: Binary, wanted: str, *, platforms: Sequence[str] = PLATFORMS, mirror: Path | None = None
) -> Path:
    """Make the team's lock file, or replace it.

    Args:
        root: The project's folder.
        wanted: The version, such as ``5.100.0``.
        platforms: The platforms whose packages may be used.
        mirror: A folder with the packages of all these platforms. By default, Terraform asks the registry.

    Raises:
        TerraformError: the registry or the mirror cannot be reached, or does not have the version for a platform.
    """
    with tempfile.TemporaryDirectory(prefix="lock-") as folder:
        (Path(folder) / "main.tf").write_text(requirement(wanted))
        source = [f"-fs-mirror={mirror.resolve()}"] if mirror else []
        line = [str(binary.path), f"-chdir={folder}", "providers", "lock", "-no-color", *source]
        done = subprocess.run(
            [*line, *(f"-platform={one}" for one in platforms)],
            env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise TerraformError(
                f"hashicorp/aws {wanted} cannot be locked for {', '.join(platforms)}: "
                f"{(done.stderr or done.stdout).strip()}",
                hint=f"this needs {mirror or binary.registry}, with that version for each platform; "
                "give fewer with --platform",
            )
        return files.write(path(root), (Path(folder) / NAME).read_text())
