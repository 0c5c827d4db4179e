"""Code that cannot be unpacked is refused when it is uploaded, and changes nothing. It may be an object's version.

moto: ``awslambda/models.py``, ``LambdaFunction`` and ``LayerVersion`` take any bytes as code. A missing object in S3
ends as a ValueError. S3ObjectVersion is ignored, and so are the Architectures of ``update_function_code``.

AWS: CreateFunction, UpdateFunctionCode and PublishLayerVersion answer InvalidParameterValueException (AWS Lambda API
Reference; Troubleshooting, "Could not unzip uploaded file").
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend
from moto.s3.exceptions import MissingBucket, MissingKey
from moto.s3.models import s3_backends

from localcloud.lambda_.packages import BadPackage, check


def apply() -> None:
    """Replace moto's functions."""
    create, update, publish = (
        LambdaBackend.create_function,
        LambdaBackend.update_function_code,
        LambdaBackend.publish_layer_version,
    )

    def create_function(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        return create(self, {**spec, "Code": _checked(self, spec.get("Code") or {})})

    def update_function_code(self: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]) -> Any:
        function = self.get_function(function_name, qualifier)  # a missing function is refused first
        body = _checked(self, body)
        if body.get("Architectures") and not body.get("DryRun"):
            function.architectures = body["Architectures"]
        return update(self, function_name, qualifier, body)

    def publish_layer_version(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        return publish(self, {**spec, "Content": _checked(self, spec.get("Content") or {})})

    LambdaBackend.create_function = create_function
    LambdaBackend.update_function_code = update_function_code
    LambdaBackend.publish_layer_version = publish_layer_version


def _checked(backend: LambdaBackend, code: Mapping[str, Any]) -> dict[str, Any]:
    """A request's code, for moto. The version of an object becomes a zip file.

    Raises:
        InvalidParameterValueException: There is no such object, or it cannot be unpacked.
    """
    try:
        content = content_of(backend, code)
        if content is not None:
            check(content)
    except (BadPackage, binascii.Error) as error:
        reason = f": {error}" if str(error) else ""
        raise InvalidParameterValueException(
            f"Could not unzip uploaded file. Please check your file, then try to upload again{reason}."
        ) from None
    if content is None or not code.get("S3ObjectVersion"):
        return dict(code)
    elsewhere = ("S3Bucket", "S3Key", "S3ObjectVersion")
    return {name: value for name, value in code.items() if name not in elsewhere} | {
        "ZipFile": base64.b64encode(content).decode()
    }


def content_of(backend: LambdaBackend, code: Mapping[str, Any]) -> bytes | None:
    """The bytes of the zip. None for an image."""
    if "ZipFile" in code:
        return base64.b64decode(code["ZipFile"])
    if "S3Bucket" not in code or "S3Key" not in code:
        return None
    try:
        found = s3_backends[backend.account_id][backend.partition].get_object(
            code["S3Bucket"], code["S3Key"], version_id=code.get("S3ObjectVersion")
        )
    except MissingBucket:
        raise _not_in_s3("NoSuchBucket", "The specified bucket does not exist") from None
    except MissingKey:
        found = None
    if found is None:
        raise _not_in_s3("NoSuchKey", "The specified key does not exist.")
    return bytes(found.value)


def _not_in_s3(code: str, message: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    )
