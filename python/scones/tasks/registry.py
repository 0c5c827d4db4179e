"""``invoke register``, ``models``, ``pin``: from a trained model to the one that Terraform deploys.

Example::

    invoke register --job scones-dev-20260101-120000 --env dev
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scones import settings
from scones.errors import InputError
from scones.tasks.cli import task

if TYPE_CHECKING:
    from rich.console import Console

    from scones.settings import Environment

ENV = "the environment: a folder of terraform/environments; local where not given"


@task(help={"job": "the training job's name", "env": ENV})
def register(context, job, env=None):
    """Register the model of a training job that has ended; approve and pin it if it passes the gate.

    invoke register --job scones-dev-20260101-120000 --env dev
    """
    from rich.console import Console

    register_job(settings.load(env), job, Console())


@task(help={"env": ENV})
def models(context, env=None):
    """List the registered versions, newest first, with the one that is pinned."""
    from rich.console import Console

    from scones import registry
    from scones.errors import RegistryError

    environment = settings.load(env)
    console = Console()
    found = registry.versions(environment)
    if not found:
        console.print(f"no model is registered in environment '{environment.name}' yet; next: invoke train")
        return
    try:
        pinned = registry.read_pin(environment.pin_path).package_arn
    except RegistryError:
        pinned = None
    console.print(_table(found, pinned))


@task(
    positional=["version"],
    help={"version": "the version's number, as invoke models lists it", "approve": "approve it first", "env": ENV},
)
def pin(context, version, approve=False, env=None):
    """Make a registered version the one that Terraform deploys: promote it, or roll back to it.

    A version that waits for approval needs --approve; one that was rejected cannot be pinned. The artifact is checked
    against the SHA-256 that it was registered with.

    invoke pin 3 --env dev
    """
    from rich.console import Console

    from scones import registry

    if not str(version).isdecimal():
        raise InputError(f"'{version}' is not a version's number", hint="invoke models lists them: 1, 2, …")
    environment = settings.load(env)
    pinned = registry.pin(environment, int(version), approve=approve)
    Console().print(f"version {pinned.version} is pinned in {environment.pin_path}", soft_wrap=True)
    Console().print(f"next: invoke tf.apply --env {environment.name}")


def register_job(environment: Environment, job: str, console: Console) -> None:
    """Register a training job's model, and say what became of it."""
    from scones import registry

    with console.status("registering"):
        version = registry.register(environment, job)
    approved = version.status == "Approved"
    console.print(
        registry.verdict(environment, version), style="green" if approved else "yellow", soft_wrap=True, highlight=False
    )
    if approved:
        console.print(f"next: invoke tf.apply --env {environment.name}")


def _table(found: list[Any], pinned: str | None) -> Any:
    """Versions as a table, newest first."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    colours = {"Approved": "green", "PendingManualApproval": "yellow", "Rejected": "red"}
    table = Table(
        box=SIMPLE, padding=(0, 1, 0, 0), caption="accuracy: on the validation images", caption_justify="left"
    )
    table.add_column("version", justify="right")
    table.add_column("status", no_wrap=True)
    table.add_column("accuracy", justify="right")
    for title in ("data set", "commit", "created"):
        table.add_column(title, no_wrap=True)
    for version in found:
        model = version.model
        status = version.status + (", pinned" if version.arn == pinned else "")
        table.add_row(
            str(version.version),
            Text(status, style=colours.get(version.status, "")),
            "" if version.accuracy is None else f"{version.accuracy:.3f}",
            model.dataset_fingerprint[:12] if model else "",
            _short(model.git_commit) if model else "",
            f"{version.created:%Y-%m-%d}",
        )
    return table


def _short(commit: str) -> str:
    """A commit as git abbreviates it, with a plus where files differed from it."""
    clean = commit.removesuffix("-dirty")
    return clean[:8] + ("+" if clean != commit else "")
