"""The JSON texts of requests, and what AWS says of texts that are not JSON.

AWS reads them with Jackson. The words of two of its errors are recorded.

Example::

    >>> problem("not json")
    "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    >>> problem("{'a': 1}")
    "Unexpected character (''' (code 39)): was expecting double-quote to start field name"
    >>> problem('{"a": 1}')
"""

from __future__ import annotations

import json
import re

from localcloud.stepfunctions.api.errors import ApiError
from localcloud.stepfunctions.language import values

ANY = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'"
EXPECTED = {
    "Expecting property name enclosed in double quotes": "double-quote to start field name",
    "Expecting ':' delimiter": "a colon to separate field name and value",
}


def problem(text: str) -> str | None:
    """What is wrong with a JSON text; None if nothing is."""
    try:
        values.parsed(text)
    except json.JSONDecodeError as error:
        rest = text[error.pos :]
        if token := re.match(r"[A-Za-z_]\w*", rest):
            return f"Unrecognized token '{token.group()}': was expecting ({ANY})"
        if rest and error.msg in EXPECTED:
            return f"Unexpected character ('{rest[0]}' (code {ord(rest[0])})): was expecting {EXPECTED[error.msg]}"
        return error.msg
    except ValueError as error:
        return str(error)
    return None


def execution_input(text: str) -> str:
    """An execution's input, if it is JSON.

    Raises:
        ApiError: InvalidExecutionInput.
    """
    wrong = problem(text) if text.strip() else "Invalid execution input."
    if wrong:
        raise ApiError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{wrong}'")
    return text
