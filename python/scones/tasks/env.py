"""``invoke env``: prints the variables that plain terraform and aws commands, and SDKs, need for an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.aws import LISTS
from scones.tasks.cli import BEFORE, EXPORTED, exported, task, users_own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from invoke import Context


@task(
    help={
        "env": "the environment (default: SCONES_ENV, else local)",
        "stack": "the stack of plan and apply: bootstrap, foundation or service (default)",
    }
)
def env(context: Context, env: str | None = None, stack: str = "service") -> None:
    """Print the variables that plain terraform and aws commands and SDKs need, as shell exports for eval.

    eval "$(invoke env)"
    terraform -chdir=terraform/stacks/service init
    terraform -chdir=terraform/stacks/service apply

    boto3, the AWS CLI and SageMaker's SDK then use the same environment, in any Python that this shell starts.
    SCONES_ENV and SCONES_BUILD are set too, so invoke's tasks use the same environment. Terraform reads values when it
    runs, so a newly pinned model needs no second eval. A local cloud that is restarted on another port needs one.
    """
    import os
    import shutil
    import sys

    from scones import aws, settings, terraform
    from scones.terraform.binary import locate
    from scones.terraform.state import Backend

    environment = settings.load(env)
    backend = Backend.of(environment)
    found: dict[str, str | None] = {
        **aws.sdk_variables(environment, users_own(os.environ)),
        "SCONES_ENV": environment.name,
        "SCONES_BUILD": environment.build_name,
        **terraform.variables(environment, stack, backend=backend),
    }
    if not backend.exists():
        print(
            f"there is no state in environment '{environment.name}' yet: make its bucket with: invoke tf.init "
            f"--env {environment.name}",
            file=sys.stderr,
        )
    binary = locate(environment.downloads).path
    if shutil.which(binary.name) != str(binary):
        # Terraform was downloaded, or the one on PATH is too old.
        found["PATH"] = os.pathsep.join([str(binary.parent), os.environ.get("PATH", os.defpath)])
    if sys.stdout.isatty():
        print('# These lines are for your shell: eval "$(invoke env)"')
    print("\n".join(lines(found, os.environ)))


def lines(variables: Mapping[str, str | None], process: Mapping[str, str]) -> list[str]:
    """Shell lines that export ``variables``, and undo what an earlier ``eval`` did to others.

    The names are exported too, with what they were before. The next ``eval`` needs both, and so do tasks with another
    environment.

    Args:
        variables: The values, by name. None for a variable that is unset.
        process: The shell's variables.

    >>> lines({"AWS_REGION": "us-east-1"}, {"SCONES_EXPORTED": "AWS_ENDPOINT_URL AWS_REGION"})
    ['unset AWS_ENDPOINT_URL', 'export AWS_REGION=us-east-1', 'export SCONES_EXPORTED=AWS_REGION']
    >>> print(lines({"AWS_PROFILE": None}, {"AWS_PROFILE": "me"})[-1])
    export SCONES_BEFORE='{"AWS_PROFILE": "me"}'
    """
    import json
    import shlex

    own = users_own(process)
    touched = variables.keys() - LISTS.keys()
    before = {name: own[name] for name in sorted(touched & own.keys())}
    found: dict[str, str | None] = {name: own.get(name) for name in sorted(exported(process) - variables.keys())}
    found |= {**variables, EXPORTED: " ".join(sorted(touched))}
    if before or BEFORE in process:
        found[BEFORE] = json.dumps(before) if before else None
    return [
        f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}" for name, value in found.items()
    ]
