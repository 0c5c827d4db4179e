"""A definition is parsed on its own, refused by its error's name, and refused where it is in JSONata.

moto: ``stepfunctions/parser/asl/parse/preprocessor.py``, ``Preprocessor._query_language_per_scope`` is one list for all
instances, so a rejected definition changes how every later one is read, and so do two parsed at the same time;
``parser/api.py`` keeps the error's code in ``code``, where ``stepfunctions/exceptions.py`` puts the HTTP status, so
that the answer has none (``x-amzn-errortype: UnknownError``); ``parser/asl/jsonata/jsonata.py`` has no evaluator.

AWS: state machines are independent of each other; InvalidDefinition and the other errors of each action are in the AWS
Step Functions API Reference. AWS runs JSONata; the local cloud says that it does not when the state machine is made.
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
    name_errors()
    parse_apart()
    refuse_jsonata()


def name_errors() -> None:
    for found in vars(api).values():
        if isinstance(found, type) and issubclass(found, AWSError) and isinstance(vars(found).get("code"), str):
            found.TYPE = found.code


def parse_apart() -> None:
    def __init__(self: Preprocessor) -> None:
        self._query_language_per_scope = []

    Preprocessor.__init__ = __init__


def refuse_jsonata() -> None:
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
    """Whether a definition, or a state within it, is written in JSONata."""
    if isinstance(node, dict):
        return node.get("QueryLanguage") == "JSONata" or any(uses_jsonata(value) for value in node.values())
    return isinstance(node, list) and any(uses_jsonata(value) for value in node)
