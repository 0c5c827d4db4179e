"""StartExecution runs the state machine, generates a missing name, and accepts the ARN of a version or an alias.

moto: the interpreter is off by default (``core/config.py``). ``stepfunctions/parser/models.py``, ``start_execution``
names an unnamed execution ``None``, so that a second one "already exists". It checks neither the name nor the input's
size. It cannot start a version or an alias.

AWS: "If you don't provide a name for the execution, Step Functions automatically generates a UUID". The ARN may belong
to a version or to an alias, whose weights choose the version. The input has at most 262,144 characters (AWS Step
Functions API Reference, StartExecution).
"""

from __future__ import annotations

import random
import uuid
from typing import Any

from moto.core.config import default_user_config
from moto.stepfunctions.exceptions import ValidationException
from moto.stepfunctions.models import StateMachine, StateMachineVersion
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

MAXIMUM_INPUT = 262_144


def apply() -> None:
    """Turn the interpreter on and replace moto's functions."""
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    publish, start = StateMachine.publish, StepFunctionsParserBackend.start_execution

    def publish_sharing_executions(self: StateMachine, description: str | None) -> None:
        publish(self, description)
        # A version shares its state machine's executions: one list, in which every name is unique.
        self.latest_version.executions, self.latest_version.backend = self.executions, self.backend

    def start_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Any:
        if name:
            self._validate_name(name)
        if execution_input and len(execution_input) > MAXIMUM_INPUT:
            raise ValidationException(
                f"1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length "
                f"less than or equal to {MAXIMUM_INPUT}"
            )
        arn = version_of(self, state_machine_arn)
        return start(self, arn, name or str(uuid.uuid4()), execution_input, trace_header)

    StateMachine.publish = publish_sharing_executions
    StateMachineVersion._handle_name_input_idempotency = StateMachine._handle_name_input_idempotency
    StepFunctionsParserBackend.start_execution = start_execution


def version_of(backend: StepFunctionsParserBackend, arn: str) -> str:
    """For an alias's ARN, the ARN of a version that is drawn by weight. Any other ARN is returned as it is."""
    parts = arn.split(":")
    if len(parts) != 8 or parts[7].isdigit():
        return arn
    routes = backend.describe_state_machine_alias(arn).routing_configuration
    return random.choices([one["stateMachineVersionArn"] for one in routes], [one["weight"] for one in routes])[0]
