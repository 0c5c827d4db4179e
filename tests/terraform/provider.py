"""The provider as a process that many of Terraform's commands share, in the way that is made for debuggers.

To start it takes a second of a processor, and Terraform starts it anew for every run of a test and three times a plan:
most of what `terraform test` takes. Format: https://developer.hashicorp.com/terraform/plugin/debugging
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scones.terraform import mirror
from scones.terraform.binary import Binary

NAME = "TF_REATTACH_PROVIDERS"

# It ends when its standard input does: with the process that started it, however that ends.
TETHERED = '"$0" -debug & provider=$!; read -r _; kill "$provider"; wait "$provider"'


def variables(build: Path, binary: Binary) -> dict[str, str]:
    """What Terraform is to inherit, whatever cloud it then is led to."""
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "GOGC") if name in os.environ},
        "TF_CLI_CONFIG_FILE": str(mirror.configure(build, binary)),
        "CHECKPOINT_DISABLE": "1",
    }


@contextmanager
def serving(folder: Path, binary: Binary, variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The variables, and with them the one that leads Terraform to a provider that runs as long as this lasts.

    The provider has one configuration at a time: no two commands may be run at once that configure it differently.

    Args:
        folder: A configuration, after `terraform init`; relative paths are from here, as they are for Terraform.
        binary: The command that is to use it.
        variables: What the provider is told by its environment, now and not with each command.
    """
    data = folder / variables.get("TF_DATA_DIR", ".terraform")
    (path,) = data.glob(f"providers/{binary.registry}/hashicorp/aws/*/{binary.platform}/terraform-provider-aws*")
    # Of its own and short, since the name of a socket may have no more than a hundred characters.
    with tempfile.TemporaryDirectory(prefix="provider-") as sockets:
        process = subprocess.Popen(
            ["sh", "-c", TETHERED, path.absolute()],
            cwd=folder,
            env={**variables, "TMPDIR": sockets},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # Ctrl-C is for who uses it
        )
        with process:
            said = ""
            for line in process.stdout:
                said += line
                if found := line.partition(f"{NAME}=")[2]:
                    break
            else:
                raise AssertionError(f"the provider did not start: {said}")
            # It names itself by Terraform's registry, whoever asks.
            (address,) = json.loads(found.strip().strip("'")).values()
            yield {**variables, NAME: json.dumps({f"{binary.registry}/hashicorp/aws": address})}
