"""What a task answers: shown to a person, or with ``--json`` as one JSON document.

Example::

    >>> from scones.tasks.results.deploying import ApprovalResult
    >>> def approval(context) -> TaskAnswer:
    ...     found = ApprovalResult("dev", ("ada",), False)
    ...     return TaskAnswer(lambda: found, show=lambda: print("ada must approve"))
    >>> answering(approval, ApprovalResult)(None)
    ada must approve
    >>> answering(approval, ApprovalResult)(None, json=True)
    {
      "environment": "dev",
      "reviewers": [
        "ada"
      ],
      "admins_bypass": false
    }

With ``--json``, stdout has the document and nothing else. Progress, questions, warnings and what other programs print
go to stderr. A task that fails before it has a result prints none, and its exit code is the same as without ``--json``.
"""

from __future__ import annotations

import functools
import inspect
import json as jsons
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from invoke.exceptions import Exit

from scones.tasks.terminal import aside

#: The attribute of a task's function with the type of its result.
RESULT = "result"
HELP = "print the result as JSON, and nothing else, to stdout"


def _nothing() -> None:
    """Nothing is left to show."""


@dataclass(frozen=True)
class TaskAnswer:
    """A task's result, and how the task ends.

    Attributes:
        document: Makes the result, an object of the task's type of result. It is called with ``--json`` only.
        show: Prints the result for people. It is not called with ``--json``.
        code: The exit code.
        error: What the task ends with after its result, such as a finding. Its exit code counts.
    """

    document: Callable[[], Any]
    show: Callable[[], None] = _nothing
    code: int = 0
    error: Exception | None = None


def answering(body: Callable[..., TaskAnswer], kind: Any) -> Callable[..., None]:
    """Make a function that returns an :class:`TaskAnswer` one that prints it. It gets the option ``json``.

    Args:
        body: If it has a parameter ``json`` of its own, it gets the value. Others need not know.
        kind: The type of its documents, which the made function keeps in its attribute ``RESULT``.
    """
    signature = inspect.signature(body)
    knows = "json" in signature.parameters

    @functools.wraps(body)
    def run(*args: Any, json: bool = False, **kwargs: Any) -> None:
        own = {"json": json} if knows else {}
        if json:
            with aside():
                answer = body(*args, **kwargs, **own)
                document = text(answer.document())
            print(document)
        else:
            answer = body(*args, **kwargs, **own)
            answer.show()
        if answer.error is not None:
            raise answer.error
        if answer.code:
            raise Exit(code=answer.code)

    setattr(run, RESULT, kind)
    if not knows:
        option = inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False)
        shown = signature.replace(parameters=[*signature.parameters.values(), option])
        run.__signature__ = shown  # type: ignore[attr-defined] # invoke makes the options from it
    return run


def text(document: Any) -> str:
    """A result as JSON, in ASCII, so that any terminal and any pipe takes it."""
    return jsons.dumps(asdict(document) if is_dataclass(document) else document, indent=2, allow_nan=False)  # type: ignore[arg-type]
