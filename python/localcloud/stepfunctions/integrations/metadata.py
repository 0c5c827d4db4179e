"""SdkHttpMetadata and SdkResponseMetadata: what an optimized integration adds to a service's answer.

The headers are those of AWS's answers (its recorded histories), not those of the local cloud's server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.http.dates import current_date
from localcloud.stepfunctions.integrations.shapes import text_of
from localcloud.stepfunctions.language.scope import Json

# SNS answers with XML on lines of its own. These are the bytes of an answer, and of a FIFO topic's SequenceNumber.
SNS_BYTES, SEQUENCE_BYTES = 294, 58


def with_metadata(output: dict[str, Json], headers: Mapping[str, str], request_id: str) -> dict[str, Json]:
    """An answer with its metadata.

    Example::

        >>> with_metadata({"A": 1}, {"Content-Length": "2"}, "1")
        {'A': 1,
         'SdkHttpMetadata': {'AllHttpHeaders': {'Content-Length': ['2']}, 'HttpHeaders': {'Content-Length': '2'},
                             'HttpStatusCode': 200},
         'SdkResponseMetadata': {'RequestId': '1'}}
    """
    http = {
        "AllHttpHeaders": {name: [value] for name, value in headers.items()},
        "HttpHeaders": dict(sorted(headers.items(), key=lambda header: header[0].lower())),
        "HttpStatusCode": 200,
    }
    whole = {**output, "SdkHttpMetadata": http, "SdkResponseMetadata": {"RequestId": request_id}}
    return dict(sorted(whole.items()))


def service_headers(service: str, given: Mapping[str, Any], request_id: str) -> dict[str, str]:
    """The headers of an answer of SQS, SNS, Step Functions or SageMaker.

    Args:
        service: The service in the Resource.
        given: The service's answer by the API's names.
        request_id: The request's id.

    Example::

        >>> answered = {"MD5OfMessageBody": "0" * 32, "MessageId": "0" * 36}
        >>> service_headers("sqs", answered, "1")["Content-Length"]
        '106'
    """
    if service == "sns":
        length, kind = SNS_BYTES + SEQUENCE_BYTES * ("SequenceNumber" in given), "text/xml"
    else:
        length, kind = len(text_of(_numbers(given)).encode()), "application/x-amz-json-1.0"
    if service == "sagemaker":
        kind = "application/x-amz-json-1.1"
    return {
        "x-amzn-RequestId": request_id,
        "connection": "keep-alive",
        "Content-Length": str(length),
        "Date": current_date(),
        "Content-Type": kind,
    }


def _numbers(given: Mapping[str, Any]) -> dict[str, Json]:
    """An answer's members as JSON has them. AWS writes a moment as ``1.762421315123E9``: 16 characters."""
    written = {name: value for name, value in given.items() if name != "ResponseMetadata"}
    for name, value in written.items():
        if hasattr(value, "timestamp"):
            written[name] = round(value.timestamp() * 1000) * 1000
    return written


def function_headers(
    request_id: str, version: str | None, payload: bytes, trace: str, log_result: str | None
) -> dict[str, str]:
    """The headers of Lambda's Invoke."""
    return {
        **({"X-Amz-Log-Result": log_result} if log_result else {}),
        **({"X-Amz-Executed-Version": version} if version else {}),
        "x-amzn-Remapped-Content-Length": "0",
        "Connection": "keep-alive",
        "x-amzn-RequestId": request_id,
        "Content-Length": str(len(payload)),
        "Date": current_date(),
        "X-Amzn-Trace-Id": trace,
        "Content-Type": "application/json",
    }
