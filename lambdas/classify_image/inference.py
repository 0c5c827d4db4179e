"""Builds the request to the endpoint for an execution, and checks the answer.

Example::

    probabilities(b"[0.92, 0.08]", ["bicycle", "motorcycle"])     # [0.92, 0.08]

Limits: SageMaker API reference, InvokeEndpoint (InferenceId: 64 characters; CustomAttributes: 1,024).
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from botocore.exceptions import EndpointProviderError, ParamValidationError

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
SEND = "send the output of serializeImageData"
CONTENT_TYPES = ("image/png", "image/jpeg")
TOLERANCE = 0.01  # of the sum: the probabilities are 32-bit floats, and some containers print few digits


class InvalidInputError(Exception):
    """The input is not the output of serializeImageData."""


class InvalidInferenceError(Exception):
    """The endpoint's answer is not one probability for each class."""


def opened(event: Any) -> tuple[str | None, Any]:
    """The execution's name and the input. Without an execution, the event is the input, and the name is None."""
    if not (isinstance(event, dict) and {"execution", "input"} <= event.keys()):
        return None, event
    execution = event["execution"]
    if not isinstance(execution, dict) or not isinstance(execution.get("name", ""), str):
        raise InvalidInputError(f"execution is {ascii(execution)[:120]}, not an object with a name")
    return execution.get("name"), event["input"]


def image_data(request: Any) -> bytes | None:
    """The image's bytes. None if they were too large for the state's output. Raises InvalidInputError."""
    names = ("image_url", "s3_bucket", "s3_key", "content_type")
    missing = [name for name in names if not (isinstance(request, dict) and isinstance(request.get(name), str))]
    if missing:
        raise InvalidInputError(f"the input lacks {', '.join(missing)}; {SEND}")
    good = {"s3_bucket": BUCKET.fullmatch(request["s3_bucket"]), "s3_key": is_key(request["s3_key"])}
    good["content_type"] = request["content_type"] in CONTENT_TYPES
    for name in (name for name, is_good in good.items() if not is_good):
        raise InvalidInputError(f"{name} is {ascii(request[name])[:120]}; {SEND}")
    try:
        return None if request.get("image_data") is None else base64.b64decode(request["image_data"], validate=True)
    except (ValueError, TypeError):
        shown = ascii(request["image_data"])[:40]
        raise InvalidInputError(f"image_data is not base64: {shown}; {SEND}") from None


def is_key(key: str) -> bool:
    """Whether text can be an S3 key. JSON can hold halves of characters, which have no bytes."""
    return 1 <= len(key.encode(errors="replace")) <= 1024 and not re.search("[\ud800-\udfff]", key)


def inference_id(name: str) -> str:
    """The execution's name. If SageMaker does not accept the name, its SHA-256 in hexadecimal."""
    if len(name) <= 64 and name.isascii() and name.isprintable():
        return name
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()


def custom_attributes(key: str) -> str:
    """The S3 key, percent-encoded except its slashes. If that is too long, ``sha256=`` and the key's digest.

    An encoded key contains no ``=``.
    """
    encoded = quote(key)
    return encoded if len(encoded) <= 1024 else f"sha256={hashlib.sha256(key.encode()).hexdigest()}"


def probabilities(body: bytes, labels: list[str]) -> list[float]:
    """The answer's probabilities, in the order of the labels.

    Raises:
        InvalidInferenceError: If it is not a JSON list with a number from 0 to 1 for each label, with the sum 1.
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
        raise InvalidInferenceError(f"the endpoint's answer has a value that is not a probability: {shown}")
    if not math.isclose(sum(found), 1, abs_tol=TOLERANCE):
        raise InvalidInferenceError(f"the endpoint's probabilities sum to {sum(found):g}, not 1: {shown}")
    return found


def package_of(variant: str | None, variables: Mapping[str, str]) -> str:
    """The ARN of the model package that a variant serves. The variant Candidate has its own package."""
    candidate = variables.get("CANDIDATE_PACKAGE")
    return candidate if candidate and variant == "Candidate" else variables["MODEL_PACKAGE"]


def version(package: str) -> dict[str, Any]:
    """The version and the ARN of a model package. The ARN has the form …:model-package/GROUP/VERSION."""
    number = package.rpartition("/")[2]
    return {"package_version": int(number) if number.isdecimal() else None, "package_arn": package}


def is_final(error: Exception) -> bool:
    """Whether a retry cannot succeed, from botocore's error.

    A retry may succeed after throttling, a server error, a failure of the model (424, ModelError), and without an
    answer. What botocore refuses to send is the same at every try.
    """
    response = getattr(error, "response", None)
    if response is None:
        return isinstance(error, (ParamValidationError, EndpointProviderError))
    code, status = response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]
    return status < 500 and status not in (424, 429) and "Throttl" not in code and code != "RequestTimeout"
