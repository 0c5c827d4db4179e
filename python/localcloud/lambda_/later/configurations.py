"""Where the configurations of asynchronous invocations are: with their function, by their qualifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.lambda_ import routing

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaBackend, LambdaFunction

LATEST = "$LATEST"


def configurations(latest: LambdaFunction) -> dict[str, dict[str, Any]]:
    """The configurations of a function by their qualifier: ``$LATEST``, a version, or an alias.

    Args:
        latest: The function's version ``$LATEST``. What belongs to the function as a whole is there.

    Returns:
        FunctionEventInvokeConfigs, as the API has them.
    """
    found: dict[str, dict[str, Any]] = latest.__dict__.setdefault("event_invoke_configurations", {})
    return found


def configuration_of(backend: LambdaBackend, name: str, qualifier: str | None) -> Mapping[str, Any] | None:
    """The configuration for events with a qualifier. None if there is none.

    Raises:
        UnknownFunctionException: There is no such function.
    """
    return configurations(routing.latest(backend, name)).get(qualifier or LATEST)
