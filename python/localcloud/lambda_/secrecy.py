"""Hides the environment variables of a function with a KMS key from callers without kms:Decrypt.

AWS: "the user must have kms:Decrypt on the key to view the environment variables" (AWS Lambda Developer Guide,
"Securing Lambda environment variables"). Other callers get an Error in their place (API Reference,
EnvironmentResponse).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from localcloud.iam.evaluation import Access, Principal
from localcloud.iam.principals import PRINCIPAL
from localcloud.iam.roles import Roles

if TYPE_CHECKING:
    from moto.awslambda.responses import LambdaResponse

ERROR = {
    "ErrorCode": "AccessDeniedException",
    "Message": "Lambda was unable to decrypt your environment variables because the KMS access was denied. "
    "Please check your KMS permissions.",
}


def install(roles: Roles) -> None:
    """Make GetFunction and GetFunctionConfiguration hide variables that the caller may not decrypt."""
    from moto.awslambda.responses import LambdaResponse

    for name in ("get_function", "get_function_configuration"):
        setattr(LambdaResponse, name, _guarded(getattr(LambdaResponse, name), roles))


def hidden(configuration: dict[str, Any]) -> dict[str, Any]:
    """Replace a configuration's variables by an Error.

    Example::

        >>> found = hidden({"FunctionName": "filter", "Environment": {"Variables": {"TOKEN": "secret"}}})
        >>> found["FunctionName"], found["Environment"]["Error"]["ErrorCode"]
        ('filter', 'AccessDeniedException')
    """
    return {**configuration, "Environment": {"Error": ERROR}}


def _guarded(action: Callable[[LambdaResponse], str], roles: Roles) -> Callable[[LambdaResponse], str]:
    def describe(self: LambdaResponse) -> str:
        answer = action(self)
        found = json.loads(answer)
        configuration = found.get("Configuration", found)
        key = configuration.get("KMSKeyArn")
        if not key or not (configuration.get("Environment") or {}).get("Variables"):
            return answer
        reader: Principal = self.headers.environ[PRINCIPAL]
        if reader.kind == "root" or _may_decrypt(roles, reader, key, configuration["FunctionArn"]):
            return answer
        shown = hidden(configuration)
        return json.dumps({**found, "Configuration": shown} if "Configuration" in found else shown)

    return describe


def _may_decrypt(roles: Roles, reader: Principal, key: str, function_arn: str) -> bool:
    from localcloud.iam.derivation import derive

    region = key.split(":")[3]
    about = {
        "kms:viaservice": (f"lambda.{region}.amazonaws.com",),
        "kms:encryptioncontext:aws:lambda:functionarn": (function_arn,),
    }
    return all(
        roles.judge(Access(one.action, one.resources, {**one.context, **about}).by(reader)).allowed
        for one in derive(roles.registry, {}, "kms", "Decrypt", {"KeyId": key})
    )
