"""A function keeps its logging, dead letter and file system configuration, and every update of its configuration.

moto: ``awslambda/models.py``, ``LambdaFunction.get_configuration`` leaves out LoggingConfig, DeadLetterConfig and
FileSystemConfigs. ``update_configuration`` ignores these fields and TracingConfig, EphemeralStorage and KMSKeyArn.

AWS: GetFunctionConfiguration returns all fields. LoggingConfig defaults to Text and ``/aws/lambda/NAME``. With the JSON
format both log levels default to INFO, and only with it they may be set (AWS Lambda API Reference, LoggingConfig). A
DeadLetterConfig with an empty TargetArn removes the dead-letter queue. A published version keeps what it had when it
was published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaFunction

KEPT = ("DeadLetterConfig", "LoggingConfig", "FileSystemConfigs")
LEVELS = ("ApplicationLogLevel", "SystemLogLevel")
LEVEL_OF_TEXT = (
    'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the '
    'LogFormat to "JSON" and try again.'
)


def apply() -> None:
    """Replace moto's functions."""
    make, describe, update = (
        LambdaFunction.__init__,
        LambdaFunction.get_configuration,
        LambdaFunction.update_configuration,
    )

    def __init__(self: LambdaFunction, account_id: str, spec: dict[str, Any], region: str, version: int = 1) -> None:
        _check_levels(spec.get("LoggingConfig") or {})
        make(self, account_id, spec, region, version)
        self.kept = _given(spec)
        self.logs_group_name = logging_config(self)["LogGroup"]

    def get_configuration(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
        return {**describe(self, on_create), **self.kept, "LoggingConfig": logging_config(self)}

    def update_configuration(self: LambdaFunction, config_updates: dict[str, Any]) -> dict[str, Any]:
        _check_levels(config_updates.get("LoggingConfig") or {})
        # A new dictionary, because a published version has the earlier one.
        self.kept = _given(self.kept | {name: config_updates[name] for name in KEPT if name in config_updates})
        self.logs_group_name = logging_config(self)["LogGroup"]
        self.tracing_config = config_updates.get("TracingConfig", self.tracing_config)
        self.kms_key_arn = config_updates.get("KMSKeyArn", self.kms_key_arn)
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        return update(self, config_updates)

    LambdaFunction.__init__ = __init__
    LambdaFunction.get_configuration = get_configuration
    LambdaFunction.update_configuration = update_configuration


def _check_levels(logging: Mapping[str, str]) -> None:
    if logging.get("LogFormat", "Text") == "Text" and any(logging.get(name) for name in LEVELS):
        raise InvalidParameterValueException(LEVEL_OF_TEXT)


def _given(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are kept, without those that are empty."""
    found = {name: configuration[name] for name in KEPT if configuration.get(name)}
    if not (found.get("DeadLetterConfig") or {}).get("TargetArn"):
        found.pop("DeadLetterConfig", None)
    return found


def logging_config(function: LambdaFunction) -> dict[str, str]:
    """The function's LoggingConfig with AWS's defaults.

    Example::

        >>> from types import SimpleNamespace
        >>> logging_config(SimpleNamespace(function_name="filter", kept={}))
        {'LogFormat': 'Text', 'LogGroup': '/aws/lambda/filter'}
    """
    given = function.kept.get("LoggingConfig") or {}
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if given.get("LogFormat") == "JSON" else {}
    return {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}", **levels, **given}
