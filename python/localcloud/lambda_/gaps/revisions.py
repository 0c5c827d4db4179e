"""LastModified has milliseconds, and moves with every change of a function's code or configuration; so does RevisionId.

moto: ``awslambda/models.py``, ``LambdaFunction`` answers the time of its creation with nanoseconds, whatever changes
later, and no RevisionId.

AWS: "The date and time that the function was last updated, in ISO-8601 format (YYYY-MM-DDThh:mm:ss.sTZD)" and
"RevisionId: The latest updated revision of the function or alias" (AWS Lambda API Reference, FunctionConfiguration). A
dry run changes nothing (UpdateFunctionCode).
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.core.utils import utcnow

SPACE = uuid.UUID("b6a1f1a6-3d0a-4f0e-9a53-5f8d7d9a0c11")


def apply() -> None:
    """Replace moto's functions."""
    describe, update_code, update_configuration, set_version = (
        LambdaFunction.get_configuration,
        LambdaFunction.update_function_code,
        LambdaFunction.update_configuration,
        LambdaFunction.set_version,
    )
    make = LambdaFunction.__init__

    def __init__(self: LambdaFunction, *given: Any, **named: Any) -> None:
        make(self, *given, **named)
        self.last_modified = stamp(utcnow())

    def get_configuration(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
        revision = uuid.uuid5(SPACE, f"{self.function_arn} {self.last_modified} {self.code_sha_256}")
        return {**describe(self, on_create), "RevisionId": str(revision)}

    def update_function_code(self: LambdaFunction, updated_spec: dict[str, Any]) -> dict[str, Any]:
        if not updated_spec.get("DryRun"):
            self.last_modified = stamp(utcnow())
        return update_code(self, updated_spec)

    def update(self: LambdaFunction, config_updates: dict[str, Any]) -> dict[str, Any]:
        self.last_modified = stamp(utcnow())
        return update_configuration(self, config_updates)

    def set_published_version(self: LambdaFunction, version: int) -> None:
        set_version(self, version)
        self.last_modified = stamp(utcnow())

    LambdaFunction.__init__ = __init__
    LambdaFunction.get_configuration = get_configuration
    LambdaFunction.update_function_code = update_function_code
    LambdaFunction.update_configuration = update
    LambdaFunction.set_version = set_published_version


def stamp(moment: datetime) -> str:
    """A moment in UTC as Lambda writes it.

    Example::

        >>> stamp(datetime(2026, 1, 28, 12, 9, 35, 310041))
        '2026-01-28T12:09:35.310+0000'
    """
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
