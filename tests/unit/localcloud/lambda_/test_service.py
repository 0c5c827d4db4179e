"""Invoke in this process: who may call, and what is asked of the function."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.awslambda.exceptions import LambdaClientError

from localcloud.durability.database import Database
from localcloud.lambda_.service import Service

ROLE = "arn:aws:iam::123456789012:role/states"
NAME = "arn:aws:lambda:us-east-1:123456789012:function:images"


class Roles:
    """Keeps what it is asked to check, and denies what it is told to."""

    def __init__(self, denial: Exception | None = None) -> None:
        self.denial, self.asked = denial, []

    def require_call(self, *asked: Any, **further: Any) -> None:
        self.asked.append((asked, further))
        if self.denial:
            raise self.denial


def service(roles: Roles, monkeypatch: pytest.MonkeyPatch) -> tuple[Service, list[Any]]:
    context = SimpleNamespace(roles=roles, place=Path, children=None, database=Database())
    found, invoked = Service(context), []  # type: ignore[arg-type]

    def invoke(backend: Any, *asked: Any) -> tuple[int, dict[str, str], bytes]:
        invoked.append(asked)
        return 200, {}, b"{}"

    monkeypatch.setattr(found, "_invoke", invoke)
    return found, invoked


def call(found: Service, parameters: dict[str, Any]) -> Any:
    return found.call(ROLE, parameters, account="123456789012", region="us-east-1", trace_header="Root=1")


def test_the_role_is_checked_and_the_parameters_are_those_of_a_request(monkeypatch):
    roles = Roles()
    found, invoked = service(roles, monkeypatch)
    parameters = {"FunctionName": "images", "Qualifier": "live", "InvocationType": "Event", "Payload": "{}"}
    assert call(found, parameters) == (200, {}, b"{}")
    which = {"FunctionName": "images", "Qualifier": "live"}
    how = {"region": "us-east-1", "session": "execution", "often": True}
    assert roles.asked == [((ROLE, "lambda", "Invoke", which), how)]
    headers = {"x-amz-invocation-type": "Event", "x-amzn-trace-id": "Root=1"}
    assert invoked == [("images", "live", headers, "{}")]


def test_a_denied_role_invokes_nothing(monkeypatch):
    found, invoked = service(Roles(PermissionError("no")), monkeypatch)
    with pytest.raises(PermissionError):
        call(found, {"FunctionName": "images"})
    assert invoked == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (NAME.replace("us-east-1", "eu-west-1"), "ResourceNotFoundException"),
        (NAME.replace("123456789012", "210987654321"), "AccessDeniedException"),
    ],
)
def test_another_region_or_account_has_other_functions(monkeypatch, name, code):
    found, invoked = service(Roles(), monkeypatch)
    with pytest.raises(LambdaClientError) as refused:
        call(found, {"FunctionName": name})
    assert refused.value.error_type == code
    assert invoked == []
