"""A function's environment variables have allowed names and values, act, and fit into 4 KB.

moto: ``awslambda/models.py``, ``LambdaFunction`` takes any variables.

AWS: "Defined runtime environment variables" of the Lambda Developer Guide lists the reserved names. Environment of the
API Reference has the pattern of a name. "Lambda quotas" has the limit: 4 KB for all variables of a function.
CreateFunction and UpdateFunctionConfiguration answer InvalidParameterValueException. AWS does not document its words
for a value that no environment can hold.

Variables that change what Python does act on the runtime of AWS. The worker here starts without them, but for
PYTHONPATH, which it reads itself; so they are refused by name, and so is a wrapper script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException

from localcloud.lambda_.gaps.settings import check_first

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
#: Variables that would change how a function's code runs, and that nothing acts on here.
WITHOUT_EFFECT = frozenset(
    (
        "AWS_LAMBDA_EXEC_WRAPPER",
        "PYTHONASYNCIODEBUG",
        "PYTHONBREAKPOINT",
        "PYTHONDEVMODE",
        "PYTHONFAULTHANDLER",
        "PYTHONHASHSEED",
        "PYTHONHOME",
        "PYTHONINSPECT",
        "PYTHONINTMAXSTRDIGITS",
        "PYTHONOPTIMIZE",
        "PYTHONPLATLIBDIR",
        "PYTHONPROFILEIMPORTTIME",
        "PYTHONTRACEMALLOC",
        "PYTHONWARNINGS",
    )
)
_UNABLE = (
    "Lambda was unable to configure your environment variables because the environment variables you have provided "
)


def apply() -> None:
    """Replace moto's functions."""
    check_first(_check)


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
    if wrong := sorted(name for name, value in variables.items() if not is_text(value)):
        return f"{_UNABLE}contains a value that is not text without the character U+0000: {', '.join(wrong)}"
    if idle := sorted(name for name in variables.keys() & WITHOUT_EFFECT if variables[name]):
        return f"the local cloud does not support the environment variable {idle[0]} of a function: leave it out"
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > LIMIT:
        return f"{_UNABLE}exceeded the 4KB limit. String measured: {measured}"
    return None


def is_text(value: str) -> bool:
    """Whether a process can have a text in its environment.

    Example::

        >>> is_text("über"), is_text("a" + chr(0)), is_text(chr(0xD800))
        (True, False, False)
    """
    try:
        return b"\0" not in str(value).encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def _check(given: Mapping[str, Any]) -> None:
    if not is_text(given.get("Handler") or ""):  # it is a variable of the runtime, too
        raise InvalidParameterValueException("The handler is not text without the character U+0000.")
    if found := problem((given.get("Environment") or {}).get("Variables") or {}):
        raise InvalidParameterValueException(found)
