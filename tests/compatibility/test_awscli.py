"""AWS CLI v1: the commands that a course's notebooks and their readers run."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BUCKET = "compatibility-cli"
HANDLER = """
import base64, json, os

def lambda_handler(event, context):
    print("classifying", event["image"])
    return {"statusCode": 200, "body": json.dumps(event), "threshold": os.environ.get("THRESHOLD")}
"""
MACHINE = {
    "StartAt": "Classify",
    "States": {
        "Classify": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "classify", "Payload.$": "$"},
            "ResultSelector": {"status.$": "$.Payload.statusCode"},
            "End": True,
        }
    },
}


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def archive(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("handler.py", code)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def data(aws: Any, images: Path) -> str:
    """A bucket with the pictures."""
    aws("s3", "mb", f"s3://{BUCKET}")
    aws("s3", "sync", str(images), f"s3://{BUCKET}/data", "--no-progress", "--exclude", "*.lst")
    return f"s3://{BUCKET}/data"


@pytest.fixture(scope="module")
def function(aws: Any, folder: Path) -> str:
    """The ARN of a function, made as a reader of the course makes it."""
    (folder / "trust.json").write_text(trust("lambda.amazonaws.com"))
    (folder / "classify.zip").write_bytes(archive(HANDLER))
    role = aws.json(
        "iam", "create-role", "--role-name", "cli-function", "--assume-role-policy-document", "file://trust.json"
    )["Role"]["Arn"]
    aws(
        "iam", "attach-role-policy", "--role-name", "cli-function",
        "--policy-arn", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    )  # fmt: skip
    made = aws.json(
        "lambda", "create-function", "--function-name", "classify", "--runtime", "python3.13", "--role", role,
        "--handler", "handler.lambda_handler", "--zip-file", "fileb://classify.zip", "--timeout", "20",
        "--environment", "Variables={THRESHOLD=0.8}",
    )  # fmt: skip
    aws("lambda", "wait", "function-active-v2", "--function-name", "classify")
    return made["FunctionArn"]


@pytest.fixture(scope="module")
def machine(aws: Any, folder: Path, function: str) -> Callable[[str], str]:
    """Makes a state machine of a type, and gives its ARN."""
    (folder / "machine.json").write_text(json.dumps(MACHINE))
    allowed = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{function}*"}
    role = aws.json(
        "iam", "create-role", "--role-name", "cli-machine",
        "--assume-role-policy-document", trust("states.amazonaws.com"),
    )["Role"]["Arn"]  # fmt: skip
    aws(
        "iam", "put-role-policy", "--role-name", "cli-machine", "--policy-name", "invoke",
        "--policy-document", json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )  # fmt: skip

    def make(kind: str) -> str:
        return aws.text(
            "stepfunctions", "create-state-machine", "--name", f"cli-{kind.lower()}", "--type", kind,
            "--definition", "file://machine.json", "--role-arn", role, "--query", "stateMachineArn",
        )  # fmt: skip

    return make


def test_the_caller_is_the_accounts_root_user(aws: Any) -> None:
    assert aws.json("sts", "get-caller-identity")["Arn"] == "arn:aws:iam::123456789012:root"


def test_files_go_to_s3_and_come_back(aws: Any, data: str, folder: Path, images: Path) -> None:
    listed = aws("s3", "ls", f"{data}/", "--recursive", "--human-readable", "--summarize").out
    assert listed.count(".png") == 24
    assert "Total Objects: 24" in listed
    assert aws("s3", "ls", f"s3://{BUCKET}").out.split() == ["PRE", "data/"]
    aws("s3", "sync", data, "back", "--exclude", "*", "--include", "test/*")
    assert {path.name: path.read_bytes() for path in (folder / "back/test").iterdir()} == {
        path.name: path.read_bytes() for path in (images / "test").iterdir()
    }
    again = aws("s3", "sync", str(images), data, "--exclude", "*.lst").out
    assert again == ""  # nothing has changed
    aws("s3", "cp", f"{data}/test/0.png", f"s3://{BUCKET}/one.png")
    aws("s3", "mv", f"s3://{BUCKET}/one.png", f"s3://{BUCKET}/two.png")
    assert aws.text("s3api", "head-object", "--bucket", BUCKET, "--key", "two.png", "--query", "ContentType") == (
        "image/png"
    )
    aws("s3", "rm", f"s3://{BUCKET}/two.png")
    failed = aws("s3", "cp", f"s3://{BUCKET}/two.png", "there.png", may_fail=True)
    assert (failed.code, "(404)" in failed.err) == (1, True)


def test_a_large_file_goes_in_parts(aws: Any, data: str, folder: Path) -> None:
    content = b"0123456789abcdef" * (9 * 2**16)  # 9 MiB: above the CLI's threshold of 8
    (folder / "large.bin").write_bytes(content)
    aws("s3", "cp", "large.bin", f"s3://{BUCKET}/large.bin", "--no-progress")
    aws("s3", "cp", f"s3://{BUCKET}/large.bin", "large-back.bin", "--no-progress")
    assert (folder / "large-back.bin").read_bytes() == content
    assert "-2" in aws.text("s3api", "head-object", "--bucket", BUCKET, "--key", "large.bin", "--query", "ETag")


def test_a_presigned_address_needs_no_key(aws: Any, data: str, images: Path) -> None:
    import urllib.request

    address = aws("s3", "presign", f"{data}/test/0.png", "--expires-in", "60").out.strip()
    with urllib.request.urlopen(address, timeout=20) as answer:
        assert answer.read() == (images / "test/0.png").read_bytes()


def test_a_function_is_invoked_and_changed(aws: Any, function: str, folder: Path) -> None:
    called = aws.json(
        "lambda", "invoke", "--function-name", "classify", "--payload", '{"image": "a.png"}', "--log-type", "Tail",
        "answer.json",
    )  # fmt: skip
    assert (called["StatusCode"], called["ExecutedVersion"]) == (200, "$LATEST")
    answer = json.loads((folder / "answer.json").read_text())
    assert (json.loads(answer["body"]), answer["threshold"]) == ({"image": "a.png"}, "0.8")
    aws.json(
        "lambda", "update-function-configuration", "--function-name", "classify",
        "--environment", "Variables={THRESHOLD=0.9}",
    )  # fmt: skip
    aws("lambda", "wait", "function-updated-v2", "--function-name", "classify")
    (folder / "classify.zip").write_bytes(archive(HANDLER.replace("200", "201")))
    aws("lambda", "update-function-code", "--function-name", "classify", "--zip-file", "fileb://classify.zip")
    aws("lambda", "wait", "function-updated-v2", "--function-name", "classify")
    aws("lambda", "invoke", "--function-name", function, "--payload", '{"image": "a.png"}', "answer.json")
    changed = json.loads((folder / "answer.json").read_text())
    assert (changed["statusCode"], changed["threshold"]) == (201, "0.9")
    assert "classify" in aws("lambda", "list-functions", "--output", "table").out


def test_a_function_that_raises_answers_with_its_error(aws: Any, function: str, folder: Path) -> None:
    failed = aws.json("lambda", "invoke", "--function-name", "classify", "--payload", "{}", "answer.json")
    assert failed["FunctionError"] == "Unhandled"
    assert json.loads((folder / "answer.json").read_text())["errorType"] == "KeyError"


def test_a_functions_log_is_read(aws: Any, function: str) -> None:
    aws("lambda", "invoke", "--function-name", "classify", "--payload", '{"image": "logged.png"}', "answer.json")

    def lines() -> list[str]:
        return aws.json(
            "logs", "filter-log-events", "--log-group-name", "/aws/lambda/classify",
            "--filter-pattern", "classifying", "--query", "events[].message",
        )  # fmt: skip

    assert any("classifying logged.png" in line for line in soon(lines))


def soon(look: Callable[[], Any], *, until: Callable[[Any], bool] = bool, seconds: float = 90.0) -> Any:
    """The first answer that satisfies a condition."""
    give_up = time.monotonic() + seconds
    while not until(found := look()):
        assert time.monotonic() < give_up, f"not within {seconds:g} s: {found}"
        time.sleep(0.05)
    return found


def test_a_state_machine_is_executed(aws: Any, machine: Callable[[str], str]) -> None:
    arn = machine("STANDARD")
    started = aws.text(
        "stepfunctions", "start-execution", "--state-machine-arn", arn, "--name", "first",
        "--input", '{"image": "a.png"}', "--query", "executionArn",
    )  # fmt: skip
    ended = soon(
        lambda: aws.json("stepfunctions", "describe-execution", "--execution-arn", started),
        until=lambda found: found["status"] != "RUNNING",
    )
    assert (ended["status"], set(json.loads(ended["output"]))) == ("SUCCEEDED", {"status"})
    kinds = aws.json("stepfunctions", "get-execution-history", "--execution-arn", started, "--query", "events[].type")
    assert (kinds[0], kinds[-1]) == ("ExecutionStarted", "ExecutionSucceeded")
    failed = aws.json(
        "stepfunctions", "start-execution", "--state-machine-arn", arn, "--name", "second", "--input", "{}"
    )["executionArn"]
    soon(
        lambda: aws.json("stepfunctions", "describe-execution", "--execution-arn", failed),
        until=lambda found: (found["status"], found.get("error")) == ("FAILED", "KeyError"),
    )
    listed = aws.json("stepfunctions", "list-executions", "--state-machine-arn", arn, "--status-filter", "SUCCEEDED")[
        "executions"
    ]
    assert [one["name"] for one in listed] == ["first"]


def test_start_sync_execution_answers_with_the_output(aws: Any, machine: Callable[[str], str]) -> None:
    arn = machine("EXPRESS")
    done = aws.json(
        "stepfunctions", "start-sync-execution", "--state-machine-arn", arn, "--input", '{"image": "a.png"}'
    )
    assert (done["status"], set(json.loads(done["output"]))) == ("SUCCEEDED", {"status"})


def test_test_state_tries_one_state(aws: Any) -> None:
    state = {"Type": "Pass", "Parameters": {"confident.$": "States.ArrayGetItem($.inferences, 1)"}, "End": True}
    tried = aws.json(
        "stepfunctions", "test-state", "--definition", json.dumps(state), "--input", '{"inferences": [0.1, 0.9]}'
    )
    assert (tried["status"], json.loads(tried["output"])) == ("SUCCEEDED", {"confident": 0.9})


def test_a_definition_is_validated(aws: Any, folder: Path) -> None:
    (folder / "wrong.json").write_text(json.dumps({"StartAt": "None", "States": {"A": {"Type": "Succeed"}}}))
    found = aws.json("stepfunctions", "validate-state-machine-definition", "--definition", "file://wrong.json")
    assert found["result"] == "FAIL"
    assert "MISSING_TRANSITION_TARGET" in {one["code"] for one in found["diagnostics"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("sagemaker", "describe-endpoint", "--endpoint-name", "none"),
            "An error occurred (ValidationException) when calling the DescribeEndpoint operation: Could not find "
            'endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/none"',
        ),
        (
            ("lambda", "get-function", "--function-name", "none"),
            "An error occurred (ResourceNotFoundException) when calling the GetFunction operation: Function not found: "
            "arn:aws:lambda:us-east-1:123456789012:function:none",
        ),
        (
            ("stepfunctions", "start-execution", "--state-machine-arn",
             "arn:aws:states:us-east-1:123456789012:stateMachine:none"),
            "(StateMachineDoesNotExist)",
        ),
        (("sagemaker", "create-processing-job"), "the following arguments are required"),
        (("sagemaker", "list-notebook-instances"), "(NotImplemented)"),
    ],
)  # fmt: skip
def test_a_failed_command_says_why(aws: Any, arguments: tuple[str, ...], said: str) -> None:
    failed = aws(*arguments, may_fail=True)
    assert failed.code != 0
    assert said in failed.err


def test_lists_are_queried_and_empty(aws: Any) -> None:
    some = ("--name-contains", "nobody-made-it")
    assert aws.json("sagemaker", "list-endpoints", *some, "--query", "Endpoints[].EndpointName") == []
    assert aws.text("sagemaker", "list-models", *some, "--query", "Models[0].ModelName") == "None"
    assert aws.json("sagemaker", "list-training-jobs", *some, "--max-items", "1") == {"TrainingJobSummaries": []}
