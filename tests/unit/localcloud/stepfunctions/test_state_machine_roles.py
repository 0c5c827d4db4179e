"""CreateStateMachine, UpdateStateMachine and TestState refuse a role that Step Functions cannot use."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from localcloud.iam.roles import CannotAssume
from localcloud.stepfunctions.api.errors import ApiError
from localcloud.stepfunctions.api.wire import Sender
from localcloud.stepfunctions.handover import guarded

from .api.conftest import ACCOUNT, GROUP, HERE, PASS, REGION, ROLE, api  # noqa: F401 - a fixture

SENDER = Sender(ACCOUNT, REGION)
LOGGING = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": f"{GROUP}-missing"}}]}


class Usable:
    """Roles of which Step Functions may assume one. It may not deliver logs."""

    def assume(self, role_arn: str, service: str) -> None:
        if (role_arn, service) != (ROLE, "states.amazonaws.com"):
            raise CannotAssume(role_arn, service)

    def may(self, role_arn: str, action: str, *, session: str) -> SimpleNamespace:
        return SimpleNamespace(allowed=action != "logs:PutResourcePolicy")


def refusal(operation, given):
    with pytest.raises(ApiError) as refused:
        operation(SENDER, given)
    return refused.value.code, str(refused.value)


def test_a_role_that_cannot_be_assumed_is_refused(api):  # noqa: F811
    tested = {"TestState": lambda sender, given: {"status": "SUCCEEDED"}}
    table = guarded({**api.table, **tested}, api.stores, Usable())
    words = (
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role."
    )
    given = {"name": "images", "definition": PASS, "roleArn": f"{ROLE}2"}
    assert refusal(table["CreateStateMachine"], given) == ("AccessDeniedException", words)
    table["CreateStateMachine"](SENDER, {**given, "roleArn": ROLE})
    update = {"stateMachineArn": f"{HERE}:stateMachine:images", "roleArn": f"{ROLE}2"}
    assert refusal(table["UpdateStateMachine"], update) == ("AccessDeniedException", words)
    assert refusal(table["TestState"], {"definition": "{}", "roleArn": f"{ROLE}2"}) == ("AccessDeniedException", words)
    assert table["TestState"](SENDER, {"definition": "{}"}) == {"status": "SUCCEEDED"}


def test_the_role_is_checked_before_the_log_group(api):  # noqa: F811
    table = guarded(api.table, api.stores, Usable())
    given = {"name": "images", "definition": PASS, "roleArn": ROLE, "loggingConfiguration": LOGGING}
    words = "The state machine IAM Role is not authorized to access the Log Destination"
    assert refusal(table["CreateStateMachine"], given) == ("AccessDeniedException", words)


def test_an_update_of_logging_is_held_against_the_machines_own_role(api):  # noqa: F811
    table = guarded(api.table, api.stores, Usable())
    table["CreateStateMachine"](SENDER, {"name": "images", "definition": PASS, "roleArn": ROLE})
    update = {"stateMachineArn": f"{HERE}:stateMachine:images", "loggingConfiguration": LOGGING}
    assert refusal(table["UpdateStateMachine"], update)[0] == "AccessDeniedException"
