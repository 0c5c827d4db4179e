"""``invoke asl.render``: prints the state machine's definition for the console."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scones.tasks import options
from scones.tasks.cli import task

if TYPE_CHECKING:
    from invoke import Context

    from scones.settings import Environment


@task(
    help={
        "env": "the environment (default: SCONES_ENV, else local)",
        "account": "the AWS account; with it, no cloud is asked (default: the account of your credentials)",
        "out": "write to this file instead of printing",
    }
)
def render(context: Context, env: str | None = None, account: str | None = None, out: str | None = None) -> None:
    """Print the state machine's definition with an environment's function ARNs.

    Paste it into the code view of the Step Functions console, or write it to a file:
    invoke asl.render --env dev --out definition.json
    """

    from imageclassification import files
    from scones import settings
    from scones.service import definition

    environment = settings.load(env)
    target = options.file(out, "--out") if out else None
    place = _place(environment, account)
    text = (environment.root / "asl" / "classify_image.asl.json").read_text()
    future = definition.function_names(text, environment.name)
    names, source = (future, "") if account else _function_names(environment, future)
    filled = definition.render(text, definition.values(*place, names))
    if source:
        print(source, file=sys.stderr)
    if target is None:
        print(filled, end="")
        return
    files.write(target, filled)
    print(f"wrote {target}", file=sys.stderr)


def _place(environment: Environment, account: str | None) -> tuple[str, str, str]:
    """The partition, region and account of the environment's functions."""
    from scones import aws
    from scones.errors import SettingsError

    if account is not None and not (account.isdecimal() and len(account) == 12):
        raise SettingsError(
            f"'{account}' is not an AWS account", hint="an account has 12 digits: --account 123456789012"
        )
    partition = aws.session(environment).get_partition_for_region(environment.region)
    return partition, environment.region, account or aws.account_id(environment)


def _function_names(environment: Environment, future: dict[str, str]) -> tuple[dict[str, str], str]:
    """The functions' names, and a line about their source: the applied service stack, or the naming rule."""
    from scones.errors import TerraformError
    from scones.terraform import Stack

    try:
        return Stack(environment, "service").outputs()[
            "function_names"
        ], "the functions' names come from the applied service stack"
    except TerraformError:
        return future, "the service stack is not applied yet; these are the functions' future names"
