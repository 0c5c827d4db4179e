"""What holds for every definition, every path and every value."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.stepfunctions.language import fields, intrinsics, timestamps, values
from localcloud.stepfunctions.language.choices import COMPARISONS, compare, matcher, read_rule
from localcloud.stepfunctions.language.compiler import compile_definition
from localcloud.stepfunctions.language.findings import InvalidDefinition
from localcloud.stepfunctions.language.intrinsics import Call, InvalidCall
from localcloud.stepfunctions.language.jsonpath import NoResults, Path
from localcloud.stepfunctions.language.pathsyntax import InvalidPath, Key
from localcloud.stepfunctions.language.scope import EvaluationFailure, Scope

QUICK = settings(max_examples=80, deadline=None)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
names = st.sampled_from(["a", "b", "c d", "n"]) | texts
anything = st.recursive(
    scalars, lambda inside: st.lists(inside, max_size=4) | st.dictionaries(names, inside, max_size=4), max_leaves=12
)
operands = st.sampled_from(
    ["@", "@.a", "@.b", "@['c d']", "$.a", "@.*", "@..a", "1", "-2.5", "'x'", "true", "null", "[1,'a']", "/a.*/i",
     "/(/", "word", "01", "\u0661"]
)  # fmt: skip
operators = st.sampled_from(
    ["==", "!=", "<", "<=", ">", ">=", "=~", "in", "nin", "subsetof", "anyof", "noneof", "size", "empty", "contains"]
)
conditions = st.recursive(
    operands | st.tuples(operands, operators, operands).map(" ".join),
    lambda inside: (
        st.tuples(inside, st.sampled_from(["&&", "||"]), inside).map(" ".join) | inside.map(lambda one: f"!({one})")
    ),
    max_leaves=4,
)
parts = (
    st.sampled_from([".a", ".b", "['c d']", "[0]", "[-1]", "[0,1]", "[1:]", "[:-1]", "[*]", ".*", "..a", "..[0]", "..*",
                     "['a','b']", "..['a','b']", ".length()", ".sum()", ".keys()", ".first()", ".stddev()"])
    | conditions.map(lambda one: f"[?({one})]")
)  # fmt: skip
paths = st.lists(parts, max_size=5).map(lambda some: "$" + "".join(some))


@QUICK
@given(paths, anything)
def test_a_path_finds_something_or_nothing(text: str, root: Any) -> None:
    path = Path(text)
    try:
        found = path.value(root)
    except (NoResults, InvalidPath):
        return
    json.dumps(found)
    if not path.definite and not text.endswith(")"):
        assert isinstance(found, list)


@QUICK
@given(st.text("$@.[]()'\"*?:,-0123abc &|=<>!/\\~\n", max_size=20))
def test_any_text_is_a_path_or_is_refused(text: str) -> None:
    with suppress(InvalidPath, NoResults):
        Path("$" + text).value({"a": [1, {"b": "c"}]})


@QUICK
@given(st.lists(texts, min_size=1, max_size=4))
def test_the_names_of_a_path_are_read_as_they_are_written(keys: list[str]) -> None:
    quoted = [key.replace("\\", "\\\\").replace("'", "\\'") for key in keys]
    text = "$" + "".join(f"['{key}']" for key in quoted)
    assert Path(text).steps == tuple(Key(key) for key in keys)
    root: Any = 7
    for key in reversed(keys):
        root = {key: root}
    assert Path(text).value(root) == 7


@QUICK
@given(st.text("States.Format(){}',$\\ [0123]@?truenlMhAd", max_size=30))
def test_any_text_is_a_call_or_is_refused(text: str) -> None:
    with suppress(InvalidCall):
        Call.read("States." + text)


@QUICK
@given(st.sampled_from(sorted(intrinsics.FUNCTIONS)), st.lists(anything, max_size=4) | st.lists(numbers, max_size=3))
def test_a_function_gives_a_value_or_fails_as_aws_does(name: str, given_: list[Any]) -> None:
    text = f"States.{name}({', '.join(f'$[{number}]' for number in range(len(given_)))})"
    try:
        found = Call.read(text).evaluate(Scope(given_))
    except InvalidCall:
        return
    except EvaluationFailure as failure:
        found = failure.error
        assert found == "States.IntrinsicFailure"
    json.dumps(found)


@QUICK
@given(anything)
def test_string_to_json_undoes_json_to_string(value: Any) -> None:
    assert Call.read("States.StringToJson(States.JsonToString($))").evaluate(Scope(value)) == value


@QUICK
@given(texts)
def test_format_writes_a_text_as_it_is(text: str) -> None:
    assert Call.read("States.Format('{}', $)").evaluate(Scope(text)) == text
    escaped = "".join(f"\\{letter}" if letter in "'{}\\" else letter for letter in text)
    assert Call.read(f"States.Format('{escaped}')").evaluate(Scope()) == text


@QUICK
@given(texts)
def test_base64_is_undone(text: str) -> None:
    assert Call.read("States.Base64Decode(States.Base64Encode($))").evaluate(Scope(text)) == text


@QUICK
@given(st.lists(anything, max_size=8), st.integers(1, 9))
def test_partitions_together_are_the_array(array: list[Any], size: int) -> None:
    found = Call.read("States.ArrayPartition($.a, $.n)").evaluate(Scope({"a": array, "n": size}))
    assert [item for part in found for item in part] == array
    assert all(len(part) == size for part in found[:-1])


@QUICK
@given(st.lists(anything, max_size=8))
def test_unique_items_are_those_of_the_array_once(array: list[Any]) -> None:
    found = Call.read("States.ArrayUnique($)").evaluate(Scope(array))
    assert all(any(values.same(item, one) for one in found) for item in array)
    assert not any(values.same(a, b) for number, a in enumerate(found) for b in found[number + 1 :])


@QUICK
@given(st.sampled_from(sorted(COMPARISONS)), anything, anything)
def test_a_comparison_is_true_or_false_of_any_two_values(name: str, found: Any, wanted: Any) -> None:
    if name.endswith("Path"):
        rule = {"Variable": "$[0]", name: "$[1]"}
        assert read_rule(rule).holds(Scope([found, wanted])) in (True, False)
    elif not name.startswith("Is") and not (name == "StringMatches" and not isinstance(wanted, str)):
        assert compare(name, found, wanted) in (True, False)


@QUICK
@given(texts)
def test_a_pattern_that_is_escaped_matches_its_text_alone(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("*", "\\*")
    assert matcher(escaped).fullmatch(text)
    assert not matcher(escaped).fullmatch(text + "x")
    assert matcher(escaped + "*").fullmatch(text + "x")


@QUICK
@given(st.floats(0, 4e9))
def test_a_moment_is_read_as_it_is_written(moment: float) -> None:
    read = timestamps.seconds(timestamps.written(moment))
    assert read is not None
    assert abs(read - moment) < 0.002


def test_the_last_microsecond_of_a_second_is_not_rounded_up() -> None:
    assert timestamps.written(1.9999999).startswith("1970-01-01T00:00:0")


@QUICK
@given(anything)
def test_any_json_is_compiled_or_refused(value: Any) -> None:
    _compiled(value)


known = sorted(
    {name for kind in fields.TYPES for name in fields.of_any_language(kind)}
    | fields.PROCESSOR | fields.RETRIER | fields.CATCHER | fields.READER | fields.BATCHER | fields.WRITER
)  # fmt: skip
state_values = anything | st.sampled_from(
    ["S", "T", "$.a", "$$.x", "States.UUID()", "{% $states.input %}", "{% ( %}", "arn:aws:states:::sqs:sendMessage", 1,
     True, [{"ErrorEquals": ["States.ALL"], "Next": "T"}], [{"Variable": "$.a", "IsNull": True, "Next": "T"}],
     [{"Condition": "{% true %}", "Next": "T"}], [{"And": [{"Variable": 1}], "Next": []}], {"a.$": "$.b"}, {"a.$": 1},
     {"Mode": "DISTRIBUTED"}, {"ProcessorConfig": {"Mode": []}, "StartAt": "S", "States": {"S": {"Type": "Succeed"}}}]
)  # fmt: skip
some_states = st.builds(
    lambda kind, language, rest: {**rest, **language, "Type": kind},
    st.sampled_from(fields.TYPES),
    st.sampled_from([{}, {"QueryLanguage": "JSONata"}, {"QueryLanguage": "JSONPath"}]),
    st.dictionaries(st.sampled_from(known), state_values, max_size=6),
)


@settings(max_examples=150, deadline=None)
@given(some_states, st.dictionaries(st.sampled_from(sorted(fields.WHOLE_MACHINE - {"States"})), anything, max_size=2))
def test_any_state_is_compiled_or_refused(state: dict[str, Any], top: dict[str, Any]) -> None:
    _compiled({"StartAt": "S", "States": {"S": state, "T": {"Type": "Succeed"}}, **top})


def _compiled(value: Any) -> None:
    for express in (False, True):
        try:
            program = compile_definition(json.dumps(value), express=express)
        except InvalidDefinition as error:
            found = error.findings, str(error)
        else:
            found = program.states, program.start
        assert all(found)


@pytest.mark.parametrize(
    "text", ["", " ", "{", "[]", "null", "NaN", '"a"', "{'a': 1}", "[" * 5000, '{"a":1,}', "\ud800"]
)
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidDefinition):
        compile_definition(text)


DEEP = 900


@pytest.mark.parametrize(
    "definition",
    [
        '{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Parameters":'
        + '{"a":' * DEEP
        + "1"
        + "}" * (DEEP + 3),
        '{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"InputPath":"$[?('
        + "(" * DEEP
        + "@"
        + ")" * DEEP
        + ')]"}}}',
        '{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"InputPath":"$[?(' + "!" * DEEP + '@)]"}}}',
    ],
    ids=["a template", "brackets in a filter", "negations in a filter"],
)
def test_what_is_nested_deeply_is_compiled_or_refused(definition: str) -> None:
    _compiled(json.loads(definition))


def test_a_deep_value_is_searched() -> None:
    value: Any = {"n": 1}
    for _ in range(5000):
        value = [value]
    assert Path("$..n").value(value) == [1]


def test_half_a_surrogate_pair_is_a_text_as_any_other() -> None:
    half = json.loads(r'"\ud800"')
    assert not values.too_large(half)
    assert Call.read("States.Base64Decode(States.Base64Encode($))").evaluate(Scope(half)) == "?"
    assert Call.read("States.Hash($, 'MD5')").evaluate(Scope(half))
