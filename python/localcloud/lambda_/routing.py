"""Which version of a function a request runs: an alias may send a part of its requests to a second version.

AWS: Lambda Developer Guide, "Implement Lambda canary deployments using a weighted alias".
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from localcloud.lambda_ import names

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction


def chosen(
    backend: LambdaBackend, name: str, qualifier: str | None, *, draw: Callable[[], float] = random.random
) -> LambdaFunction:
    """The version that one request runs.

    Args:
        name: The function's name or ARN. It may have a qualifier too.
        qualifier: A version or an alias. None if the name has it, or if there is none.
        draw: Answers a number from 0 to 1, without 1.

    Raises:
        UnknownFunctionException: There is no such function, version or alias.
    """
    function = backend.get_function(name, qualifier)
    alias = alias_of(backend, name, qualifier)
    if alias is None:
        return function
    version = drawn(weights_of(alias), draw())
    return backend.get_function(function.function_name, version) if version else function


def alias_of(backend: LambdaBackend, name: str, qualifier: str | None) -> LambdaAlias | None:
    """The alias that a name and a qualifier mean. None if they mean none."""
    found = names.read_inner(name)
    meant = qualifier or (found.qualifier if found else None)
    if found is None or meant is None or found.name not in backend._lambdas._functions:
        return None
    arn = latest(backend, found.name).function_arn
    return backend._lambdas._aliases[arn].get(meant)


def latest(backend: LambdaBackend, name: str) -> LambdaFunction:
    """The version ``$LATEST`` of a function, which has what belongs to the function as a whole.

    Raises:
        UnknownFunctionException: There is no such function.
    """
    return backend.get_function(name)


def weights_of(alias: LambdaAlias) -> Mapping[str, float]:
    """An alias's AdditionalVersionWeights."""
    given: Mapping[str, Mapping[str, float]] = alias.routing_config or {}
    return given.get("AdditionalVersionWeights") or {}


def drawn(weights: Mapping[str, float], number: float) -> str | None:
    """The additional version on which a number from 0 to 1 falls. None if it falls on the alias's own version.

    Example::

        >>> drawn({"2": 0.25}, 0.2), drawn({"2": 0.25}, 0.25)
        ('2', None)
    """
    for version, weight in weights.items():
        if number < weight:
            return version
        number -= weight
    return None
