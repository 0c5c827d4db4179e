"""Definitions that cannot run are refused at creation, and the refusal is no fault of the engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.stepfunctions.language.compiler import compile_definition
from localcloud.stepfunctions.language.findings import InvalidDefinition

TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True}


def of(state: dict[str, Any], **top: Any) -> str:
    return json.dumps({"StartAt": "A", "States": {"A": state}, **top})


def findings(definition: str) -> list[tuple[str, str | None]]:
    with pytest.raises(InvalidDefinition) as refused:
        compile_definition(definition)
    return [(found.message, found.location) for found in refused.value.findings]


def test_a_path_that_is_nested_too_deeply_is_refused():
    deep = "$[?(" + "(" * 30_000 + "@.a" + ")" * 30_000 + ")]"
    assert [where for _, where in findings(of({"Type": "Pass", "InputPath": deep, "End": True}))] == [
        "/States/A/InputPath"
    ]


def test_what_looks_like_an_expression_is_text_in_a_field_without_expressions():
    retry = [{"ErrorEquals": ["{% ( %}"]}]
    assert compile_definition(of(TASK | {"Retry": retry}, QueryLanguage="JSONata")).references == {}


def test_misplaced_fields_are_found_in_the_order_of_the_definition():
    names = [f"Field{number}" for number in range(20)]
    found = findings(of({"Type": "Pass", "End": True, **dict.fromkeys(names, 1)}))
    assert [where for _, where in found] == [f"/States/A/{name}" for name in names]
