"""Definitions are parsed independently of each other. Errors have their names. JSONata is refused.

moto: ``stepfunctions/parser/asl/parse/preprocessor.py``, ``Preprocessor._query_language_per_scope`` is one list for all
instances: a rejected definition changes how later ones are read, and so do two definitions that are parsed at once.
``parser/api.py`` keeps the error's name in ``code``, but ``stepfunctions/exceptions.py`` uses ``code`` for the HTTP
status, so the answer has no name (``x-amzn-errortype: UnknownError``). ``parser/asl/jsonata/jsonata.py`` has no
evaluator.

AWS: state machines are independent of each other. The errors of each action, such as InvalidDefinition, are in the AWS
Step Functions API Reference. AWS runs JSONata. The local cloud refuses it when the state machine is created.
"""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.exceptions import AWSError
from moto.stepfunctions.parser import api
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.models import StepFunctionsParserBackend


def apply() -> None:
    """Replace moto's functions."""
    name_errors()
    parse_apart()
    refuse_jsonata()


def name_errors() -> None:
    """Let moto's errors answer with their names."""
    for found in vars(api).values():
        if _is_error(found):
            found.TYPE = found.code


def _is_error(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, AWSError) and isinstance(vars(found).get("code"), str)


def parse_apart() -> None:
    """Give each preprocessor a list of its own."""

    def __init__(self: Preprocessor) -> None:
        self._query_language_per_scope = []

    Preprocessor.__init__ = __init__


def refuse_jsonata() -> None:
    """Let CreateStateMachine and UpdateStateMachine refuse JSONata."""
    validate = StepFunctionsParserBackend._validate_definition

    def _validate_definition(definition: str) -> None:
        try:
            parsed = json.loads(definition)
        except ValueError as error:
            raise InvalidDefinition(f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error}'") from None
        if uses_jsonata(parsed):
            raise InvalidDefinition("the local cloud does not support QueryLanguage JSONata: use JSONPath")
        validate(definition=definition)

    StepFunctionsParserBackend._validate_definition = staticmethod(_validate_definition)


def uses_jsonata(node: Any) -> bool:
    """Whether a definition or one of its states uses JSONata.

    Example::

        >>> uses_jsonata({"StartAt": "A", "States": {"A": {"Type": "Pass", "QueryLanguage": "JSONata", "End": True}}})
        True
        >>> uses_jsonata({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
        False
    """
    if isinstance(node, dict):
        return node.get("QueryLanguage") == "JSONata" or any(uses_jsonata(value) for value in node.values())
    return isinstance(node, list) and any(uses_jsonata(value) for value in node)
