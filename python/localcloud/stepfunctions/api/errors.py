"""The errors of Step Functions' API, in AWS's words.

Sources: AWS Step Functions API Reference, Errors of each action. The messages are those of AWS's answers.

Example::

    >>> error = missing("StateMachine", "arn:aws:states:us-east-1:123456789012:stateMachine:none")
    >>> error.code, str(error)
    ('StateMachineDoesNotExist', "State Machine Does Not Exist: 'arn:aws:states:us-east-1:...:stateMachine:none'")
"""

from __future__ import annotations

import re


class ApiError(Exception):
    """An error answer.

    Attributes:
        code: AWS's name of the error, such as ``InvalidArn``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnknownTask(ApiError):
    """No task has ever had this token."""

    def __init__(self) -> None:
        super().__init__("InvalidToken", "Invalid Token: 'Invalid token'")


class TaskTimedOut(ApiError):
    """The task with this token has ended, timed out, or its execution has ended."""

    def __init__(self) -> None:
        super().__init__("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")


def quoting(code: str, value: str) -> ApiError:
    """An error whose message is its code in words, and a value.

    Example::

        >>> str(quoting("ExecutionAlreadyExists", "arn:…"))
        "Execution Already Exists: 'arn:…'"
    """
    return ApiError(code, f"{re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', code)}: '{value}'")


def missing(kind: str, arn: str) -> ApiError:
    """A ``StateMachine``, ``Execution`` or ``Activity`` that is not there."""
    return quoting(f"{kind}DoesNotExist", arn)


def invalid(message: str) -> ApiError:
    """A request whose parameters do not go together."""
    return ApiError("ValidationException", message)


def unreferenced() -> ApiError:
    """A version, an alias or a Map Run that is not there."""
    return ApiError("ResourceNotFound", "Request references a resource that does not exist.")


def untyped() -> ApiError:
    """An operation that Express, or Standard, state machines do not have."""
    return ApiError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
