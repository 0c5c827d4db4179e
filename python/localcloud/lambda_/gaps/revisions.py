"""A function and each of its versions have a RevisionId, and a request can say which revision or code it means.

moto: ``awslambda/models.py``, ``LambdaFunction.get_configuration`` has no RevisionId, and ``awslambda/responses.py``
ignores RevisionId and PublishVersion's CodeSha256.

AWS: Lambda API Reference, UpdateFunctionCode, UpdateFunctionConfiguration and PublishVersion. Another RevisionId than
the latest is a PreconditionFailedException; another CodeSha256 an InvalidParameterValueException.
"""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import InvalidParameterValueException, PreconditionFailedException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

STALE = (
    "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the "
    "latest Revision Id"
)
#: What says how a function is described, and nothing of the function.
PASSING = ("LastUpdateStatus",)


def apply() -> None:
    """Replace moto's functions."""
    describe = LambdaFunction.get_configuration

    def get_configuration(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
        found = describe(self, on_create)
        return {**found, "RevisionId": revision(found)}

    LambdaFunction.get_configuration = get_configuration
    for name in ("update_function_code", "update_function_configuration", "publish_version"):
        setattr(LambdaResponse, name, _checked(getattr(LambdaResponse, name)))


def revision(configuration: dict[str, Any]) -> str:
    """The RevisionId of a configuration. It changes with the function's code and configuration.

    Example::

        >>> one, other = revision({"Timeout": 3}), revision({"Timeout": 4})
        >>> one == revision({"Timeout": 3, "LastUpdateStatus": "Successful"}), one == other
        (True, False)
    """
    lasting = {name: value for name, value in configuration.items() if name not in PASSING}
    return str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(lasting, sort_keys=True, default=str)))


def _checked(action: Any) -> Any:
    def checked(self: LambdaResponse) -> Any:
        wanted, code = self._get_param("RevisionId"), self._get_param("CodeSha256")
        if wanted or code:
            function = self.backend.get_function(unquote(self.path.rsplit("/", 2)[-2]), None)
            if wanted and wanted != function.get_configuration()["RevisionId"]:
                raise PreconditionFailedException(STALE)
            if code and code != function.code_sha_256:
                raise InvalidParameterValueException(
                    f"CodeSHA256 ({code}) is different from current CodeSHA256 in $LATEST ({function.code_sha_256}). "
                    "Please try again with the CodeSHA256 in $LATEST."
                )
        return action(self)

    return checked
