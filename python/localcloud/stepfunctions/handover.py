"""CreateStateMachine, UpdateStateMachine and TestState check the role that they are given.

Step Functions must be able to assume the role, and the role must allow the calls that logging needs. moto checks at
most that the role exists. AWS refuses the call with one of two messages: "Neither the global service principal
states.amazonaws.com, nor the regional one is authorized to assume the provided role", or "The state machine IAM Role is
not authorized to access the Log Destination" (docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html).
"""

from __future__ import annotations

from typing import Any

from localcloud.iam.roles import CannotAssume, Roles
from localcloud.stepfunctions.api.errors import ApiError
from localcloud.stepfunctions.api.wire import Answer, Operation, Operations, Sender
from localcloud.stepfunctions.store import Stores

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)


def guarded(operations: Operations, stores: Stores, roles: Roles) -> dict[str, Operation]:
    """The operations, of which those that are given a role check it first."""

    def checked(action: Operation) -> Operation:
        def check(sender: Sender, given: dict[str, Any]) -> Answer:
            machine = stores.of(sender.account, sender.region).machines.get(given.get("stateMachineArn", ""))
            role = given.get("roleArn") or (machine.revision.role_arn if machine else None)
            if role:
                usable(role, roles, logs=(given.get("loggingConfiguration") or {}).get("level", "OFF") != "OFF")
            return action(sender, given)

        return check

    given_one = ("CreateStateMachine", "UpdateStateMachine", "TestState")
    return {**operations, **{name: checked(operations[name]) for name in given_one if name in operations}}


def usable(role: str, roles: Roles, *, logs: bool) -> None:
    """Check that Step Functions can use a role, and that the role may deliver logs if it has to.

    Raises:
        ApiError: AccessDeniedException.
    """
    try:
        roles.assume(role, "states.amazonaws.com")
    except CannotAssume:
        raise ApiError(
            "AccessDeniedException",
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume "
            "the provided role.",
        ) from None
    if logs and not all(roles.may(role, needed, session="logging").allowed for needed in LOG_DELIVERY):
        raise ApiError(
            "AccessDeniedException", "The state machine IAM Role is not authorized to access the Log Destination"
        )
