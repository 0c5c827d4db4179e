"""What the check of a definition finds."""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"
NO_END = "MISSING_END_STATE"
JSON = "INVALID_JSON_DESCRIPTION"
JSONATA = "UNSUPPORTED_JSONATA_EXPRESSION"
LABEL = "INVALID_LABEL"


@dataclass(frozen=True)
class Finding:
    """One finding, as ValidateStateMachineDefinition answers it.

    Attributes:
        code: The kind of finding, such as ``SCHEMA_VALIDATION_FAILED``.
        message: What is wrong.
        location: Where: ``/States/A/Next``. None: nowhere in particular.
        severity: ``ERROR`` or ``WARNING``. A definition with a warning is accepted.
    """

    code: str
    message: str
    location: str | None = None
    severity: str = "ERROR"

    def __str__(self) -> str:
        at = f" at {self.location}" if self.location and self.code != JSON else ""
        return f"{self.code}: {self.message}{at}"


class InvalidDefinition(Exception):
    """A definition has errors.

    Attributes:
        findings: All of them, warnings too.
        words: What is said instead of the errors. None: the errors.

    Example::

        >>> str(InvalidDefinition([Finding(SCHEMA, "These fields are required: [States]", "/")]))
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'"
    """

    def __init__(self, findings: list[Finding], words: str | None = None) -> None:
        super().__init__(findings)
        self.findings = findings
        self.words = words

    def __str__(self) -> str:
        if self.words is not None:
            return self.words
        errors = [str(found) for found in self.findings if found.severity == "ERROR"]
        return f"Invalid State Machine Definition: '{', '.join(errors)}'"
