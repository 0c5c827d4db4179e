"""What the endpoint is asked for an execution, and what its answer must be.

Example::

    probabilities(b"[0.92, 0.08]", ["bicycle", "motorcycle"])     # [0.92, 0.08]

Limits and errors: SageMaker API reference, InvokeEndpoint (InferenceId: 64 characters; CustomAttributes: 1,024).
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

TOLERANCE = 0.01  # of the probabilities' sum: they are 32-bit floats, printed with few digits by some containers


class InvalidInputError(Exception):
    """The input is not what serializeImageData gives."""


class InvalidInferenceError(Exception):
    """The endpoint's answer is not one probability for each class."""


def image_data(request: Any) -> bytes | None:
    """The image's bytes; None where the state could not carry them. Raises InvalidInputError."""
    names = ("image_url", "s3_bucket", "s3_key", "content_type")
    missing = [name for name in names if not (isinstance(request, dict) and isinstance(request.get(name), str))]
    if missing:
        raise InvalidInputError(f"the input lacks {', '.join(missing)}; give what serializeImageData gives")
    try:
        return None if request.get("image_data") is None else base64.b64decode(request["image_data"], validate=True)
    except (ValueError, TypeError):
        raise InvalidInputError("image_data is not base64") from None


def inference_id(name: str) -> str:
    """The execution's name; the hexadecimal SHA-256 of it where SageMaker would not take the name itself."""
    if len(name) <= 64 and name.isascii() and name.isprintable():
        return name
    return hashlib.sha256(name.encode()).hexdigest()


def custom_attributes(key: str) -> str:
    """The S3 key, percent-encoded but for its slashes; ``sha256=`` and the key's digest where that is too long.

    An encoded key holds no ``=``, so that the two forms cannot be mistaken for each other.
    """
    encoded = quote(key)
    return encoded if len(encoded) <= 1024 else f"sha256={hashlib.sha256(key.encode()).hexdigest()}"


def probabilities(body: bytes, labels: list[str]) -> list[float]:
    """The answer's probabilities, in the order of the labels.

    Raises:
        InvalidInferenceError: it is not a JSON list of as many numbers from 0 to 1 as there are labels, summing to 1.
    """
    shown = ascii(body[:120])
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInferenceError(f"the endpoint's answer is not JSON: {shown}") from None
    if not isinstance(found, list) or len(found) != len(labels):
        raise InvalidInferenceError(f"the endpoint's answer is not a list of {len(labels)} probabilities: {shown}")
    # A bool is an int in Python; every comparison with NaN is False.
    if any(type(p) not in (int, float) or not 0 <= p <= 1 for p in found):
        raise InvalidInferenceError(f"the endpoint's answer holds what is no probability: {shown}")
    if not math.isclose(sum(found), 1, abs_tol=TOLERANCE):
        raise InvalidInferenceError(f"the endpoint's probabilities sum to {sum(found):g}, not 1: {shown}")
    return found


def package_of(variant: str | None, variables: Mapping[str, str]) -> str:
    """The model package behind a variant: a candidate that is compared with the pinned model has one of its own."""
    candidate = variables.get("CANDIDATE_PACKAGE")
    return candidate if candidate and variant == "Candidate" else variables["MODEL_PACKAGE"]


def version(package: str) -> dict[str, Any]:
    """What a model package's ARN (…:model-package/GROUP/VERSION) says of the model."""
    number = package.rpartition("/")[2]
    return {"package_version": int(number) if number.isdecimal() else None, "package_arn": package}


def is_final(response: dict[str, Any] | None) -> bool:
    """Whether trying again cannot help, from AWS's answer (None: there was none, the connection broke).

    What can pass: throttling, server errors, and a model that failed (424, ModelError).
    """
    if response is None:
        return False
    code, status = response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]
    return status < 500 and status not in (424, 429) and "Throttl" not in code and code != "RequestTimeout"
