"""Makes the environment variables that configure Terraform: its cloud, state, value files and provider.

Example::

    >>> from scones import settings
    >>> [path.name for path in value_files(settings.load("dev"), "service")][0]
    'service.tfvars.json'

``invoke env`` prints them for plain ``terraform`` commands. The variables name the value files without reading them, so
the next plan sees a newly pinned model. Terraform refuses to apply a saved plan if a value has changed since.
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
from scones.terraform import endpoint, mirror
from scones.terraform.binary import locate
from scones.terraform.state import Backend

# In the order of applying. They are destroyed in reverse order.
STACKS = ("bootstrap", "foundation", "service")

# The commands that lock the state, and wait this long for another lock. They and console take -var-file.
LOCKING = ("plan", "apply", "destroy", "refresh", "import")
_LOCK_TIMEOUT = "2m"


def value_files(environment: Environment, stack: str) -> list[Path]:
    """The value files (``-var-file``) of a stack, including a pinned model's file that does not exist yet."""
    if stack == "service":
        candidate = environment.candidate_path  # exists during a comparison (scones.service.ab)
        compared = [candidate] if candidate.exists() else []
        return [environment.folder / "service.tfvars.json", environment.pin_path, *compared]
    own = environment.folder / f"{stack}.tfvars.json"
    return [own] if own.exists() else []


def state_key(environment: Environment) -> str | None:
    """The ARN of the KMS key of the state, from ``bootstrap.tfvars.json``. None means S3's own key.

    Terraform's backend requests S3's own key unless a key is configured, whatever the bucket's default is.

    Raises:
        SettingsError: the file is not a JSON object.
    """
    path = environment.folder / "bootstrap.tfvars.json"
    try:
        return json.loads(path.read_text()).get("state_kms_key_arn")
    except FileNotFoundError:
        return None
    except (ValueError, AttributeError) as error:
        raise SettingsError(f"{path} cannot be used: {error}") from None


def data_folder(environment: Environment) -> str:
    """Terraform's working folder (``TF_DATA_DIR``), in the folder of each stack.

    Two clouds that run at once, those of two builds, need one each.
    """
    own = "" if environment.build == environment.downloads else f"-{environment.build.name}"
    return f".terraform/{environment.name}{own}"


def variables(
    environment: Environment,
    stack: str = "service",
    *,
    backend: Backend | None = None,
    process: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The environment variables for ``terraform -chdir=terraform/stacks/STACK …``.

    Args:
        backend: The environment's backend, if the caller has it already.
        process: The process's environment variables, used to find Terraform and its provider.

    Raises:
        SettingsError: there is no such stack.
        SetupError: Terraform or its provider is missing.
        LocalCloudError: the environment's local cloud is not running.
    """
    if stack not in STACKS:
        raise SettingsError(f"there is no stack '{stack}'; there are: {', '.join(STACKS)}")
    bucket = (backend or Backend.of(environment)).bucket
    stands = None
    if stack == "service":
        stands = endpoint.describe(aws.client(environment, "sagemaker"), environment.workload) is not None
    values = [f"-var-file={path}" for path in value_files(environment, stack)]
    arguments = {command: [f"-lock-timeout={_LOCK_TIMEOUT}", *values] for command in LOCKING}
    arguments["console"] = values
    # -reconfigure and -upgrade accept a changed bucket or provider source. Terraform never asks, and migrates no state.
    arguments["init"] = [
        *["-input=false", "-reconfigure", "-upgrade", f"-backend-config=bucket={bucket}"],
        *(f"-backend-config=kms_key_id={key}" for key in [state_key(environment)] if key),
    ]
    return {
        **aws.variables(environment),
        "CHECKPOINT_DISABLE": "1",  # no check for newer versions, and no file for it in the home folder
        "TF_CLI_CONFIG_FILE": str(
            mirror.configure(environment.downloads, locate(environment.downloads, variables=process), variables=process)
        ),
        "TF_DATA_DIR": data_folder(environment),
        "TF_VAR_environment": environment.name,
        "TF_VAR_state_bucket": bucket,
        **({} if stands is None else {"TF_VAR_endpoint_stands": str(stands).lower()}),
        # Relative, because a saved plan may be applied in another checkout.
        "TF_VAR_lambda_packages": os.path.relpath(
            environment.build / "lambdas", environment.root / "terraform" / "stacks" / stack
        ),
        **{f"TF_CLI_ARGS_{command}": shlex.join(given) for command, given in arguments.items() if given},
    }
