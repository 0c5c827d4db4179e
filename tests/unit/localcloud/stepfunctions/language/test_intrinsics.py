"""Every intrinsic function, its limits, and how a call is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from localcloud.stepfunctions.language.intrinsics import FUNCTIONS, Call, InvalidCall
from localcloud.stepfunctions.language.scope import EvaluationFailure, Scope
from localcloud.stepfunctions.language.templates import Payload

GIVEN = {
    "n": 3,
    "half": 2.5,
    "text": "a,b",
    "list": [1, 2, 3, 1],
    "object": {"a": 1, "b": [True, None]},
    "json": '{"a":1}',
}
SCOPE = Scope(GIVEN, {"State": {"Name": "S"}}, {"v": [7]})


def value(call: str, given: Any = GIVEN) -> Any:
    return Call.read(call).evaluate(Scope(given, SCOPE.context, SCOPE.variables))


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("States.Format('plain')", "plain"),
        ("States.Format('{} and {}', $.n, 'x')", "3 and x"),
        ("States.Format('{}', $.half)", "2.5"),
        ("States.Format('{} {} {}', true, null, -1)", "true null -1"),
        ("States.Format($.text)", "a,b"),
        (r"States.Format('\{\} \'{}\' \\', 1)", "{} '1' \\"),
        ("States.Format('{a} {}', 1)", "{a} 1"),
        ("States.StringToJson($.json)", {"a": 1}),
        ("States.StringToJson('[1, 2.5, null]')", [1, 2.5, None]),
        ("States.JsonToString($.object)", '{"a":1,"b":[true,null]}'),
        ("States.JsonToString('a')", '"a"'),
        ("States.Array()", []),
        ("States.Array(1, 'a', $.n, true, null, States.Array())", [1, "a", 3, True, None, []]),
        ("States.ArrayPartition($.list, 3)", [[1, 2, 3], [1]]),
        ("States.ArrayPartition(States.Array(), 3)", []),
        ("States.ArrayPartition($.list, 10)", [[1, 2, 3, 1]]),
        ("States.ArrayContains($.list, 2)", True),
        ("States.ArrayContains($.list, '2')", False),
        ("States.ArrayContains(States.Array($.object), $.object)", True),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(0, -4, -2)", [0, -2, -4]),
        ("States.ArrayRange(1, 1, 1)", [1]),
        ("States.ArrayRange(2, 1, 1)", []),
        ("States.ArrayGetItem($.list, 1)", 2),
        ("States.ArrayLength($.list)", 4),
        ("States.ArrayUnique($.list)", [1, 2, 3]),
        ("States.ArrayUnique(States.Array(1, '1', true, $.object, $.object))", [1, "1", True, GIVEN["object"]]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGF0YSB0byBkZWNvZGU=')", "Data to decode"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("States.Hash('a', 'MD5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("States.JsonMerge($.object, States.StringToJson('{\"b\":{\"y\":2}}'), false)", {"a": 1, "b": {"y": 2}}),
        ("States.MathAdd(111, -1)", 110),
        ("States.StringSplit('1,2,,3', ',')", ["1", "2", "3"]),
        ("States.StringSplit('a.b+c', '.+')", ["a", "b", "c"]),
        ("States.ArrayLength($v)", 1),
        ("States.Format('{}', $$.State.Name)", "S"),
        ("States.Format( '{}' , States.MathAdd( $.n , 1 ) )", "4"),
        ("States.ArrayLength($.list[?(@ > 1 && @ < 3)])", 1),
        ("States.ArrayLength($['list'])", 4),
        ("States.ArrayContains($.list[*], 3)", True),
    ],
)  # fmt: skip
def test_values(call: str, found: Any) -> None:
    assert value(call) == found
    assert repr(value(call)) == repr(found)


@pytest.mark.parametrize(
    ("algorithm", "digits"), [("MD5", 32), ("SHA-1", 40), ("SHA-256", 64), ("SHA-384", 96), ("SHA-512", 128)]
)
def test_hashes(algorithm: str, digits: int) -> None:
    assert re.fullmatch(rf"[0-9a-f]{{{digits}}}", value(f"States.Hash('x', '{algorithm}')"))


def test_random_numbers() -> None:
    assert {value("States.MathRandom(1, 4)") for _ in range(200)} == {1, 2, 3}
    assert len({value("States.MathRandom(1, 1000000, 7)") for _ in range(5)}) == 1


def test_unique_ids() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", value("States.UUID()"))
    assert value("States.UUID()") != value("States.UUID()")


@pytest.mark.parametrize(
    "call",
    [
        "States.Format('{}')",
        "States.Format('{}', 1, 2)",
        "States.StringToJson('{')",
        "States.StringToJson(1)",
        "States.ArrayPartition($.list, 0)",
        "States.ArrayPartition($.list, -1)",
        "States.ArrayPartition(1, 1)",
        "States.ArrayContains(1, 1)",
        "States.ArrayRange(1, 9, 0)",
        "States.ArrayRange(1, 1001, 1) , 1",
        "States.ArrayRange(1, 1001, 1)",
        "States.ArrayGetItem($.list, 4)",
        "States.ArrayGetItem($.list, -1)",
        "States.ArrayLength('abc')",
        "States.ArrayUnique('abc')",
        "States.Base64Encode(1)",
        "States.Base64Decode('***')",
        "States.Hash('x', 'SHA-3')",
        "States.JsonMerge($.object, $.object, true)",
        "States.JsonMerge($.object, 1, false)",
        "States.MathAdd('1', 1)",
        "States.MathRandom(2, 2)",
        "States.StringSplit(1, ',')",
    ],
)
def test_arguments_that_do_not_fit(call: str) -> None:
    call = call.removesuffix(" , 1")
    with pytest.raises(EvaluationFailure) as failed:
        value(call)
    assert failed.value.error == "States.IntrinsicFailure"
    assert call in str(failed.value.cause)


def test_limits() -> None:
    assert len(value("States.ArrayRange(1, 1000, 1)")) == 1000
    for call in ("States.Base64Encode($)", "States.Hash($, 'MD5')"):
        assert value(call, "x" * 10_000)
        with pytest.raises(EvaluationFailure):
            value(call, "x" * 10_001)
    nested = "1"
    for _ in range(10):
        nested = f"States.Array({nested})"
    assert value(nested)
    with pytest.raises(InvalidCall):
        Call.read(f"States.Array({nested})")


def test_a_path_that_finds_nothing() -> None:
    with pytest.raises(EvaluationFailure) as failed:
        value("States.Format('{}', $.missing)")
    assert failed.value.error == "States.Runtime"


@pytest.mark.parametrize(
    "text",
    ["States.Nothing()", "States.Format", "States.Format(", "States.Format('a'", "States.Format('a)",
     "States.Format(a)", "States.Format('a') b", "States.Format('a',)", "States.Format(,'a')", "States.UUID(1)",
     "States.MathAdd(1)",
     r"States.Format('\a')", 'States.Format("a")', "States.Format($.)", "Format('a')", "States.format('a')", ""],
)  # fmt: skip
def test_what_is_no_call(text: str) -> None:
    with pytest.raises(InvalidCall):
        Call.read(text)


def test_in_a_payload_template() -> None:
    template = {"a.$": "States.MathAdd($.n, 1)", "b": [{"c.$": "$.text"}, "$.text"], "d": "States.UUID()"}
    assert Payload(template).evaluate(SCOPE) == {"a": 4, "b": [{"c": "a,b"}, "$.text"], "d": "States.UUID()"}


def test_every_function_has_a_test() -> None:
    text = Path(__file__).read_text()
    assert [name for name in FUNCTIONS if f"States.{name}(" not in text] == []
