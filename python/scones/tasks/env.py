"""``invoke env``: prints the variables that plain terraform and aws commands need for an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks.cli import EXPORTED, task

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
    """Print the variables that plain terraform and aws commands need, as shell exports for eval.

    eval "$(invoke env)"
    terraform -chdir=terraform/stacks/service init
    terraform -chdir=terraform/stacks/service apply

    SCONES_ENV and SCONES_BUILD are set too, so invoke's tasks use the same environment. Terraform reads values when it
    runs, so a newly pinned model needs no second eval. A local cloud that is restarted on another port needs one.
    """
    import os
    import shutil
    import sys

    from scones import settings, terraform
    from scones.terraform.binary import locate
    from scones.terraform.state import Backend

    environment = settings.load(env)
    backend = Backend.of(environment)
    found = {
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
    print("\n".join(lines(found, os.environ.get(EXPORTED, ""))))


def lines(variables: Mapping[str, str], before: str = "") -> list[str]:
    """Shell lines that export ``variables``, and unset the other names of ``before``.

    The list of names is exported too. The next ``eval`` needs it, and so do tasks with another environment.

    Args:
        before: The names that an earlier ``eval`` exported, separated by spaces.

    >>> lines({"AWS_REGION": "us-east-1"}, "AWS_ENDPOINT_URL AWS_REGION")
    ['unset AWS_ENDPOINT_URL', 'export AWS_REGION=us-east-1', 'export SCONES_EXPORTED=AWS_REGION']
    """
    import shlex

    gone = [f"unset {name}" for name in before.split() if name.isidentifier() and name not in variables]
    named = {**variables, EXPORTED: " ".join(sorted(variables.keys() - {"PATH"}))}
    return gone + [f"export {name}={shlex.quote(value)}" for name, value in named.items()]
