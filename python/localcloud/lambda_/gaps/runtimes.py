"""A function has a runtime and a handler, and its runtime is one that Lambda still takes.

moto: ``awslambda/models.py``, ``LambdaFunction`` takes any runtime, and none.

AWS: the API Reference, CreateFunction: "Runtime … is required if the deployment package is a .zip file archive", and
the same of Handler. Lambda Developer Guide, "Runtime deprecation policy": functions of a runtime whose block date has
passed cannot be created, and cannot be updated to it. The words are those of AWS's answers. What the local cloud cannot
run is refused before, by name: :data:`localcloud.fidelity.PARTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend

from localcloud.lambda_.gaps.settings import check_first

BLOCKED = ("python2.7", "python3.6", "python3.7")
NEWEST = "python3.14"
MISSING = "Runtime and Handler are mandatory parameters for functions created with deployment packages."


def apply() -> None:
    """Replace moto's functions."""
    check_first(_check)
    create = LambdaBackend.create_function

    def create_function(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        if not (spec.get("Runtime") and spec.get("Handler")):
            raise InvalidParameterValueException(MISSING)
        return create(self, spec)

    LambdaBackend.create_function = create_function


def _check(given: Mapping[str, Any]) -> None:
    if given.get("Runtime") in BLOCKED:
        raise InvalidParameterValueException(
            f"The runtime parameter of {given['Runtime']} is no longer supported for creating or updating AWS Lambda "
            f"functions. We recommend you use the new runtime ({NEWEST}) while creating or updating functions."
        )
