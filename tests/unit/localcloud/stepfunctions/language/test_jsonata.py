"""JSONata as AWS evaluates it. The causes and the refusals are AWS's own words, as recorded."""

import contextlib
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.stepfunctions.language import jsonata_evaluation
from localcloud.stepfunctions.language.jsonata import Expression, InvalidExpression, Template, is_expression
from localcloud.stepfunctions.language.scope import StateFailure

MEMORY = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
STACK = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive"


def evaluate(text, given=None, **variables):
    return Expression(text).evaluate({"input": given, "context": {"State": {"Name": "A"}}}, variables, field="Output/r")


def failure(text, given=None, **variables):
    with pytest.raises(StateFailure) as raised:
        evaluate(text, given, **variables)
    assert raised.value.error == "States.QueryEvaluationError"
    start = f"The JSONata expression '{text}' specified for the field 'Output/r' "
    assert raised.value.cause.startswith(start)
    return raised.value.cause.removeprefix(start)


def refusals(text):
    with pytest.raises(InvalidExpression) as raised:
        Expression(text)
    return [(problem.code, problem.message) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$partition([0, 1, 2], 2)", [[0, 1], [2]]),
        ("$partition([0], 5)", [[0]]),
        ("$partition([1, 2, 3])", [[1, 2, 3]]),
        ("$partition([1, 2, 3, 4, 5], 2.9)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 10, 3)", [0, 3, 6, 9]),
        ("$range(1, 9, 9)", 1),
        ("$range(10, 0, -5)", [10, 5, 0]),
        ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]),
        ("$count($range(1, 360145, 1))", 360145),
        ("$hash('Hello', 'SHA-1')", "f7ff9e8b7bb2e09b70935a5d785e0cc5d9d0abf0"),
        ("$hash('ñ', 'MD5')", "94e9342ecbb1458b6043ecd3bfcbc192"),
        ("$random(42)", 0.7275636800328681),
        ("$random(0.9)", 0.730967787376657),
        ("$random() = $random()", False),
        ("$uuid() = $uuid()", False),
        ("""$parse('{"Arg1": 1.0, "Arg2": [], "n": null}')""", {"Arg1": 1, "Arg2": [], "n": None}),
        ("$parse('-0')", 0),
        ("$parse('9223372036854775807')", 9223372036854775807),
        ("$parse('9223372036854775808')", 9.223372036854776e18),
        ("""$map(['{"a":1}', '{"a":2}'], $parse).a""", [1, 2]),
    ],
)
def test_functions_of_aws(text, result):
    assert evaluate(text) == result


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("$parse('x')", "D3137: Invalid JSON"),
        ("""$parse('{"a":1,"a":2}')""", "D3137: Invalid JSON"),
        ("$parse('1e400')", "D3137: Invalid JSON"),
        ("$parse(null)", 'T0410: Argument 1 of function "parse" does not match function signature'),
        ("$partition([1], -1)", "D3137: Second argument must be zero or greater"),
        ("$hash('a', 'md5')", "D3137: Hash algorithm 'md5' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5"),
        ("$range(1)", 'T0410: Argument 2 of function "range" does not match function signature'),
        ("$uuid('x')", 'T0410: Argument 1 of function "uuid" does not match function signature'),
        ("$random(1, 2)", 'T0410: Argument 2 of function "random" does not match function signature'),
        ("$eval('1+1')", "T1006: Attempted to invoke a non-function"),
        ("$randomSeeded(3)", "T1006: Attempted to invoke a non-function"),
        ("1 + {}", 'T2002: The right side of the "+" operator must evaluate to a number'),
        ("1 < 'a'", 'T2009: The values 1 and "a" either side of operator "<" must be of the same data type'),
        ("$sum(['a'])", 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
        ("$each('x', function($v){$v})", 'T0410: Argument 1 of function "each" does not match function signature'),
        ("$min(2, 3)", 'T0410: Argument 2 of function "min" does not match function signature'),
        ("$sqrt(-1)", "D3060: The sqrt function cannot be applied to a negative number: -1"),
        ("$replace('a', '', 'b')", "D3010: Second argument of replace function cannot be an empty string"),
        ("$number('abc')", 'D3030: Unable to cast value to a number: "abc"'),
        ("$error('no stock')", "D3137: no stock"),
        ("-'x'", 'D1002: Cannot negate a non-numeric value: "x"'),
    ],
)
def test_an_error_of_jsonata_is_named_with_its_code(text, error):
    assert failure(text) == f"threw an error during evaluation. {error}"


@pytest.mark.parametrize(
    "text", ["$missing", "$states.input.missing", "$range(1, 5)", "$hash('a')", "$partition([], 2)"]
)
def test_nothing_is_a_failure(text):
    assert failure(text, {}) == "returned nothing (undefined)."


@pytest.mark.parametrize("text", ["$fn := function($x){$x}", "$sum", "{'f': [$sum]}", "/a/"])
def test_a_function_is_no_result(text):
    assert failure(text) == "returned an unsupported result type."


def test_a_result_of_the_wrong_type():
    failed = Expression("{'foo': 'bar'}").unexpected({"foo": "bar"}, expected="array", field="Items")
    assert failed.cause == (
        "The JSONata expression '{'foo': 'bar'}' specified for the field 'Items' returned an unexpected result type. "
        """Expected 'array', but was 'object' for value: {"foo":"bar"}"""
    )


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$states.input.n", None),
        ("$exists($states.input.n)", True),
        ("$count($states.input.n)", 1),
        ("$states.input.list[$ = null]", None),
        ("$states.input.list", [1, None]),
        ("$nothing", None),
        ("$states.input.whole", 1),
        ("$states.input ~> |$|{'n': 1}|", {"n": 1, "list": [1, None], "whole": 1}),
        ("$sum([1, 2, 3]) / 2", 3),
        ("1 / 3 * 3", 1),
        ("5.5 % 2", 1.5),
        ("1/0", "Infinity"),
        ("[-1/0]", ["-Infinity"]),
        ("{'k': 0/0}", {"k": "NaN"}),
        ("$string(1e20)", "100000000000000000000"),
        ("$string(1e21)", "1e+21"),
        ("$string(1/3)", "0.333333333333333"),
        ("1 in [true]", False),
        ("$distinct([1, true, 1])", [1, True]),
        ("$sort([{'a': 1, 'i': 1}, {'a': 1, 'i': 2}], function($l, $r){$l.a > $r.a}).i", [1, 2]),
        ("$replace('abab', 'a', 'x', 1)", "xbab"),
        ("$replace('John Smith', /(\\w+)\\s(\\w+)/, '$2, $1')", "Smith, John"),
        ("$contains('hello$world', /^hello\\$/)", True),
        ("$length('\\uD834\\uDD1E')", 1),
        ("{'b': 1, 'a': 2}", {"b": 1, "a": 2}),
        ("[{'x': 1}, {'x': 2}][x = 2]", {"x": 2}),
    ],
)
def test_values(text, result):
    found = evaluate(text, {"n": None, "list": [1, None], "whole": 1.0}, nothing=None)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("1" + "+1" * 100, STACK),
        ("(" * 100 + "1" + ")" * 100, STACK),
        ("($f := function($x){ $x <= 0 ? 0 : 1 + $f($x - 1) }; $f(32))", STACK),
        ("[1..873783] ~> $count()", MEMORY),
        ("$range(1, 1000000000, 1)", MEMORY),
        ("($f := function($s, $n){ $n = 0 ? $s : $f($s & $s, $n - 1) }; $f('x', 23))", MEMORY),
        ("$pad('x', 1000000000)", MEMORY),
    ],
)
def test_limits(text, ending):
    assert failure(text) == f"threw an error during evaluation: {ending}"


@pytest.mark.parametrize(
    "text",
    [
        "1" + "+1" * 99,
        "(" * 99 + "1" + ")" * 99,
        "($f := function($x){ $x <= 0 ? 0 : 1 + $f($x - 1) }; $f(31))",
        "[1..873782] ~> $count()",
    ],
)
def test_what_the_limits_allow(text):
    assert evaluate(text) > 0


@pytest.mark.parametrize(
    "text", ["($f := function($x){ $f($x + 1) }; $f(1))", "$contains('" + "a" * 60 + "!', /^(a|aa)+$/)"]
)
def test_what_never_ends_is_stopped(text, monkeypatch):
    monkeypatch.setattr(jsonata_evaluation, "MAX_SECONDS", 0.1)
    assert failure(text) == "threw an error during evaluation: Expression evaluation timeout: Check for infinite loop"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a[1,2)", 'Expected "]", got ","'),
        ('"unterminated', "String literal must be terminated by a matching quote"),
        ("1 +", "Unexpected end of expression"),
        ('{"a":}', 'The symbol "}" cannot be used as a unary operator'),
        ("$x :=", "Unexpected end of expression"),
        ('$match("a", /abc', "No terminating / in regular expression"),
        ("phone %.other", 'The symbol "." cannot be used as a unary operator'),
        ("", "Unexpected end of expression"),
        ("[1!2]", 'Unknown operator: "!"'),
        ("1 /* open", "Comment has no closing tag"),
        ("$a ?? 1", 'The symbol "?" cannot be used as a unary operator'),
    ],
)
def test_what_is_no_jsonata_is_refused(text, message):
    assert refusals(text) == [("INVALID_JSONATA_EXPRESSION", message)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("phone", ["phone"]),
        ("aaa + bbb", ["aaa", "bbb"]),
        ("$.phone", ["$"]),
        ("{'v': phone[0]}", ["phone"]),
        ("$map($states.input.a, function($x){ b })", ["b"]),
    ],
)
def test_there_is_no_context_at_the_top_level(text, names):
    code = "UNSUPPORTED_JSONATA_EXPRESSION"
    assert refusals(text) == [(code, f"Reference to '{name}' at the top level is not supported.") for name in names]


def test_there_is_no_root():
    assert refusals("$states.input.a[$$.b]") == [
        ("UNSUPPORTED_JSONATA_EXPRESSION", "Reference to '$$' is not supported.")
    ]


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("$a + $sum($b)", {"a", "b"}),
        ("$states.input.x[y > $least]^(z).{'k': $k}", {"least", "k"}),
        ("($x := $y; $x)", {"y"}),
        ("($x; $x := 1)", {"x"}),
        ("$map($items, function($v, $i){ $v * $i * $by })", {"items", "by"}),
        ("($f := function($n){ $n = 0 ? 1 : $f($n - 1) }; $f(3))", set()),
        ("$states.input.orders@$o.items#$i[$o.id = $i].name", set()),
        ("$parse($states.input.text)", set()),
    ],
)
def test_variables(text, variables):
    assert Expression(text).variables == variables


def test_a_field_of_states_that_is_not_there():
    expression = Expression("$states.errorOutput.Cause & $states.result.x & $states.input.y")
    assert [problem.message for problem in expression.missing({"input", "context", "result"})] == [
        "Field '$states.errorOutput' does not exist."
    ]
    assert expression.missing({"input", "context", "result", "errorOutput"}) == []


def test_a_variable_hides_a_function_of_the_same_name():
    assert evaluate("$sum", sum=3) == 3


def test_a_template_keeps_what_is_no_expression():
    template = Template({"a": "{% $n + 1 %}", "b": [" {% $n %} ", None, 1.5, {"c": "{%$n%}"}], "d": "$n"})
    assert template.evaluate({}, {"n": 1}, field="Output") == {
        "a": 2,
        "b": [" {% $n %} ", None, 1.5, {"c": 1}],
        "d": "$n",
    }
    assert [expression.text for expression in template.expressions] == ["$n + 1", "$n"]


def test_a_template_names_the_field_that_fails():
    with pytest.raises(StateFailure, match="'Output/a/b\\[0\\]\\[1\\]' returned nothing"):
        Template({"a": {"b": [[1, "{% $no %}"]]}}).evaluate({}, {}, field="Output")


@pytest.mark.parametrize("text", ["{% a", "a %}", "{%}", " {% a %}", 1, None])
def test_what_is_no_expression(text):
    assert not is_expression(text)


def test_an_evaluation_changes_neither_its_data_nor_the_next_one():
    given = {"empty": [], "list": [1, None], "o": {"n": None}}
    states = {"input": given}
    expression = Expression("($x := $count($states.input.list); $states.input.empty{'k': $x}; $total := $sum; $x)")
    assert [expression.evaluate(states, {}, field="Output") for _ in range(2)] == [2, 2]
    assert given == {"empty": [], "list": [1, None], "o": {"n": None}}
    assert failure("$x") == "returned nothing (undefined)."
    assert '"sum"' in failure("$sum(['a'])")


def test_threads_share_an_expression():
    expression = Expression("$reduce($map($states.input, function($v){ $v * $by }), function($a, $b){ $a + $b })")
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda by: expression.evaluate({"input": [1, 2, 3]}, {"by": by}, field="Output"), range(100))
    assert list(found) == [6 * by for by in range(100)]


def test_data_nested_very_deep_is_a_failure_and_no_crash():
    deep = []
    for _ in range(sys.getrecursionlimit()):
        deep = [deep]
    assert failure("$states.input", deep) == f"threw an error during evaluation: {STACK}"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_a_value_comes_through_unchanged(value):
    found = Template({"v": "{% $v %}"}).evaluate({}, {"v": value}, field="Output")["v"]
    assert found == value


SIGNS = [*"()[]{}|^%*.+-/<>=&?:,;@#~!'\"\\ "]
NAMES = [
    "$states.input",
    "$x",
    "$",
    "1",
    "'a'",
    "null",
    "..",
    ":=",
    "~>",
    "in",
    "and",
    "/a+/",
    "**",
    "[0]",
    "{'k':",
    "a",
]
CALLS = ["function($v)", "$map(", "$sum(", "$string(", "$replace(", "$parse(", "$toMillis(", "$fromMillis("]
FRAGMENTS = st.sampled_from([*SIGNS, *NAMES, *CALLS])


@given(st.lists(FRAGMENTS, max_size=12), JSON)
@settings(max_examples=400, deadline=None)
def test_no_text_does_anything_but_answer_or_fail_as_aws_does(fragments, value):
    with contextlib.suppress(InvalidExpression, StateFailure):
        Expression("".join(fragments)).evaluate({"input": value}, {"x": value}, field="Output")
