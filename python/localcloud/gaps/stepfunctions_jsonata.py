"""A definition in JSONata is refused by name, where moto would fail its first expression in the middle of an execution.

moto: ``stepfunctions/parser/asl/jsonata/jsonata.py`` has no evaluator (``_eval_jsonata = None``).

AWS: runs JSONata; this cloud's interpreter does not, and says so when the state machine is created or validated.
"""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.models import StepFunctionsParserBackend


def apply() -> None:
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
