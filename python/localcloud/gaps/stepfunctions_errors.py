"""The interpreter's refusals carry their error code, such as InvalidDefinition or InvalidExecutionInput.

moto: ``stepfunctions/parser/api.py`` keeps the code in ``code``, where ``stepfunctions/exceptions.py`` puts the HTTP
status, so that the answer has none (``x-amzn-errortype: UnknownError``).

AWS: the errors of each action in the AWS Step Functions API Reference.
"""

from __future__ import annotations

from moto.stepfunctions.exceptions import AWSError
from moto.stepfunctions.parser import api


def apply() -> None:
    for found in vars(api).values():
        if isinstance(found, type) and issubclass(found, AWSError) and isinstance(vars(found).get("code"), str):
            found.TYPE = found.code
