"""The modules' examples in one configuration, applied as a user applies them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scones import aws
from scones.settings import ROOT, Environment
from scones.terraform import configuration
from scones.terraform.binary import Binary

from . import provider
from .workbench import inventory, untrained_model

BUCKET = "scones-given"


@dataclass(frozen=True)
class Command:
    """One terraform command that was run.

    Attributes:
        name: ``init``, ``apply``, ``plan`` or ``destroy``.
        code: Its exit code. For ``plan``, 2 if there are changes.
        said: Its output.
        seconds: How long it took.
        left: What the cloud has after this command and did not have before the first.
    """

    name: str
    code: int
    said: str
    seconds: float
    left: dict[str, set[str]]


def found(root: Path = ROOT) -> dict[str, Path]:
    """The examples' folders, by MODULE_EXAMPLE."""
    folders = sorted(path.parent for path in root.glob("terraform/modules/*/examples/*/main.tf"))
    return {f"{folder.parent.parent.name}_{folder.name}": folder for folder in folders}


def run(environment: Environment, binary: Binary) -> list[Command]:
    """Apply, plan and destroy every example in the environment's cloud, from a copy of the project."""
    folder = environment.root / "examples"
    folder.mkdir()
    (folder / "main.tf").write_text(together(environment.root, folder, _given(environment)))

    def client(service: str):
        return aws.client(environment, service)

    before = inventory(client)
    variables = {**provider.variables(environment.build, binary), **aws.variables(environment)}

    def terraform(variables: Mapping[str, str], name: str, *options: str) -> Command:
        begun = time.monotonic()
        ended = subprocess.run(
            [binary.path, f"-chdir={folder}", name, "-input=false", "-no-color", *options],
            env=variables,
            capture_output=True,
            text=True,
            timeout=600,
        )
        standing = {kind: names - before[kind] for kind, names in inventory(client).items()}
        seconds = time.monotonic() - begun
        return Command(name, ended.returncode, ended.stdout + ended.stderr, seconds, standing)

    commands = [terraform(variables, "init")]
    if commands[0].code:
        return commands
    with provider.serving(folder, binary, variables) as attached:
        for line in (("apply", "-auto-approve"), ("plan", "-detailed-exitcode"), ("destroy", "-auto-approve")):
            commands.append(terraform(attached, *line))
            if commands[-1].code == 1:
                break
    return commands


def together(root: Path, folder: Path, given: Mapping[str, str]) -> str:
    """A configuration in a folder: one module block for each example, with values for the variables that it leaves
    open."""
    text = 'provider "aws" {\n  max_retries = 5\n}\n'
    for name, example in found(root).items():
        wanted = [block.name for block in configuration.read(example) if block.kind == "variable"]
        # A module's source is relative to the configuration's folder.
        lines = [f'source = "{os.path.relpath(example, folder)}"', *(f'{name} = "{given[name]}"' for name in wanted)]
        text += f'\nmodule "{name}" {{\n' + "".join(f"  {line}\n" for line in lines) + "}\n"
    return text


def _given(environment: Environment) -> dict[str, str]:
    """Make what the examples expect to exist: a bucket with a model."""
    key = "models/untrained/output/model.tar.gz"
    path = environment.build / "model.tar.gz"
    sha256 = untrained_model(path, seed=1)
    s3 = aws.client(environment, "s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(path), BUCKET, key)
    return {"bucket": BUCKET, "artifact_uri": f"s3://{BUCKET}/{key}", "artifact_sha256": sha256}
