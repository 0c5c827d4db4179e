"""The state machine's definition keeps its rules. The tests read the definition and do not run it.

test_execution.py runs the states. This file checks what a run does not show: every state has a timeout, only temporary
errors are retried, and every failure ends in a Fail state with a reason.
"""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from scones.errors import InputError
from scones.service import definition

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = (ROOT / "asl" / "classify_image.asl.json").read_text()
DEFINITION = json.loads(TEMPLATE)
STATES = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
FUNCTION_OF = {
    name: re.search(r"\w+", state["Parameters"]["FunctionName"])[0].removesuffix("_arn")
    for name, state in TASKS.items()
}
# Step Functions Developer Guide, "Handle transient Lambda service exceptions".
LAMBDA_SERVICE_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
}
# What Lambda answers for a function whose environment ended before it did: the process was killed or has ended, it had
# too little memory, or no time was left. The functions change nothing, so another try in a new environment is safe.
LOST_ENVIRONMENTS = {
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Sandbox.Timedout",
    "States.Timeout",
}


def exceptions_of(function):
    """The names of the exception classes in a function's folder."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "lambdas" / function).glob("*.py")]
    classes = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    return {node.name for node in classes if any(getattr(base, "id", "") == "Exception" for base in node.bases)}


def targets(state):
    """The states that a state may be followed by."""
    ways = [state, *state.get("Choices", []), *state.get("Catch", [])]
    found = {way["Next"] for way in ways if "Next" in way}
    return found | {state["Default"]} if "Default" in state else found


def ends(name):
    """The terminal states that can be reached from a state."""
    following = targets(STATES[name])
    return {name} if not following else set().union(*map(ends, following))


def retried(state):
    return {error for retrier in state.get("Retry", []) for error in retrier["ErrorEquals"]}


@pytest.fixture(params=TASKS, ids=str)
def task(request):
    return TASKS[request.param]


def test_every_state_that_is_named_exists_and_is_reached():
    reached, waiting = set(), [DEFINITION["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += targets(STATES[name])
    assert reached == set(STATES)


def test_states_read_as_sentences_that_need_no_quoting():
    for name in STATES:
        assert re.fullmatch(r"[A-Z][a-z]*( \w+)+", name), name
        assert len(name) <= 80


def test_the_steps_come_in_their_order_and_the_last_gives_the_output():
    order = [DEFINITION["StartAt"]]
    while "Next" in STATES[order[-1]]:
        order.append(STATES[order[-1]]["Next"])
    assert [FUNCTION_OF[name] for name in order] == [name.replace("-", "_") for name in definition.functions(TEMPLATE)]
    assert STATES[order[-1]]["End"] is True


def test_every_task_has_a_timeout_that_leaves_its_function_the_time_to_say_what_is_wrong():
    """The function's timeout in the service stack is shorter than the timeout of its state."""
    settings = (ROOT / "terraform" / "stacks" / "service" / "functions.tf").read_text()
    own = dict(re.findall(r"^    ([a-z-]+) = \{.*?timeout_seconds\s+= (\d+)", settings, flags=re.DOTALL | re.MULTILINE))
    assert {name.replace("-", "_") for name in own} == set(FUNCTION_OF.values())
    for name, state in TASKS.items():
        assert int(own[FUNCTION_OF[name].replace("_", "-")]) < state["TimeoutSeconds"]


def test_the_machine_ends_after_the_longest_that_its_states_can_take():
    """A state always times out first, because no Catch can handle the timeout of the whole machine."""
    longest = 0
    for state in TASKS.values():
        (retrier,) = state["Retry"]
        attempts = retrier["MaxAttempts"]
        waits = [retrier["IntervalSeconds"] * retrier["BackoffRate"] ** n for n in range(attempts)]
        longest += (1 + attempts) * state["TimeoutSeconds"] + sum(
            min(wait, retrier["MaxDelaySeconds"]) for wait in waits
        )
    assert longest < DEFINITION["TimeoutSeconds"]


def test_retries_are_for_named_errors_only(task):
    assert not {
        error for error in retried(task) if error in ("States.ALL", "States.TaskFailed", "Exception", "ClientError")
    }


def test_retries_back_off_up_to_a_limit_with_full_jitter(task):
    for retrier in task["Retry"]:
        assert retrier["BackoffRate"] > 1
        assert retrier["IntervalSeconds"] < retrier["MaxDelaySeconds"]
        assert 1 <= retrier["MaxAttempts"] <= 5
        assert retrier["JitterStrategy"] == "FULL"


def test_faults_of_lambda_itself_are_retried_everywhere(task):
    assert retried(task) >= LAMBDA_SERVICE_ERRORS


def test_a_function_whose_environment_was_lost_is_tried_again_everywhere(task):
    assert retried(task) >= LOST_ENVIRONMENTS


def test_of_a_functions_own_errors_only_the_one_that_can_pass_is_retried():
    for name, state in TASKS.items():
        own = exceptions_of(FUNCTION_OF[name])
        assert own, name
        assert retried(state) & own == own & {"EndpointUnavailableError"}, name


def test_the_deterministic_last_step_is_retried_for_lambdas_faults_and_lost_environments_alone():
    (last,) = [state for state in TASKS.values() if state.get("End")]
    assert retried(last) == LAMBDA_SERVICE_ERRORS | LOST_ENVIRONMENTS


def test_every_error_of_a_task_is_caught_and_ends_in_a_fail_with_error_and_cause(task):
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    for catcher in task["Catch"]:
        for name in ends(catcher["Next"]):
            fail = STATES[name]
            assert fail["Type"] == "Fail"
            assert ("Error" in fail) != ("ErrorPath" in fail)
            assert "CausePath" in fail


def test_what_was_retried_in_vain_and_has_no_name_of_ours_ends_as_endpoint_unavailable(task):
    foreign = retried(task) - {"EndpointUnavailableError"}
    (catcher,) = [catcher for catcher in task["Catch"] if foreign & set(catcher["ErrorEquals"])]
    assert foreign <= set(catcher["ErrorEquals"])
    assert STATES[catcher["Next"]]["Error"] == "EndpointUnavailableError"


def test_every_function_is_told_the_executions_name_and_start(task):
    """The name becomes the inference id in the captured traffic. The processing time counts from the start."""
    assert task["Parameters"]["Payload"] == {
        "execution": {"name.$": "$$.Execution.Name", "started_at.$": "$$.Execution.StartTime"},
        "input.$": "$",
    }


def test_placeholders_are_what_terraform_passes():
    functions = (ROOT / "terraform" / "stacks" / "service" / "functions.tf").read_text()
    names = re.findall(r"^    ([a-z-]+) = \{$", functions, re.MULTILINE)
    assert definition.placeholders(TEMPLATE) == {"partition", *(f"{name.replace('-', '_')}_arn" for name in names)}
    stack = (ROOT / "terraform" / "stacks" / "service" / "main.tf").read_text()
    assert "asl/classify_image.asl.json" in stack
    assert '${replace(name, "-", "_")}_arn' in stack
    assert "{ partition = data.aws_partition.current.partition }" in stack


def test_terraform_reads_nothing_else_in_it_as_a_template():
    assert "%{" not in TEMPLATE
    assert definition.PLACEHOLDER.sub("", TEMPLATE).count("${") == 0


def test_rendering_fills_every_placeholder_and_stays_json():
    values = definition.values("aws", "us-east-1", "123456789012", definition.function_names(TEMPLATE, "dev"))
    states = json.loads(definition.render(TEMPLATE, values))["States"]
    called = [states[name]["Parameters"]["FunctionName"] for name in TASKS]
    prefix = "arn:aws:lambda:us-east-1:123456789012:function:scones-dev-"
    assert called == [f"{prefix}{FUNCTION_OF[name].replace('_', '-')}" for name in TASKS]


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_everything_is_of_the_partition_that_it_is_rendered_for(partition):
    """With another partition, an execution fails: "The resource belongs to a different partition"."""
    values = definition.values(partition, "some-region-1", "123456789012", definition.function_names(TEMPLATE, "dev"))
    rendered = definition.render(TEMPLATE, values)
    assert set(re.findall(r"arn:([^:]+):", rendered)) == {partition}


@pytest.mark.parametrize("values", [{}, {"classify_image_arn": "x"}, {f"f{n}_arn": "x" for n in range(4)}], ids=len)
def test_rendering_refuses_what_does_not_match_the_placeholders(values):
    with pytest.raises(InputError, match=r"asks for .*classify_image_arn, .* and is given"):
        definition.render(TEMPLATE, values)


def test_the_task_prints_nothing_but_the_definition_and_needs_no_cloud_for_it(tmp_path):
    command = [sys.executable, "-m", "invoke", "asl.render", "--env", "dev", "--account", "123456789012"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    subprocess.run([*command, "--out", str(tmp_path / "definition.json")], cwd=ROOT, check=True, capture_output=True)
    assert (tmp_path / "definition.json").read_text() == printed
    assert "arn:aws:lambda:us-east-1:123456789012:function:scones-dev-classify-image" in json.dumps(json.loads(printed))


def test_an_independent_parser_of_the_states_language_takes_it():
    values = definition.values("aws", "us-east-1", "123456789012", definition.function_names(TEMPLATE, "dev"))
    AmazonStateLanguageParser.parse(definition.render(TEMPLATE, values))
