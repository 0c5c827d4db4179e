"""The size of a state's input and output is measured as on AWS. States.ALL does not catch States.DataLimitExceeded.

moto: ``stepfunctions/parser/quotas.py`` counts JSON with spaces and escapes, and refuses a value of exactly the limit.
``asl/component/state/exec/state_task/state_task_lambda.py`` counts Lambda's whole answer instead of its payload.
``asl/component/common/error_name/error_equals_decl.py`` lets States.ALL match every error.

AWS: at most 262,144 bytes of UTF-8 (Step Functions quotas). "States.ALL ... can't catch the States.DataLimitExceeded
terminal error or Runtime error types" and States.Runtime "will always cause the execution to fail" (Step Functions
Developer Guide, Handling errors).
"""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.parser import models as _loads_the_interpreter  # noqa: F401
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda

from localcloud.stepfunctions.clients import replace

LIMIT = 262_144
ANSWER = {"StatusCode", "Payload", "ExecutedVersion", "FunctionError", "LogResult"}
TERMINAL = (
    StatesErrorName(typ=StatesErrorNameType.StatesStatesDataLimitExceeded),
    StatesErrorName(typ=StatesErrorNameType.StatesRuntime),
)


def apply() -> None:
    """Replace moto's functions."""
    replace("moto.stepfunctions.parser", "is_within_size_quota", is_within_size_quota)
    match = ErrorEqualsDecl._eval_body

    def _eval_body(self: ErrorEqualsDecl, env: Any) -> None:
        if env.stack[-1] in TERMINAL and self._STATE_ALL_ERROR in self.error_names:
            env.stack[-1] = False
        else:
            match(self, env)

    verify = StateTaskLambda._verify_size_quota

    def _verify_size_quota(self: StateTaskLambda, env: Any, value: Any) -> None:
        is_answer = isinstance(value, dict) and {"StatusCode", "Payload"} <= value.keys() <= ANSWER
        verify(self, env, value["Payload"] if is_answer else value)

    ErrorEqualsDecl._eval_body = _eval_body
    StateTaskLambda._verify_size_quota = _verify_size_quota


def is_within_size_quota(value: Any) -> bool:
    """Whether a value is small enough for a state's input or output.

    Example::

        >>> is_within_size_quota("x" * 262_142), is_within_size_quota("x" * 262_143)  # the quotes are two bytes
        (True, False)
    """
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str).encode()) <= LIMIT
