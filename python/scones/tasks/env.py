"""``invoke env``: the variables that lead plain terraform and aws commands to an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks.cli import EXPORTED, task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from invoke import Context


@task(
    help={
        "env": "the environment (default: SCONES_ENV, else local)",
        "stack": "whose values plan and apply are given: bootstrap, foundation or service (default)",
    }
)
def env(context: Context, env: str | None = None, stack: str = "service") -> None:
    """Print what plain terraform and aws commands need, for eval.

    eval "$(invoke env)"
    terraform -chdir=terraform/stacks/service init
    terraform -chdir=terraform/stacks/service apply

    Invoke's own tasks follow too: SCONES_ENV is set. Values are read when a command runs, so a model pinned later needs
    no second eval; a local cloud started anew on another port does.
    """
    import os
    import shutil
    import sys

    from scones import settings, terraform
    from scones.terraform.binary import locate
    from scones.terraform.state import Backend

    environment = settings.load(env)
    backend = Backend.of(environment)
    found = {"SCONES_ENV": environment.name, **terraform.variables(environment, stack, backend=backend)}
    if not backend.exists():
        print(
            f"there is no state in environment '{environment.name}' yet: make its bucket with: invoke tf.init "
            f"--env {environment.name}",
            file=sys.stderr,
        )
    binary = locate(environment.build).path
    if shutil.which(binary.name) != str(binary):
        # It was downloaded, or the one on PATH is too old.
        found["PATH"] = os.pathsep.join([str(binary.parent), os.environ.get("PATH", os.defpath)])
    if sys.stdout.isatty():
        print('# These lines are for your shell: eval "$(invoke env)"')
    print("\n".join(lines(found, os.environ.get(EXPORTED, ""))))


def lines(variables: Mapping[str, str], before: str = "") -> list[str]:
    """Shell lines that export ``variables`` and unset what ``before``, an earlier list of names, has beyond them.

    The names are exported too, for the next ``eval``, and for tasks that are given another environment.

    >>> lines({"AWS_REGION": "us-east-1"}, "AWS_ENDPOINT_URL AWS_REGION")
    ['unset AWS_ENDPOINT_URL', 'export AWS_REGION=us-east-1', 'export SCONES_EXPORTED=AWS_REGION']
    """
    import shlex

    gone = [f"unset {name}" for name in before.split() if name.isidentifier() and name not in variables]
    named = {**variables, EXPORTED: " ".join(sorted(variables.keys() - {"PATH"}))}
    return gone + [f"export {name}={shlex.quote(value)}" for name, value in named.items()]
