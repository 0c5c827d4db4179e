"""A function goes on with a layer version that has been deleted, and its layers fit together.

moto: ``awslambda/models.py``, ``LambdaFunction`` keeps the ARNs of its layers only, takes any number of them, and takes
the layers of another account or region for its own.

AWS: Lambda Developer Guide, "Managing Lambda dependencies with layers": "When you delete a layer version, you can no
longer configure functions to use it. However, any function that already uses the version continues to have access to
it." "Lambda quotas": five layers, and 250 MB of unzipped code, all layers included.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction, LayerVersion

from localcloud.lambda_.gaps.code import content_of
from localcloud.lambda_.packages import LARGEST

MOST_LAYERS = 5


def apply() -> None:
    """Replace moto's functions."""
    find, create = LambdaFunction._get_layers_data, LambdaBackend.create_function
    update_code, update = LambdaBackend.update_function_code, LambdaBackend.update_function_configuration

    def _get_layers_data(self: LambdaFunction, arns: list[str]) -> list[Any]:
        self.layer_versions = asked(_backend(self), arns)  # a new list: a published version has the earlier one
        return find(self, arns)

    def create_function(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        _check(content_of(self, spec.get("Code") or {}), asked(self, spec.get("Layers") or []))
        return create(self, spec)

    def update_function_code(self: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]) -> Any:
        _check(content_of(self, body), versions(self.get_function(function_name, qualifier)))
        return update_code(self, function_name, qualifier, body)

    def update_function_configuration(
        self: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]
    ) -> Any:
        if body.get("Layers"):
            layers = asked(self, body["Layers"])
            _check(self.get_function(function_name, qualifier).code_bytes, layers)
        return update(self, function_name, qualifier, body)

    LambdaFunction._get_layers_data = _get_layers_data
    LambdaBackend.create_function = create_function
    LambdaBackend.update_function_code = update_function_code
    LambdaBackend.update_function_configuration = update_function_configuration


def versions(function: LambdaFunction) -> list[LayerVersion]:
    """The layer versions of a function, those that have been deleted too."""
    kept: list[LayerVersion] | None = getattr(function, "layer_versions", None)
    if kept is None:  # it was made by an earlier version of the local cloud
        kept = asked(_backend(function), [layer["Arn"] for layer in function.layers])
    return kept


def asked(backend: LambdaBackend, arns: Sequence[str]) -> list[LayerVersion]:
    """The layer versions of a request.

    Raises:
        InvalidParameterValueException: There are too many, one of them does not exist, or two are of one layer.
    """
    if len(arns) > MOST_LAYERS:
        raise InvalidParameterValueException(f"Cannot reference more than {MOST_LAYERS} layers.")
    known: dict[str, str] = {}
    found = []
    for arn in arns:
        layer, _, _ = arn.rpartition(":")
        if layer in known:
            raise InvalidParameterValueException(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{known[layer]} and {arn}"
            )
        known[layer] = arn
        if arn.split(":")[3:5] != [backend.region_name, backend.account_id]:
            raise InvalidParameterValueException(
                f"the local cloud has the layers of the function's own account and region only: {arn}"
            )
        version = backend.layers_versions_by_arn(arn)
        if version is None:
            raise InvalidParameterValueException(f"Layer version {arn} does not exist.")
        found.append(version)
    return found


def too_large(sizes: Sequence[int]) -> str | None:
    """Why Lambda refuses unzipped packages that are used together. None if it takes them.

    Example::

        >>> too_large([100_000_000, 162_144_000]) is None
        True
        >>> too_large([100_000_000, 162_144_001]).rpartition(". ")[2]
        'The actual size is 262144001 bytes.'
    """
    if (size := sum(sizes)) <= LARGEST:
        return None
    return (
        f"Function code combined with layers exceeds the maximum allowed size of {LARGEST} bytes. "
        f"The actual size is {size} bytes."
    )


def _check(code: bytes | None, layers: Sequence[LayerVersion]) -> None:
    if layers and code and (fault := too_large([unzipped(one) for one in (code, *(one.code_bytes for one in layers))])):
        raise InvalidParameterValueException(fault)


def unzipped(package: bytes) -> int:
    """How many bytes a zip holds. It has been read to its end before."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _backend(function: LambdaFunction) -> LambdaBackend:
    from moto.awslambda.models import lambda_backends

    return lambda_backends[function.account_id][function.region]
