"""Who calls, and what a call gives: the shapes that the runner sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localcloud.stepfunctions.language.scope import Json


@dataclass(frozen=True)
class Caller:
    """The execution in whose name a Task calls.

    Attributes:
        role_arn: The state machine's role.
        account: The state machine's account.
        region: The state machine's region.
        execution_arn: The execution's ARN.
        trace_header: X-Ray's header for the functions that the Task calls.
        task_role_arn: The role in the Task's Credentials. The state machine's role assumes it.
        call: Returns what tells that a call is the same one, although it is made again after the cloud was killed.
            None: the call changes nothing.
    """

    role_arn: str
    account: str
    region: str
    execution_arn: str
    trace_header: str | None = None
    task_role_arn: str | None = None
    call: Callable[[], str] | None = None


@dataclass(frozen=True)
class Answer:
    """What a call gives.

    Attributes:
        output: The Task's result, or what TaskSubmitted shows if the Task waits.
        job: For ``.sync``, what :meth:`Integrations.poll` needs. JSON values only.
    """

    output: Json
    job: dict[str, Json] | None = None
