"""Applies a stack so that work can begin before what takes a minute of waiting is in force.

The AWS provider waits until S3 has given the new rules ten times in a row, which takes about a minute, on AWS and on
every other server. Nothing needs the rules: S3 applies them to objects that are days old. So the first apply of a stack
takes two steps. The first one makes everything else. The second one makes the rules, while something useful goes on.

The provider also waits half a minute for each change of a queue, until SQS has given its attributes six times in a row.
The queues of arrivals need no model. So they can be made while one is trained, before the rest of the service.

Example (not run: it needs a running cloud)::

    rest = apply_ahead(Stack(settings.load("local"), "foundation", log=Path("build/local/foundation.log")))
    outputs = stack.outputs()           # they are all here: upload, train
    arrivals = arrivals_ahead(settings.load("local"), log=Path("build/local/service.log"))
    rest()                              # waits for the rules
    arrivals()                          # waits for the queues
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scones.terraform import configuration
from scones.terraform.configuration import text_of
from scones.terraform.stack import Stack

if TYPE_CHECKING:
    from scones.settings import Environment

RULES = "aws_s3_bucket_lifecycle_configuration"
ARRIVALS = tuple(f'module.arrival["on"].module.{queue}.aws_sqs_queue.this' for queue in ("arrivals", "endings"))
# The stack requires a model, and these need none: Terraform reads no more of it than this.
NO_MODEL = {
    "package_arn": "",
    "version": 0,
    "image_uri": "",
    "artifact_uri": "",
    "artifact_sha256": "",
    "class_labels": ["a", "b"],
}


def apply_ahead(stack: Stack) -> Callable[[], None]:
    """Apply a stack. If this is its first apply, its lifecycle rules are still being applied when this returns.

    Returns:
        Waits until everything is applied, and raises the errors of :meth:`Stack.apply`.

    Raises:
        TerraformError: Terraform failed.
        SetupError: Terraform or its provider is missing.
        LocalCloudError: the environment's local cloud is not running.
    """
    if stack.backend.read(stack.name).outputs:
        stack.apply()
        return lambda: None
    stack.apply(only=[address for address in addresses(stack.folder) if f"{RULES}." not in address])
    return _meanwhile(stack.apply)


def arrivals_ahead(environment: Environment, *, log: Path) -> Callable[[], None]:
    """Begin to make the queues of a service that takes arrivals. The foundation must be applied.

    Args:
        log: Terraform's output goes to this file.

    Returns:
        Waits until they are made, and raises the errors of :meth:`Stack.apply`.
    """
    if environment.service.get("arrival") is None:
        return lambda: None
    path = environment.build / "no-model.tfvars.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"model": NO_MODEL}))
    return _meanwhile(partial(Stack(replace(environment, pin_path=path), "service", log=log).apply, only=ARRIVALS))


def _meanwhile(apply: Callable[[], None]) -> Callable[[], None]:
    """Begin to apply. Returns what waits for its end."""
    # Not a daemon: after an interruption, the process waits until Terraform has saved its state.
    thread = ThreadPoolExecutor(1, thread_name_prefix="terraform")
    applied = thread.submit(apply)
    thread.shutdown(wait=False)
    return applied.result


def addresses(folder: Path) -> Iterator[str]:
    """The addresses of the resources in a stack's or a module's files, including those of its modules.

    Example::

        >>> from scones import settings
        >>> found = list(addresses(settings.ROOT / "terraform" / "stacks" / "foundation"))
        >>> found[-1], f"module.bucket.{RULES}.this" in found
        ('aws_sagemaker_model_package_group.this', True)
    """
    for block in configuration.read(folder):
        if block.kind == "resource":
            yield ".".join(block.labels)
        elif block.kind == "module":
            inside = addresses(folder / text_of(block.arguments["source"]))
            yield from (f"module.{block.name}.{address}" for address in inside)
