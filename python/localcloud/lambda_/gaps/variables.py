"""A function's environment variables have allowed names and fit into 4 KB.

moto: ``awslambda/models.py``, ``LambdaFunction`` takes any variables.

AWS: "Defined runtime environment variables" of the Lambda Developer Guide lists the reserved names. Environment of the
API Reference has the pattern of a name. "Lambda quotas" has the limit: 4 KB for all variables of a function.
CreateFunction and UpdateFunctionConfiguration answer InvalidParameterValueException.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend

LIMIT = 4096  # bytes of the variables as JSON
NAME = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+")
RESERVED = frozenset(
    (
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    )
)
_UNABLE = (
    "Lambda was unable to configure your environment variables because the environment variables you have provided "
)


def apply() -> None:
    """Replace moto's functions."""
    create, update = LambdaBackend.create_function, LambdaBackend.update_function_configuration

    def create_function(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        _check(spec)
        return create(self, spec)

    def update_function_configuration(
        self: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]
    ) -> Any:
        _check(body)
        return update(self, function_name, qualifier, body)

    LambdaBackend.create_function = create_function
    LambdaBackend.update_function_configuration = update_function_configuration


def problem(variables: Mapping[str, str]) -> str | None:
    """Why Lambda refuses the variables. None if it takes them.

    Example::

        >>> problem({"COLOUR": "red"}) is None
        True
        >>> problem({"AWS_REGION": "eu-west-1"}).rpartition(". ")[2]
        'Reserved keys used in this request: AWS_REGION'
    """
    if reserved := sorted(variables.keys() & RESERVED):
        return (
            f"{_UNABLE}contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if any(not NAME.fullmatch(name) for name in variables):
        return (
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must "
            f"satisfy constraint: [Member must satisfy regular expression pattern: {NAME.pattern}]"
        )
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > LIMIT:
        return f"{_UNABLE}exceeded the 4KB limit. String measured: {measured}"
    return None


def _check(given: Mapping[str, Any]) -> None:
    if found := problem((given.get("Environment") or {}).get("Variables") or {}):
        raise InvalidParameterValueException(found)
