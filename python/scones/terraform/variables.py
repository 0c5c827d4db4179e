"""The variables that tell Terraform everything: cloud, state, values, provider.

Example::

    variables(settings.load("dev"), "service")["TF_VAR_environment"]    # 'dev'

They serve a plain ``terraform`` command as they serve :class:`scones.terraform.Stack`: ``invoke env`` prints them.
Files of values are named, not read, so a model pinned later is seen by the next plan. A saved plan is applied as it
was made; where a value has changed since, Terraform refuses it.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from scones import aws
from scones.errors import SettingsError
from scones.settings import Environment
from scones.terraform import mirror
from scones.terraform.binary import locate
from scones.terraform.state import Backend

# In the order in which they are applied; they are destroyed in the opposite one.
STACKS = ("bootstrap", "foundation", "service")

# Commands that take -var-file; all but console lock the state, and wait for another's lock this long.
_VALUED = ("plan", "apply", "destroy", "refresh", "import", "console")
_LOCK_TIMEOUT = "2m"


def value_files(environment: Environment, stack: str) -> list[Path]:
    """The files of values that a stack is planned with, whether they exist yet or not."""
    if stack == "service":
        candidate = environment.candidate_path  # of a comparison under way (scones.service.ab)
        compared = [candidate] if candidate.exists() else []
        return [environment.folder / "service.tfvars.json", environment.pin_path, *compared]
    own = environment.folder / f"{stack}.tfvars.json"
    return [own] if own.exists() else []


def state_key(environment: Environment) -> str | None:
    """The ARN of the KMS key that the state is encrypted with, by ``bootstrap.tfvars.json``; None for S3's own.

    Terraform's backend asks for S3's own key unless it is told of another, whatever the bucket's default is.

    Raises:
        SettingsError: the file is not JSON.
    """
    path = environment.folder / "bootstrap.tfvars.json"
    try:
        return json.loads(path.read_text()).get("state_kms_key_arn")
    except FileNotFoundError:
        return None
    except (ValueError, AttributeError) as error:
        raise SettingsError(f"{path} cannot be used: {error}") from None


def variables(
    environment: Environment,
    stack: str = "service",
    *,
    backend: Backend | None = None,
    process: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """What ``terraform -chdir=terraform/stacks/STACK …`` needs in its environment.

    Args:
        backend: The environment's backend, where the caller has it.
        process: The process's variables, which say where Terraform and its provider are.

    Raises:
        SettingsError: there is no such stack.
        SetupError: Terraform or its provider is missing.
        LocalCloudError: the environment's cloud is a local one that is not running.
    """
    if stack not in STACKS:
        raise SettingsError(f"there is no stack '{stack}'; there are: {', '.join(STACKS)}")
    bucket = (backend or Backend.of(environment)).bucket
    values = [f"-var-file={path}" for path in value_files(environment, stack)]
    arguments = {command: [f"-lock-timeout={_LOCK_TIMEOUT}", *values] for command in _VALUED}
    arguments["console"] = values
    # A changed provider source or bucket is taken up, and nothing is ever asked or migrated.
    arguments["init"] = [
        *["-input=false", "-reconfigure", "-upgrade", f"-backend-config=bucket={bucket}"],
        *(f"-backend-config=kms_key_id={key}" for key in [state_key(environment)] if key),
    ]
    return {
        **aws.variables(environment),
        "CHECKPOINT_DISABLE": "1",  # no question about newer versions, and no file of it in the home folder
        "TF_CLI_CONFIG_FILE": str(
            mirror.configure(environment.build, locate(environment.build, variables=process), variables=process)
        ),
        "TF_DATA_DIR": f".terraform/{environment.name}",
        "TF_VAR_environment": environment.name,
        "TF_VAR_state_bucket": bucket,
        **{f"TF_CLI_ARGS_{command}": shlex.join(given) for command, given in arguments.items() if given},
    }
