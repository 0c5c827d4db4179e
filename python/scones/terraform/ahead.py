"""Applies a stack so that work can begin before S3's lifecycle rules are in force.

The AWS provider waits until S3 has given the new rules ten times in a row, which takes about a minute, on AWS and on
every other server. Nothing needs the rules: S3 applies them to objects that are days old. So the first apply of a stack
takes two steps. The first one makes everything else. The second one makes the rules, while something useful goes on.

Example (not run: it needs a running cloud)::

    rest = apply_ahead(Stack(settings.load("local"), "foundation", log=Path("build/local/foundation.log")))
    outputs = stack.outputs()           # they are all here: upload, train
    rest()                              # waits for the rules
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scones.terraform import configuration
from scones.terraform.configuration import text_of
from scones.terraform.stack import Stack

RULES = "aws_s3_bucket_lifecycle_configuration"


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
    # Not a daemon: after an interruption, the process waits until Terraform has saved its state.
    with_rules = ThreadPoolExecutor(1, thread_name_prefix="terraform")
    applied = with_rules.submit(stack.apply)
    with_rules.shutdown(wait=False)
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
