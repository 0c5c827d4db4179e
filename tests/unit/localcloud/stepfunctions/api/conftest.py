"""Step Functions' API over its wire format, with a runner that does nothing but note what it is asked."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from localcloud.durability.database import Database
from localcloud.iam.evaluation import Principal
from localcloud.iam.principals import PRINCIPAL
from localcloud.stepfunctions.api.errors import TaskTimedOut, UnknownTask
from localcloud.stepfunctions.api.wire import Application
from localcloud.stepfunctions.language.findings import JSON, SCHEMA, Finding, InvalidDefinition
from localcloud.stepfunctions.models import Execution
from localcloud.stepfunctions.service import StepFunctions, operations
from localcloud.stepfunctions.store import Stores

ACCOUNT, REGION = "123456789012", "us-east-1"
HERE = f"arn:aws:states:{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/states"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/states:*"
PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
DAY = 86_400.0


class Refused(Exception):
    """An error answer."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass
class Program:
    warnings: tuple[Finding, ...] = ()
    references: dict[str, tuple[str, ...]] = field(default_factory=dict)


def compiled(text: str, *, express: bool = False) -> Program:
    """As much of the compiler as these tests need."""
    try:
        definition = json.loads(text)
    except ValueError:
        raise InvalidDefinition([Finding(JSON, "no JSON\n at [Source]", "[Source]")]) from None
    missing = [name for name in ("States", "StartAt") if name not in definition]
    odd = tuple(Finding("ODD", "odd", "/", "WARNING") for _ in definition.get("Odd", ()))
    if missing:
        raise InvalidDefinition([*odd, Finding(SCHEMA, f"These fields are required: [{', '.join(missing)}]", "/")])
    return Program(odd, {"A": ("one",)} if "Reads" in definition else {})


@dataclass
class Fake:
    """A runner. An execution runs until a test ends it. If ``soon``, or if it is a synchronous one, a wait ends it."""

    clock: list[float]
    stores: Stores
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    waiting: tuple[str, str] | None = None
    soon: bool = False

    def start(self, execution: Execution) -> None:
        self.asked.append(("start", execution))

    def stop(self, execution: Execution, error: str | None, cause: str | None) -> None:
        execution.status, execution.error, execution.cause = "ABORTED", error, cause
        execution.stopped = self.clock[0]
        self.stores.executions.ended(execution, forget=False)

    def redrive(self, execution: Execution, now: float) -> None:
        execution.status, execution.stopped = "RUNNING", None
        execution.redrive_count += 1
        execution.redriven = now
        self.stores.executions.redriven(execution)

    def wait(self, execution: Execution, seconds: float | None) -> bool:
        if not (execution.sync or self.soon):
            return False
        self.end(execution, output='{"done":true}')
        return True

    def end(self, execution: Execution, status: str = "SUCCEEDED", **fields: Any) -> None:
        execution.status, execution.stopped = status, self.clock[0]
        for name, value in fields.items():
            setattr(execution, name, value)
        self.stores.executions.ended(execution, forget=False)

    def take(self, activity_arn: str, worker: str | None, seconds: float) -> tuple[str, str] | None:
        self.asked.append(("take", activity_arn, worker, seconds))
        return self.waiting

    def succeed(self, token: str, output: Any) -> None:
        self._known(token)
        self.asked.append(("succeed", token, output))

    def fail(self, token: str, error: str | None, cause: str | None) -> None:
        self._known(token)
        self.asked.append(("fail", token, error, cause))

    def known(self, token: str) -> None:
        self._known(token)

    def heartbeat(self, token: str) -> None:
        self._known(token)
        self.asked.append(("heartbeat", token))

    def _known(self, token: str) -> None:
        if token == "ended":
            raise TaskTimedOut
        if token != "token":
            raise UnknownTask


@dataclass
class Api:
    """Step Functions: ``api("StartExecution", stateMachineArn=…)`` is one request."""

    clock: list[float]
    stores: Stores
    runner: Fake
    table: dict[str, Any]
    application: Application

    def __call__(self, operation: str, **given: Any) -> dict[str, Any]:
        status, body = self.raw(operation, json.dumps(given).encode())
        found = json.loads(body)
        if status != "200 OK":
            raise Refused(found["__type"], found["message"])
        return found

    def raw(self, operation: str, body: bytes, **headers: str) -> tuple[str, bytes]:
        statuses: list[str] = []
        credential = f"AWS4-HMAC-SHA256 Credential=local/20260102/{REGION}/states/aws4_request"
        environ = {
            "HTTP_X_AMZ_TARGET": f"AWSStepFunctions.{operation}",
            "HTTP_AUTHORIZATION": credential,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            PRINCIPAL: Principal(f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "root"),
            **headers,
        }
        sent = self.application(environ, lambda status, headers: statuses.append(status))
        return statuses[0], b"".join(sent)

    def machine(self, name: str = "images", definition: str = PASS, **given: Any) -> str:
        return self("CreateStateMachine", name=name, definition=definition, roleArn=ROLE, **given)["stateMachineArn"]

    def started(self, arn: str, **given: Any) -> Execution:
        made = self("StartExecution", stateMachineArn=arn, **given)
        return self.stores.of(ACCOUNT, REGION).executions.get(made["executionArn"])


@pytest.fixture
def api() -> Api:
    clock, stores = [1_700_000_000.0], Stores(Database())
    runner = Fake(clock, stores)
    service = StepFunctions(stores, compiled, lambda arn: arn == GROUP, lambda: clock[0])
    table = operations(service, runner, {})
    return Api(clock, stores, runner, table, Application(table))
