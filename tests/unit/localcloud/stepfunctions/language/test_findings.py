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


ITEM = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "I",
    "States": {"I": {"Type": "Succeed"}},
}
GET = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key.$": "$.k"}}
PUT = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}


def config(**values: Any) -> dict[str, Any]:
    return {"ItemReader": {**GET, "ReaderConfig": values}}


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (config(InputType="XML"), "ItemReader/ReaderConfig/InputType"),
        (config(InputType=5), "ItemReader/ReaderConfig/InputType"),
        (config(CSVDelimiter="X"), "ItemReader/ReaderConfig/CSVDelimiter"),
        (config(CSVHeaderLocation="X"), "ItemReader/ReaderConfig/CSVHeaderLocation"),
        (config(CSVHeaderLocation="GIVEN"), "ItemReader/ReaderConfig"),
        (config(CSVHeaderLocation="GIVEN", CSVHeaders=5), "ItemReader/ReaderConfig/CSVHeaders"),
        (config(MaxItems="2"), "ItemReader/ReaderConfig/MaxItems"),
        (config(MaxItems=2, MaxItemsPath="$.n"), "ItemReader/ReaderConfig"),
        (config(ItemsPointer="a"), "ItemReader/ReaderConfig/ItemsPointer"),
        ({"ItemReader": {**GET, "ReaderConfig": 5}}, "ItemReader/ReaderConfig"),
        ({"ItemReader": {**GET, "Resource": None}}, "ItemReader"),
        ({"ItemReader": {**GET, "Parameters": {"Bucket": "b"}}}, "ItemReader/Parameters"),
        ({"ItemReader": {**GET, "Parameters": {"Bucket": 5, "Key": "k"}}}, "ItemReader/Parameters/Bucket"),
        ({"ItemReader": {"Resource": GET["Resource"]}}, "ItemReader/Parameters"),
        ({"ItemBatcher": {"MaxItemsPerBatch": 0}}, "ItemBatcher/MaxItemsPerBatch"),
        ({"ItemBatcher": {"MaxInputBytesPerBatch": 262_145}}, "ItemBatcher/MaxInputBytesPerBatch"),
        ({"ResultWriter": {}}, "ResultWriter"),
        ({"ResultWriter": {"Resource": PUT["Resource"]}}, "ResultWriter/Parameters"),
        ({"ResultWriter": {**PUT, "WriterConfig": 5}}, "ResultWriter/WriterConfig"),
        ({"ResultWriter": {"WriterConfig": {"Transformation": "X"}}}, "ResultWriter/WriterConfig/Transformation"),
        ({"ResultWriter": {"WriterConfig": {"OutputType": "CSV"}}}, "ResultWriter/WriterConfig/OutputType"),
        ({"ToleratedFailurePercentage": "5"}, "ToleratedFailurePercentage"),
        ({"ToleratedFailurePercentage": "{% 5 %}"}, "ToleratedFailurePercentage"),
    ],
)
def test_a_distributed_maps_wrong_fields_are_found_at_creation(wrong, where):
    found = findings(of({"Type": "Map", "ItemProcessor": ITEM, "End": True, **wrong}))
    assert [place for _, place in found] == [f"/States/A/{where}"]


@pytest.mark.parametrize(
    "right",
    [
        config(InputType="csv", CSVHeaderLocation="GIVEN", CSVHeaders=["a"], CSVDelimiter="tab", MaxItems=0),
        {"ItemBatcher": {"MaxItemsPerBatchPath": "$.n", "MaxInputBytesPerBatch": 262_144}},
        {"ResultWriter": {**PUT, "WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}}},
        {"ToleratedFailurePercentage": 0.5},
    ],
)
def test_a_distributed_maps_right_fields_are_taken(right):
    assert compile_definition(of({"Type": "Map", "ItemProcessor": ITEM, "End": True, **right})).start == "A"


@pytest.mark.parametrize(
    ("state", "where"),
    [
        ({"Type": "Map", "Items": 5, "ItemProcessor": ITEM, "End": True}, "Items"),
        ({"Type": "Choice", "Choices": [{"Condition": 5, "Next": "A"}], "Default": "A"}, "Choices[0]/Condition"),
        ({"Type": "Choice", "Choices": [{"Condition": "$x", "Next": "A"}], "Default": "A"}, "Choices[0]/Condition"),
    ],
)
def test_a_constant_of_the_wrong_type_in_jsonata_is_found_at_creation(state, where):
    assert f"/States/A/{where}" in [place for _, place in findings(of(state, QueryLanguage="JSONata"))]


@pytest.mark.parametrize("name", ["InputType", "CSVHeaderLocation", "CSVDelimiter", "CSVHeaders", "ItemsPointer"])
def test_an_expression_that_would_not_be_evaluated_is_found_at_creation(name):
    reader = {"Resource": GET["Resource"], "Arguments": {"Bucket": "b", "Key": "{% $states.input.k %}"}}
    reader["ReaderConfig"] = {"MaxItems": "{% 5 %}", name: "{% 'CSV' %}"}
    found = findings(
        of({"Type": "Map", "ItemProcessor": ITEM, "End": True, "ItemReader": reader}, QueryLanguage="JSONata")
    )
    assert [where for _, where in found] == [f"/States/A/ItemReader/ReaderConfig/{name}"]
