"""Many Terraform commands share one provider process. Terraform offers this for debuggers.

The start of the provider takes a second of processor time. Terraform starts it for every run of a test and three
times for a plan, which is most of the time of `terraform test`. Format: https://developer.hashicorp.com/terraform/plugin/debugging
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scones import aws
from scones.settings import Environment
from scones.terraform import mirror
from scones.terraform.binary import Binary

NAME = "TF_REATTACH_PROVIDERS"

# The provider ends when its standard input closes, so it always ends with the process that started it.
TETHERED = '"$0" -debug & provider=$!; read -r _; kill "$provider"; wait "$provider"'


def variables(build: Path, binary: Binary) -> dict[str, str]:
    """Terraform's environment variables, without those of a cloud."""
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "GOGC") if name in os.environ},
        "TF_CLI_CONFIG_FILE": str(mirror.configure(build, binary)),
        "CHECKPOINT_DISABLE": "1",
    }


@contextmanager
def serving(folder: Path, binary: Binary, variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Start a provider for the time of this context. Returns the variables with the one that names the provider.

    The provider has one configuration at a time. Commands with different configurations must not run at once.

    Args:
        folder: A configuration, after `terraform init`. Relative paths start here, as for Terraform.
        binary: The Terraform command.
        variables: The provider's environment variables. It reads them once, at its start.
    """
    data = folder / variables.get("TF_DATA_DIR", ".terraform")
    (path,) = data.glob(f"providers/{binary.registry}/hashicorp/aws/*/{binary.platform}/terraform-provider-aws*")
    # A new folder with a short name, because a socket's path may have only about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="provider-") as sockets:
        process = subprocess.Popen(
            ["sh", "-c", TETHERED, path.absolute()],
            cwd=folder,
            env={**variables, "TMPDIR": sockets},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # Ctrl-C is meant for Terraform
        )
        with process:
            said = ""
            for line in process.stdout:
                said += line
                if found := line.partition(f"{NAME}=")[2]:
                    break
            else:
                raise AssertionError(f"the provider did not start: {said}")
            # The provider always names itself with the address of Terraform's registry.
            (address,) = json.loads(found.strip().strip("'")).values()
            yield {**variables, NAME: json.dumps({f"{binary.registry}/hashicorp/aws": address})}


@contextmanager
def of_project(project: Environment, binary: Binary) -> Iterator[str]:
    """One provider process for all commands on a project's stacks: the value of TF_REATTACH_PROVIDERS.

    Terraform inherits the variable. `init` then neither installs nor checks a provider.
    """
    # In a folder next to the stacks, because the path of a function's zip is relative to the provider's folder.
    folder = project.root / "terraform" / "stacks" / "provider"
    folder.mkdir(exist_ok=True)
    shutil.copy(project.root / "terraform" / "modules" / "bucket" / "versions.tf", folder)
    given = {**variables(project.build, binary), **aws.variables(project)}
    subprocess.run([binary.path, f"-chdir={folder}", "init"], env=given, check=True, timeout=600)
    with serving(folder, binary, given) as attached:
        yield attached[NAME]
