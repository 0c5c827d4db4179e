"""Runs ``terraform validate`` on a configuration, without a cloud and without credentials.

Example (not run: it needs Terraform's provider)::

    validate(Path("terraform/stacks/service"), build=Path("build"))
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from scones.errors import TerraformError
from scones.terraform import mirror
from scones.terraform.binary import locate


def validate(folder: Path, *, build: Path) -> None:
    """Validate a stack or a module.

    Args:
        folder: The stack or module.
        build: The project's build folder.

    Raises:
        TerraformError: it is not valid; the message is Terraform's.
        SetupError: Terraform or its provider is missing.
    """
    binary = locate(build)
    variables = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
        "TF_CLI_CONFIG_FILE": str(mirror.configure(build, binary)),
        # A separate folder, because this init has no backend.
        "TF_DATA_DIR": ".terraform/validate",
        "CHECKPOINT_DISABLE": "1",
    }
    for command in (["init", "-backend=false", "-input=false", "-upgrade"], ["validate"]):
        done = subprocess.run(
            [binary.path, f"-chdir={folder}", *command, "-no-color"],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise TerraformError(f"terraform {command[0]} refuses {folder.parent.name}/{folder.name}: {said}")
