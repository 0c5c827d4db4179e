"""Shared by the local cloud's tests: functions made from lines of code, state machines made from a definition."""

from __future__ import annotations

import io
import itertools
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmarks.beacon import Beacon, beacon

numbers = itertools.count(1)


def eventually(check: Callable[[], Any], *, seconds: float = 90.0) -> Any:
    """Call ``check`` until its answer is true, and return the answer. Fail after a time limit.

    The limit is for a machine that does much else beside. A test that asks for speed counts for itself.
    """
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds:.0f} s: {check}")


def package(code: str) -> bytes:
    """A function's zip with ``code`` in handler.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", code)
    return buffer.getvalue()


def sending_policy(arn: str, *services: str) -> str:
    """A queue's policy that lets AWS's services send: ``sending_policy(arn, "sns", "events")``."""
    who = {"Service": [f"{one}.amazonaws.com" for one in services]}
    allowed = {"Effect": "Allow", "Principal": who, "Action": "sqs:SendMessage", "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


@pytest.fixture
def told() -> Iterator[Beacon]:
    """Hears what functions tell."""
    with beacon() as found:
        yield found


@pytest.fixture(scope="session")
def role(cloud: Any) -> str:
    """The ARN of a role that every service may assume and that allows everything."""
    return cloud.role("tests-role")


@pytest.fixture
def function(cloud: Any, role: str) -> Any:
    """Makes a function from code and returns its ARN: ``function("def handler(event, context): ...", Timeout=1)``."""
    made = []

    def make(code: str, **options: Any) -> str:
        given = {"Runtime": "python3.13", "Handler": "handler.handler", "Role": role, "Timeout": 20, **options}
        name = given.pop("FunctionName", f"tests-function-{next(numbers)}")
        arn = cloud.client("lambda").create_function(FunctionName=name, Code={"ZipFile": package(code)}, **given)[
            "FunctionArn"
        ]
        made.append(name)
        return arn

    yield make
    for name in made:
        cloud.client("lambda").delete_function(FunctionName=name)


@pytest.fixture
def state_machine(cloud: Any, role: str) -> Any:
    """Makes a state machine from a definition and returns its ARN."""
    made = []

    def make(definition: dict[str, Any], **options: Any) -> str:
        arn = cloud.client("stepfunctions").create_state_machine(
            name=f"tests-machine-{next(numbers)}", definition=json.dumps(definition), **{"roleArn": role, **options}
        )["stateMachineArn"]
        made.append(arn)
        return arn

    yield make
    for arn in made:
        cloud.client("stepfunctions").delete_state_machine(stateMachineArn=arn)


@pytest.fixture
def execute(cloud: Any, state_machine: Any) -> Any:
    """Executes a definition once and returns DescribeExecution's answer after the end."""

    def run(definition: dict[str, Any], given: Any = None, **options: Any) -> dict[str, Any]:
        client = cloud.client("stepfunctions")
        arn = state_machine(definition, **options)
        started = client.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))
        return ended(client, started["executionArn"])

    return run


def ended(client: Any, arn: str) -> dict[str, Any]:
    """DescribeExecution's answer after the execution has ended."""

    def described() -> dict[str, Any] | None:
        found = client.describe_execution(executionArn=arn)
        return None if found["status"] == "RUNNING" else found

    return eventually(described)
