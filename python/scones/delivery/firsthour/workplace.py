"""The environment in which it is tried: a copy of a project's environment, with a name and a folder of its own.

Example::

    >>> from scones import settings
    >>> name_of(settings.load("dev"))
    'checkdev'

All its resources are named ``scones-checkENV…``. So neither a used environment in the same account nor the files of
the checkout are touched: the steps change settings, pin models and commit, all in ``build/aws-check/ENV/project``.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from imageclassification import files
from scones import settings
from scones.errors import InputError, SetupError
from scones.settings import Environment

LONGEST = 12
DIGEST = 5
# The settings that differ from the environment's. Everything is deleted at the end, so it must be allowed. The limit of
# latency is between what a small and a very deep network take for an image.
LATENCY_MS = 250
FOUNDATION = {"force_destroy": True, "customer_managed_key": False, "vpc": None}
SERVICE: dict[str, Any] = {"endpoint_autoscaling": None, "endpoint_hours": None}
SERVICE |= {"endpoint_rollback": {"latency_ms": LATENCY_MS}}
# A budget would count the used environment too, and the team would get the mails of alarms that are made to ring.
SERVICE |= {"monthly_budget_usd": None, "budget_scope": None, "alarm_emails": None}
# The pipeline's roles trust it for a while, so it must be nobody's: GitHub takes no owner that begins with a hyphen.
REPOSITORY = "-nobody-/first-hour"
IGNORED = "/build/\n.terraform/\n.terraform.lock.hcl\n"


def name_of(environment: Environment) -> str:
    """The name of the environment in which it is tried: as short as Terraform wants it (variables.tf of the stacks).

    A name that is too long ends in a digest, so that no two environments share one.

    Example::

        >>> name_of(replace(settings.load("dev"), name="production1"))
        'checkpr5a22e'
    """
    name = f"check{environment.name}"
    if len(name) > LONGEST:
        name = name[: LONGEST - DIGEST] + hashlib.sha256(environment.name.encode()).hexdigest()[:DIGEST]
    return name


def folder(environment: Environment) -> Path:
    """The folder of everything about it: the notes, the logs, and the copy of the project."""
    return environment.build / "aws-check" / environment.name


@contextlib.contextmanager
def alone(environment: Environment) -> Iterator[Path]:
    """Give the folder of everything about it, to one run at a time.

    Raises:
        InputError: another run is under way in this checkout.
    """
    place = folder(environment)
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"another invoke aws.check of environment '{environment.name}' is running in {place}",
                hint="wait for its end, or end it with Ctrl-C and run this again: it goes on from there",
            ) from None
        yield place


def make(environment: Environment) -> Environment:
    """Copy the project's files, unless an interrupted run has done so, and give the copy's environment.

    Raises:
        InputError: the project has an environment of the copy's name, which would be deleted at the end.
        SetupError: there is no git, which the pipeline's step needs.
    """
    if (taken := name_of(environment)) in settings.names(environment.root):
        raise InputError(
            f"invoke aws.check of environment '{environment.name}' makes and deletes an environment '{taken}', but the "
            "project has one of this name",
            hint="give that environment another name, or check another one: --env NAME",
        )
    root = folder(environment) / "project"
    if not (root / ".git").exists():
        shutil.rmtree(root, ignore_errors=True)
        _copy(environment, root)
        commit(root, "the project as it is")
    copied = settings.load(name_of(environment), root=root, variables={})
    return replace(
        copied,
        cloud_path=environment.cloud_path,
        profile=environment.profile,
        credentials=environment.credentials,
    )


def change(environment: Environment, file: str, **values: Any) -> Environment:
    """Change settings of the copy. Values that are None are left out, so that Terraform takes its default.

    Args:
        file: ``foundation``, ``service`` or ``bootstrap``.

    Returns:
        The environment with the new settings.
    """
    path = environment.folder / f"{file}.tfvars.json"
    now = json.loads(path.read_text()) if path.exists() else {}
    wanted = {name: value for name, value in {**now, **values}.items() if value is not None}
    files.write(path, json.dumps(wanted, indent=2) + "\n")
    if file == "foundation":
        return replace(environment, foundation=wanted)
    return replace(environment, service=wanted) if file == "service" else environment


def commit(root: Path, message: str) -> None:
    """Commit all files of the copy, because a saved plan is of a commit.

    Raises:
        SetupError: git fails.
    """
    own = ["-c", "user.name=aws.check", "-c", "user.email=aws.check@localhost", "-c", "commit.gpgsign=false"]
    for line in (["init", "-q"], ["add", "-A"], [*own, "commit", "-q", "--allow-empty", "-m", message]):
        try:
            subprocess.run(["git", "-C", str(root), *line], check=True, capture_output=True, text=True, env=_plain())
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", None) or error
            raise SetupError(f"git {line[-1]} fails in {root}: {said}", hint="install git") from None


def _plain() -> dict[str, str]:
    """Without the variables of a git hook that may run this, which name another repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def _copy(environment: Environment, root: Path) -> None:
    left = shutil.ignore_patterns(".terraform*", "__pycache__", "environments")
    for name in ("terraform", "asl", "lambdas"):
        shutil.copytree(environment.root / name, root / name, ignore=left)
    (root / ".gitignore").write_text(IGNORED)
    own = root / "terraform" / "environments" / name_of(environment)
    own.mkdir(parents=True)
    told = json.loads((environment.folder / "environment.json").read_text())
    told.pop("model_pin", None)  # beside the copy's other files
    files.write(own / "environment.json", json.dumps(told, indent=2) + "\n")
    copied = replace(environment, name=name_of(environment), root=root)
    for file, before, values in (
        ("foundation", environment.foundation, FOUNDATION),
        ("service", environment.service, SERVICE),
    ):
        change(copied, file, **{**before, **values})
    # Terraform, its provider and the image archive are downloaded once.
    (root / "build").mkdir(exist_ok=True)
    for name in ("terraform", "downloads"):
        shared = environment.downloads / name
        shared.mkdir(parents=True, exist_ok=True)
        (root / "build" / name).symlink_to(shared.resolve())
