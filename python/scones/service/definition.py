"""Fills the partition and the functions' ARNs into the state machine's definition, ``asl/classify_image.asl.json``.

Example::

    >>> given = values("aws", "us-east-1", "123456789012", {"classify-image": "scones-dev-classify-image"})
    >>> render("${classify_image_arn} in ${partition}", given)
    'arn:aws:lambda:us-east-1:123456789012:function:scones-dev-classify-image in aws'

Terraform fills the same file with ``templatefile``. :func:`render` gives the same text, and supports only ``${name}``.
Language: the Amazon States Language, https://states-language.net/spec.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from scones.errors import InputError

PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def placeholders(text: str) -> set[str]:
    """The names of a template's placeholders.

    Example::

        >>> placeholders('{"Resource": "${classify_image_arn}"}')
        {'classify_image_arn'}
    """
    return set(PLACEHOLDER.findall(text))


def functions(text: str) -> tuple[str, ...]:
    """The functions that a template calls, in the template's order, as the service stack's map names them.

    Example::

        >>> functions('{"FunctionName": "${classify_image_arn}"}')
        ('classify-image',)
    """
    arns = [name for name in PLACEHOLDER.findall(text) if name.endswith("_arn")]
    return tuple(dict.fromkeys(name.removesuffix("_arn").replace("_", "-") for name in arns))


def function_names(text: str, environment: str) -> dict[str, str]:
    """The names of a template's functions in an environment, as the service stack gives them.

    Example::

        >>> function_names('{"FunctionName": "${classify_image_arn}"}', "dev")
        {'classify-image': 'scones-dev-classify-image'}
    """
    return {function: f"scones-{environment}-{function}" for function in functions(text)}


def values(partition: str, region: str, account: str, names: Mapping[str, str]) -> dict[str, str]:
    """The placeholders' values: the partition and the functions' ARNs.

    Args:
        partition: The region's partition: ``aws``, ``aws-cn``, ``aws-us-gov``, ….
        names: The functions' names by role, from :func:`function_names` or the service stack's output
            ``function_names``.
    """
    arns = {
        f"{function.replace('-', '_')}_arn": f"arn:{partition}:lambda:{region}:{account}:function:{name}"
        for function, name in names.items()
    }
    return {"partition": partition, **arns}


def images_a_child(classes: int, numbers: Mapping[str, int]) -> int:
    """How many images an execution of a batch takes: as many as have their rows in its output, and 40 at most.

    The service stack computes the same for the placeholder of ``asl/classify_batch.asl.json``, and says why.

    Args:
        classes: The number of the model's classes.
        numbers: The content of the service stack's ``batch.json``.

    Example::

        >>> numbers = {"images_a_child": 40, "output_bytes": 262144, "label_bytes": 64}
        >>> numbers |= {"row_bytes": 3072, "probability_bytes": 24}
        >>> [images_a_child(classes, numbers) for classes in (2, 100, 1000, 10_000)]
        [40, 40, 7, 1]
    """
    room = numbers["output_bytes"] - numbers["label_bytes"] * classes
    row = numbers["row_bytes"] + numbers["probability_bytes"] * classes
    return max(1, min(numbers["images_a_child"], room // row))


def render(text: str, given: Mapping[str, str]) -> str:
    """Fill a template's placeholders.

    Raises:
        InputError: a placeholder has no value, or a value has no placeholder.
    """
    asked = placeholders(text)
    if asked != set(given):
        raise InputError(
            f"the definition asks for {', '.join(sorted(asked))}, and is given {', '.join(sorted(given))}",
            hint="the placeholders of asl/classify_image.asl.json are partition and the functions' names with _arn",
        )
    return PLACEHOLDER.sub(lambda found: given[found.group(1)], text)
