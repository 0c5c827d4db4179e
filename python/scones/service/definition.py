"""The state machine's definition: ``asl/classify_image.asl.json`` with its partition and the functions' ARNs filled in.

Example::

    text = (ROOT / "asl" / "classify_image.asl.json").read_text()
    render(text, values("aws", "us-east-1", "123456789012", {"classify-image": "scones-dev-classify-image", …}))

Terraform fills the same file with ``templatefile``; :func:`render` gives the same text and knows ``${name}`` only.
Language: the Amazon States Language, https://states-language.net/spec.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from scones.errors import InputError

FUNCTIONS = ("serialize-image-data", "classify-image", "filter-low-confidence")
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def placeholders(text: str) -> set[str]:
    """The names that a template asks for."""
    return set(PLACEHOLDER.findall(text))


def function_names(environment: str) -> dict[str, str]:
    """The functions' names in an environment, by what they do: as the service stack names them."""
    return {function: f"scones-{environment}-{function}" for function in FUNCTIONS}


def values(partition: str, region: str, account: str, names: Mapping[str, str]) -> dict[str, str]:
    """What the template's placeholders stand for: the partition, and the functions' ARNs.

    Args:
        partition: The one that the region belongs to: ``aws``, ``aws-cn``, ``aws-us-gov``, ….
        names: The functions' names by what they do, as :func:`function_names` or the service stack's outputs give them.
    """
    arns = {
        f"{function.replace('-', '_')}_arn": f"arn:{partition}:lambda:{region}:{account}:function:{name}"
        for function, name in names.items()
    }
    return {"partition": partition, **arns}


def render(text: str, given: Mapping[str, str]) -> str:
    """The template with its placeholders filled.

    Raises:
        InputError: a placeholder has no value, or a value no placeholder.
    """
    asked = placeholders(text)
    if asked != set(given):
        raise InputError(
            f"the definition asks for {', '.join(sorted(asked))}, and is given {', '.join(sorted(given))}",
            hint="the placeholders of asl/classify_image.asl.json are partition and the functions' names with _arn",
        )
    return PLACEHOLDER.sub(lambda found: given[found.group(1)], text)
