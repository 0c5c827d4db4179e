"""ValidateStateMachineDefinition, and the check of a definition before it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from localcloud.stepfunctions.api.errors import ApiError
from localcloud.stepfunctions.api.wire import Answer, Sender
from localcloud.stepfunctions.language.findings import Finding, InvalidDefinition

#: "The default value of maxResults is 100."
MOST_FINDINGS = 100


class Compiled(Protocol):
    """A definition that was compiled."""

    @property
    def warnings(self) -> Sequence[Finding]:
        """What is odd about it, but allowed."""

    @property
    def references(self) -> Mapping[str, Sequence[str]]:
        """The variables that each state reads, by the state's name."""


class Compile(Protocol):
    """Compiles a definition. :func:`localcloud.stepfunctions.language.compiler.compile_definition` is one."""

    def __call__(self, text: str, *, express: bool) -> Compiled:
        """Raises:
        InvalidDefinition: The definition has errors.
        """


def accepted(compile_definition: Compile, text: str, kind: str) -> Compiled:
    """A definition, compiled.

    Args:
        kind: ``STANDARD`` or ``EXPRESS``.

    Raises:
        ApiError: InvalidDefinition.
    """
    try:
        return compile_definition(text, express=kind == "EXPRESS")
    except InvalidDefinition as error:
        raise ApiError("InvalidDefinition", str(error)) from None


class DefinitionOperations:
    """The operation that checks a definition and keeps nothing."""

    def __init__(self, compile_definition: Compile) -> None:
        self._compile = compile_definition

    def validate(self, sender: Sender, given: dict[str, Any]) -> Answer:
        """ValidateStateMachineDefinition."""
        try:
            found = list(self._compile(given["definition"], express=given.get("type") == "EXPRESS").warnings)
        except InvalidDefinition as error:
            found = error.findings
        failed = any(one.severity == "ERROR" for one in found)
        shown = [one for one in found if one.severity == "ERROR" or given.get("severity") == "WARNING"]
        most = given.get("maxResults") or MOST_FINDINGS
        return {
            "result": "FAIL" if failed else "OK",
            "diagnostics": [
                {"severity": one.severity, "code": one.code, "message": one.message, "location": one.location}
                for one in shown[:most]
            ],
            "truncated": len(shown) > most,
        }
