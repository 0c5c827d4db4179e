"""Reads the service and the operation from the headers of a request, before the request is parsed.

Example::

    >>> signed = {"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=local/20260102/eu-west-1/sagemaker/aws4_request"}
    >>> scope(signed)
    ('eu-west-1', 'sagemaker')
    >>> asked(signed | {"HTTP_X_AMZ_TARGET": "SageMaker.CreateModel"})
    'sagemaker CreateModel'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

#: The operations that change nothing, by how their names begin.
_READS = re.compile(
    "Batch(Check|Describe|Get)|Check|Decode|Decrypt|Describe|Filter|Get|Head|List|Lookup|Query|Scan|Search|"
    "Select|Simulate|Test|Validate|Verify"
)


def reads(operation: str) -> bool:
    """Whether an operation only reads, by its name.

    Example::

        >>> reads("DescribeEndpoint"), reads("CreateEndpoint")
        (True, False)
    """
    return _READS.match(operation) is not None


def scope(environ: Mapping[str, Any]) -> tuple[str, str] | None:
    """The region and the service in the credential scope of the signature; None if the request is not signed.

    The scope is in the Authorization header or in the query.
    """
    return _scope(environ.get("HTTP_AUTHORIZATION", ""), environ.get("QUERY_STRING", ""))


@lru_cache(maxsize=256)  # one request is asked several times
def _scope(authorization: str, query: str) -> tuple[str, str] | None:
    signed = f"{authorization} {query}".replace("%2F", "/")
    if found := re.search(r"Credential=[^/]*/\d+/([^/]+)/([^/]+)/", signed):
        return found[1], found[2]
    # Version 2 has no scope; only S3 takes it here.
    return ("us-east-1", "s3") if "AWSAccessKeyId=" in signed else None


def asked(environ: Mapping[str, Any]) -> str:
    """A short text for what a request asks for.

    It is ``sagemaker CreateModel`` if a header names the action, else ``s3 PUT /bucket/key``.
    """
    _, service = scope(environ) or ("", "-")
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return f"{service} {target}" if target else f"{service} {environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
