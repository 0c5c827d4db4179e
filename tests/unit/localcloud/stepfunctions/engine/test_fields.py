"""One scenario for each field of a state, in JSONPath and in JSONata."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.stepfunctions.engine.effects import Invoke, Offer, StartMapRun
from localcloud.stepfunctions.language import fields
from localcloud.stepfunctions.language.scope import StateFailure

from .driver import ACTIVITY, FUNCTION, HANG, ROLE, chain, one, run, task

OTHER_ROLE = "arn:aws:iam::123456789012:role/other"
ITEM = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
SPREAD = {**ITEM, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
READER = "arn:aws:states:::s3:listObjectsV2"
GET = "arn:aws:states:::s3:getObject"
PUT = "arn:aws:states:::s3:putObject"
FAILS = one({"Type": "Fail", "Error": "E", "Cause": "c"})
SEEN: set[tuple[str, str, str]] = set()


def output(state: dict[str, Any], given: Any = None, *answers: Any) -> Any:
    """The output of a machine of one state, in JSONPath. Choices go to a state that passes its input on."""
    return _run(state, given, answers, "JSONPath").output


def jsonata(state: dict[str, Any], given: Any = None, *answers: Any) -> Any:
    """The output of a machine of one state, in JSONata."""
    return _run(state, given, answers, "JSONata").output


def _run(state: dict[str, Any], given: Any, answers: tuple[Any, ...], language: str) -> Any:
    states = {"S": state}
    if state["Type"] == "Choice" or "Catch" in state:
        states["T"] = {"Type": "Succeed"}
        if state["Type"] != "Choice":
            state["Next"] = "T"
    SEEN.update((language, state["Type"], name) for name in state)
    return run(chain(states, QueryLanguage=language), given, answers=answers)


def waited(state: dict[str, Any], given: Any = None, language: str = "JSONPath") -> float:
    return _run(state, given, (), language).now - 1000.0


def spec(state: dict[str, Any], given: Any = None, language: str = "JSONPath") -> dict[str, Any]:
    """What a distributed Map asks of its Map run."""
    found = {"Type": "Map", "ItemProcessor": SPREAD, **state}
    return dict(_run(found, given, (), language).left(StartMapRun)[0].spec)


def scheduled(state: dict[str, Any], given: Any = None, language: str = "JSONPath") -> dict[str, Any]:
    return dict(_run(state, given, (), language).of("LambdaFunctionScheduled")[0])


class TestPass:
    def test_result_is_the_output(self) -> None:
        assert output({"Type": "Pass", "Result": {"b": 2}, "Comment": "c"}, {"a": 1}) == {"b": 2}

    def test_result_path_puts_the_result_into_the_input(self) -> None:
        assert output({"Type": "Pass", "Result": 2, "ResultPath": "$.b.c"}, {"a": 1}) == {"a": 1, "b": {"c": 2}}

    def test_result_path_of_null_drops_the_result(self) -> None:
        assert output({"Type": "Pass", "Result": 2, "ResultPath": None}, {"a": 1}) == {"a": 1}

    def test_parameters_are_made_of_the_input(self) -> None:
        state = {"Type": "Pass", "Parameters": {"x.$": "$.a", "y": "$.a", "z": [{"w.$": "States.Array($.a)"}]}}
        assert output(state, {"a": 1}) == {"x": 1, "y": "$.a", "z": [{"w": [1]}]}

    def test_input_path_chooses_what_the_state_sees(self) -> None:
        assert output({"Type": "Pass", "InputPath": "$.a"}, {"a": [1]}) == [1]
        assert output({"Type": "Pass", "InputPath": None}, {"a": [1]}) == {}

    def test_output_path_chooses_what_goes_on(self) -> None:
        assert output({"Type": "Pass", "Result": 2, "ResultPath": "$.b", "OutputPath": "$.b"}, {"a": 1}) == 2
        assert output({"Type": "Pass", "OutputPath": None}, {"a": 1}) == {}

    def test_the_fields_work_in_their_order(self) -> None:
        state = {"Type": "Pass", "InputPath": "$.in", "Parameters": {"p.$": "$.v"}, "ResultPath": "$.r",
                 "OutputPath": "$['in','r']"}  # fmt: skip
        assert output(state, {"in": {"v": 1}, "more": 2}) == {"in": {"v": 1}, "r": {"p": 1}}

    def test_output_in_jsonata(self) -> None:
        state = {"Type": "Pass", "Output": {"x": "{% $states.input.a + 1 %}", "y": "$states.input"}, "Comment": "c"}
        assert jsonata(state, {"a": 1}) == {"x": 2, "y": "$states.input"}

    def test_assign_sets_variables_for_the_states_after(self) -> None:
        first = {"Type": "Pass", "Assign": {"v.$": "$.a", "w": {"x.$": "$.a"}}, "Result": {"a": 5}}
        then = {"Type": "Pass", "Parameters": {"v.$": "$v", "w.$": "$w.x", "in.$": "$.a"}}
        SEEN.add(("JSONPath", "Pass", "Assign"))
        assert run(chain({"A": first, "B": then}), {"a": 1}).output == {"v": 5, "w": 5, "in": 5}

    def test_assign_in_jsonata_sees_the_variables_before_it(self) -> None:
        first = {"Type": "Pass", "Assign": {"x": "{% $states.input.a %}", "y": 1}}
        swap = {"Type": "Pass", "Assign": {"x": "{% $y %}", "y": "{% $x %}"}, "Output": "{% $x %}"}
        then = {"Type": "Pass", "Output": "{% [$x, $y, $states.input] %}"}
        SEEN.add(("JSONata", "Pass", "Assign"))
        assert run(chain({"A": first, "B": swap, "C": then}, QueryLanguage="JSONata"), {"a": 7}).output == [1, 7, 7]

    def test_a_state_may_have_another_query_language_than_a_machine_in_jsonpath(self) -> None:
        assert output({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 + 1 %}"}) == 2
        assert jsonata({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 + 1 %}"}) == 2


class TestSucceed:
    def test_paths(self) -> None:
        state = {"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b", "Comment": "c"}
        assert output(state, {"a": {"b": 3}}) == 3

    def test_output(self) -> None:
        assert jsonata({"Type": "Succeed", "Output": "{% $states.input.a %}"}, {"a": 3}) == 3


class TestFail:
    def test_error_and_cause(self) -> None:
        assert _run({"Type": "Fail", "Error": "E", "Cause": "c"}, None, (), "JSONPath").failure == ("E", "c")
        assert _run({"Type": "Fail"}, None, (), "JSONPath").failure == (None, None)

    def test_their_paths(self) -> None:
        state = {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{} of {}', $.c, $.e)"}
        assert _run(state, {"e": "E", "c": "c"}, (), "JSONPath").failure == ("E", "c of E")

    def test_in_jsonata(self) -> None:
        state = {"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "{% 'c' & 1 %}"}
        assert _run(state, {"e": "E"}, (), "JSONata").failure == ("E", "c1")

    def test_an_error_that_is_no_text_fails_as_runtime(self) -> None:
        found = _run({"Type": "Fail", "ErrorPath": "$.e"}, {"e": 1}, (), "JSONPath").failure
        assert found[0] == "States.Runtime"
        found = _run({"Type": "Fail", "Error": "{% 1 %}"}, None, (), "JSONata").failure
        assert found[0] == "States.QueryEvaluationError"


class TestWait:
    def test_seconds(self) -> None:
        assert waited({"Type": "Wait", "Seconds": 7}) == 7
        assert waited({"Type": "Wait", "SecondsPath": "$.s"}, {"s": 7}) == 7
        assert waited({"Type": "Wait", "SecondsPath": "$$.Execution.Input.s", "InputPath": "$.s"}, {"s": 7}) == 7
        assert waited({"Type": "Wait", "Seconds": "{% $states.input.s + 1 %}"}, {"s": 7}, "JSONata") == 8

    def test_timestamp(self) -> None:
        moment = "1970-01-01T00:17:00Z"  # the clock begins at 1000 seconds
        assert waited({"Type": "Wait", "Timestamp": moment}) == 20
        assert waited({"Type": "Wait", "TimestampPath": "$.t"}, {"t": moment}) == 20
        assert waited({"Type": "Wait", "Timestamp": "{% $states.input.t %}"}, {"t": moment}, "JSONata") == 20

    def test_a_moment_that_has_passed_ends_the_wait_at_once(self) -> None:
        assert waited({"Type": "Wait", "Timestamp": "1970-01-01T00:00:00Z"}) == 0

    def test_output(self) -> None:
        state = {"Type": "Wait", "Seconds": 1, "InputPath": "$.a", "OutputPath": "$.b", "Assign": {"v": 1}}
        assert output(state, {"a": {"b": 3}}) == 3
        state = {"Type": "Wait", "Seconds": 1, "Output": "{% $states.input.a %}", "Assign": {"v": 1}}
        assert jsonata(state, {"a": 3}) == 3

    @pytest.mark.parametrize("seconds", [-1, 1.5, "7", None, True])
    def test_seconds_must_be_an_integer_that_is_not_negative(self, seconds: Any) -> None:
        found = _run({"Type": "Wait", "SecondsPath": "$.s"}, {"s": seconds}, (), "JSONPath").failure
        assert found[0] == "States.Runtime"
        found = _run({"Type": "Wait", "Seconds": "{% $states.input.s %}"}, {"s": seconds}, (), "JSONata").failure
        assert found[0] == "States.QueryEvaluationError"


class TestChoice:
    def test_the_first_rule_that_holds_decides(self) -> None:
        rules = [
            {"Variable": "$.n", "NumericEquals": 1, "Next": "No"},
            {"Variable": "$.n", "NumericEquals": 2, "Next": "Yes", "Assign": {"v.$": "$.n"}},
            {"Variable": "$.n", "NumericLessThan": 3, "Next": "No"},
        ]
        states = {
            "S": {"Type": "Choice", "InputPath": "$.a", "OutputPath": "$.n", "Choices": rules, "Default": "No"},
            "Yes": {"Type": "Pass", "Parameters": {"v.$": "$v", "in.$": "$"}, "End": True},
            "No": {"Type": "Fail"},
        }
        SEEN.update(("JSONPath", "Choice", name) for name in states["S"])
        assert run(chain(states), {"a": {"n": 2}}).output == {"v": 2, "in": 2}

    def test_the_states_own_assign_and_output_are_those_of_the_default(self) -> None:
        def ended(n: int) -> Any:
            rule = {"Condition": "{% $states.input.n = 1 %}", "Next": "T", "Output": "{% 'rule' %}", "Assign": {"v": 1}}
            bare = {"Condition": "{% $states.input.n = 2 %}", "Next": "T"}
            state = {"Type": "Choice", "Choices": [rule, bare], "Default": "T", "Output": "default", "Assign": {"v": 3}}
            SEEN.update(("JSONata", "Choice", name) for name in state)
            first = {"Type": "Pass", "Assign": {"v": 0}}
            last = {"Type": "Pass", "Output": "{% [$v, $states.input] %}"}
            return run(chain({"F": first, "S": state, "T": last}, QueryLanguage="JSONata"), {"n": n}).output

        assert ended(1) == [1, "rule"]
        assert ended(2) == [0, {"n": 2}]
        assert ended(3) == [3, "default"]

    def test_the_assign_of_the_default_in_jsonpath(self) -> None:
        def ended(n: int) -> Any:
            state = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "T"}],
                     "Default": "T", "Assign": {"v": 3}}  # fmt: skip
            SEEN.add(("JSONPath", "Choice", "Assign"))
            first = {"Type": "Pass", "Assign": {"v": 0}}
            return run(chain({"F": first, "S": state, "T": {"Type": "Pass", "InputPath": "$v"}}), {"n": n}).output

        assert (ended(1), ended(2)) == (0, 3)

    def test_no_rule_and_no_default(self) -> None:
        state = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "T"}]}
        error, cause = _run(state, {"n": 2}, (), "JSONPath").failure
        assert error == "States.Runtime"
        assert "does not point to a next state" in str(cause)

    def test_a_condition_must_be_a_boolean(self) -> None:
        state = {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "T"}]}
        assert _run(state, None, (), "JSONata").failure[0] == "States.QueryEvaluationError"


class TestTask:
    def test_the_fields_work_in_their_order(self) -> None:
        state = task(InputPath="$.in", Parameters={"p.$": "$.v"}, ResultSelector={"s.$": "$.r"}, ResultPath="$.out",
                     OutputPath="$.out", Comment="c", Assign={"v.$": "$.s"})  # fmt: skip
        found = _run(state, {"in": {"v": 1}}, ({"r": 2},), "JSONPath")
        assert (found.arguments, found.output) == ([{"p": 1}], {"s": 2})
        assert found.of("TaskStateExited")[0]["assignedVariables"] == {"v": "2"}

    def test_arguments_output_and_assign(self) -> None:
        state = task(Arguments={"p": "{% $states.input.v %}"}, Output="{% [$states.result.r, $states.input.v] %}",
                     Assign={"v": "{% $states.result.r %}"}, Comment="c")  # fmt: skip
        found = _run(state, {"v": 1}, ({"r": 2},), "JSONata")
        assert (found.arguments, found.output) == ([{"p": 1}], [2, 1])
        assert found.of("TaskStateExited")[0]["assignedVariables"] == {"v": "2"}

    def test_credentials_name_the_role_of_the_call(self) -> None:
        state = task(Credentials={"RoleArn.$": "$.role"})
        found = _run(state, {"role": OTHER_ROLE}, (), "JSONPath")
        assert found.left(Invoke)[0].role_arn == OTHER_ROLE
        assert found.of("LambdaFunctionScheduled")[0]["taskCredentials"] == {"roleArn": OTHER_ROLE}
        state = task(Credentials={"RoleArn": "{% $states.input.role %}"})
        assert _run(state, {"role": OTHER_ROLE}, (), "JSONata").left(Invoke)[0].role_arn == OTHER_ROLE
        assert ROLE != OTHER_ROLE

    def test_times(self) -> None:
        times = {"timeoutInSeconds": 9, "heartbeatInSeconds": 4}
        assert scheduled(task(TimeoutSeconds=9, HeartbeatSeconds=4)).items() >= times.items()
        paths = task(TimeoutSecondsPath="$.t", HeartbeatSecondsPath="$.h")
        assert scheduled(paths, {"t": 9, "h": 4}).items() >= times.items()
        found = task(TimeoutSeconds="{% $states.input.t %}", HeartbeatSeconds="{% $states.input.h %}")
        assert scheduled(found, {"t": 9, "h": 4}, "JSONata").items() >= times.items()

    def test_resource_of_an_activity(self) -> None:
        found = run(one({"Type": "Task", "Resource": ACTIVITY}), {"a": 1})
        assert [(offer.activity_arn, offer.arguments) for offer in found.left(Offer)] == [(ACTIVITY, {"a": 1})]

    def test_retry_and_catch(self) -> None:
        retries = [{"ErrorEquals": ["A"], "MaxAttempts": 1}]
        catches = [{"ErrorEquals": ["B"], "Next": "T", "ResultPath": "$.e"}]
        failures = StateFailure("A", "a"), StateFailure("B", "b")
        assert output(task(Retry=retries, Catch=catches), {"x": 1}, *failures) == {
            "x": 1,
            "e": {"Error": "B", "Cause": "b"},
        }
        catches = [{"ErrorEquals": ["B"], "Next": "T", "Output": "{% $states.errorOutput.Cause %}", "Assign": {"v": 1}}]
        assert jsonata(task(Retry=retries, Catch=catches), {"x": 1}, *failures) == "b"


class TestParallel:
    def test_the_fields_work_in_their_order(self) -> None:
        branches = [one({"Type": "Pass"}), one({"Type": "Pass", "InputPath": "$.p"})]
        state = {"Type": "Parallel", "Branches": branches, "InputPath": "$.in", "Parameters": {"p.$": "$.v"},
                 "ResultSelector": {"s.$": "$[1]"}, "ResultPath": "$.out", "OutputPath": "$.out", "Comment": "c",
                 "Assign": {"v.$": "$.s"}}  # fmt: skip
        assert output(state, {"in": {"v": 1}}) == {"s": 1}

    def test_in_jsonata(self) -> None:
        branches = [one({"Type": "Pass"}), one({"Type": "Pass", "Output": "{% $states.input.p + 1 %}"})]
        state = {"Type": "Parallel", "Branches": branches, "Arguments": {"p": "{% $states.input.v %}"}, "Comment": "c",
                 "Output": "{% $reverse($states.result) %}", "Assign": {"v": "{% $states.result[1] %}"}}  # fmt: skip
        assert jsonata(state, {"v": 1}) == [2, {"p": 1}]

    @pytest.mark.parametrize("query", [output, jsonata])
    def test_retry_and_catch(self, query: Any) -> None:
        state = {"Type": "Parallel", "Branches": [FAILS], "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 2}],
                 "Catch": [{"ErrorEquals": ["E"], "Next": "T"}]}  # fmt: skip
        assert query(state) == {"Error": "E", "Cause": "c"}


class TestMap:
    def test_the_fields_work_in_their_order(self) -> None:
        state = {"Type": "Map", "ItemProcessor": ITEM, "InputPath": "$.in", "ItemsPath": "$.items", "Comment": "c",
                 "ItemSelector": {"n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "of.$": "$.name"},
                 "ResultSelector": {"s.$": "$[1]"}, "ResultPath": "$.out", "OutputPath": "$.out", "MaxConcurrency": 1,
                 "Assign": {"v.$": "$.s"}}  # fmt: skip
        given = {"in": {"items": [7, 8], "name": "x"}}
        assert output(state, given) == {"s": {"n": 8, "i": 1, "of": "x"}}

    def test_in_jsonata(self) -> None:
        state = {"Type": "Map", "ItemProcessor": ITEM, "Items": "{% $states.input.items %}", "MaxConcurrency": 1,
                 "ItemSelector": {"n": "{% $states.context.Map.Item.Value %}", "of": "{% $states.input.name %}"},
                 "Output": "{% $states.result[1] %}", "Assign": {"v": 1}, "Comment": "c"}  # fmt: skip
        assert jsonata(state, {"items": [7, 8], "name": "x"}) == {"n": 8, "of": "x"}

    def test_items_may_be_written_in_the_definition(self) -> None:
        assert jsonata({"Type": "Map", "ItemProcessor": ITEM, "Items": [1, "{% 1 + 1 %}"]}) == [1, 2]

    def test_iterator_and_parameters_are_the_older_names(self) -> None:
        state = {"Type": "Map", "Iterator": ITEM, "Parameters": {"n.$": "$$.Map.Item.Value"}}
        assert output(state, [7]) == [{"n": 7}]
        assert jsonata({"Type": "Map", "Iterator": ITEM}, [7]) == [7]

    def test_no_items(self) -> None:
        assert output({"Type": "Map", "ItemProcessor": ITEM}, []) == []

    @pytest.mark.parametrize("query", [output, jsonata])
    def test_retry_and_catch(self, query: Any) -> None:
        state = {"Type": "Map", "ItemProcessor": FAILS, "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 2}],
                 "Catch": [{"ErrorEquals": ["E"], "Next": "T"}]}  # fmt: skip
        assert query(state, [1]) == {"Error": "E", "Cause": "c"}

    def test_max_concurrency_is_how_many_run_at_once(self) -> None:
        def at_once(state: dict[str, Any], given: Any, language: str = "JSONPath") -> int:
            state |= {"Type": "Map", "ItemProcessor": one(task())}
            found = _run(state, given, (HANG,) * 50, language)
            return len(found.left(Invoke))

        items = list(range(50))
        assert at_once({"MaxConcurrency": 3}, items) == 3
        assert at_once({"MaxConcurrency": 0}, items) == 40  # an inline Map runs 40 at once at most
        assert at_once({"MaxConcurrencyPath": "$.m", "ItemsPath": "$.i"}, {"m": 2, "i": items}) == 2
        found = {"MaxConcurrency": "{% $states.input.m %}", "Items": "{% $states.input.i %}"}
        assert at_once(found, {"m": 2, "i": items}, "JSONata") == 2

    def test_tolerated_failures(self) -> None:
        found = spec({"ToleratedFailureCount": 2, "ToleratedFailurePercentage": 5.5}, [1])
        assert (found["tolerated_count"], found["tolerated_percentage"]) == (2, 5.5)
        paths = {"ToleratedFailureCountPath": "$.c", "ToleratedFailurePercentagePath": "$.p", "ItemsPath": "$.i"}
        found = spec(paths, {"c": 2, "p": 5.5, "i": [1]})
        assert (found["tolerated_count"], found["tolerated_percentage"]) == (2, 5.5)
        state = {"ToleratedFailureCount": "{% 1 + 1 %}", "ToleratedFailurePercentage": "{% 5.5 %}"}
        found = spec(state, [1], "JSONata")
        assert (found["tolerated_count"], found["tolerated_percentage"]) == (2, 5.5)

    def test_item_reader(self) -> None:
        reader = {"Resource": READER, "Parameters": {"Bucket.$": "$.b"}, "ReaderConfig": {"MaxItemsPath": "$.n"}}
        found = spec({"ItemReader": reader}, {"b": "B", "n": 4})["reader"]
        assert found == {"resource": READER, "arguments": {"Bucket": "B"}, "config": {"MaxItems": 4}}
        reader = {"Resource": GET, "Arguments": {"Bucket": "{% $states.input.b %}", "Key": "k"},
                  "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% $states.input.n %}"}}  # fmt: skip
        found = spec({"ItemReader": reader}, {"b": "B", "n": 4}, "JSONata")["reader"]
        assert found["arguments"] == {"Bucket": "B", "Key": "k"}
        assert found["config"] == {"InputType": "JSON", "MaxItems": 4}

    def test_item_batcher(self) -> None:
        batcher = {"MaxItemsPerBatchPath": "$.n", "MaxInputBytesPerBatch": 500, "BatchInput": {"x.$": "$.n"}}
        found = spec({"ItemBatcher": batcher, "ItemsPath": "$.i"}, {"n": 4, "i": [1]})["batch"]
        assert found == {"MaxItemsPerBatch": 4, "MaxInputBytesPerBatch": 500, "BatchInput": {"x": 4}}
        batcher = {"MaxItemsPerBatch": "{% 2 * 2 %}", "BatchInput": {"x": "{% $states.input[0] %}"}}
        found = spec({"ItemBatcher": batcher}, [9], "JSONata")["batch"]
        assert (found["MaxItemsPerBatch"], found["BatchInput"]) == (4, {"x": 9})

    def test_result_writer(self) -> None:
        writer = {"Resource": PUT, "Parameters": {"Bucket.$": "$[0]"}, "WriterConfig": {"OutputType": "JSONL"}}
        found = spec({"ResultWriter": writer}, ["B"])["writer"]
        assert found == {"resource": PUT, "arguments": {"Bucket": "B"}, "config": {"OutputType": "JSONL"}}
        writer = {"Resource": PUT, "Arguments": {"Bucket": "{% $states.input[0] %}"}}
        assert spec({"ResultWriter": writer}, ["B"], "JSONata")["writer"]["arguments"] == {"Bucket": "B"}

    def test_label_is_a_part_of_the_map_runs_arn(self) -> None:
        for language in ("JSONPath", "JSONata"):
            found = _run({"Type": "Map", "ItemProcessor": SPREAD, "Label": "L"}, [1], (), language)
            assert found.left(StartMapRun)[0].arn.startswith("arn:aws:states:us-east-1:123456789012:mapRun:m/L:")


def test_no_field_was_left_out() -> None:
    """Runs last in this file: every field of every type of state has had its scenario above."""
    flow = {"Type", "Next", "End", "QueryLanguage", "Comment"}
    wanted = {
        (language, kind, name)
        for language in ("JSONPath", "JSONata")
        for kind in fields.TYPES
        for name in fields.of_state(kind, jsonata=language == "JSONata") - flow
    }
    assert wanted - SEEN == set()
    assert FUNCTION


@pytest.mark.parametrize("name", ["TimeoutSeconds", "HeartbeatSeconds"])
@pytest.mark.parametrize("seconds", [0, 100_000_000, 10**308])
def test_seconds_out_of_their_range_fail_the_task(name, seconds):
    error, cause = run(one(task(**{f"{name}Path": "$.s"})), {"s": seconds}).failure
    assert error == "States.Runtime"
    assert f"The {name} field must be an integer from 1 to 99999999" in str(cause)


@pytest.mark.parametrize("name", ["MaxItemsPerBatch", "MaxInputBytesPerBatch"])
def test_a_batch_has_at_least_one_item(name):
    batcher = {f"{name}Path": "$[0]"}
    error, cause = run(one({"Type": "Map", "ItemProcessor": SPREAD, "ItemBatcher": batcher}), [0]).failure
    assert error == "States.Runtime"
    assert f"field {name} must be positive" in str(cause)


def test_arguments_of_a_reader_that_are_no_object_fail_the_map():
    reader = {"Resource": READER, "Arguments": "{% 5 %}"}
    state = {"Type": "Map", "ItemProcessor": SPREAD, "ItemReader": reader}
    assert run(one(state, QueryLanguage="JSONata")).failure[0] == "States.QueryEvaluationError"
